"""Tests of the stand-off files: the text left behind, and put back exactly."""

import csv
import hashlib
import json
import re
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from click.testing import Result
from typer.testing import CliRunner

from tests.conftest import ROOT
from training.standoff import app, read_standoff
from zhinvest.documents import CorpusError, read_documents, text_hash
from zhinvest.labels import LABELS
from zhinvest.normalise import HAN

WHOLE = "【要闻】\n青川重工在太原投资3亿元，\u3000建设 电池厂。\n\n责编：某人"
FLASH = "长河新能源（Changhe）中标20GWh储能项目，年产5万套。"
REPORT = "各位代表：\n\u3000晋中市的三晋钢厂完成技改，投资两千万元。\n完"
REPORT_LINE = REPORT.split("\n")[1]
FEED = f"<p>{FLASH}&nbsp;</p>"


def annotated(
    name: str, src: str, whole: str, text: str, ents: dict[str, str], **more: Any
) -> dict[str, Any]:
    """Return a row as it is annotated: the slice `text` of the source `whole`, with its spans."""
    start = whole.index(text)
    spans = [[text.index(s), text.index(s) + len(s), label] for s, label in ents.items()]
    slice_ = {"start": start, "end": start + len(text), "text": text, "ents": sorted(spans)}
    about = {"id": name, "src": src, "date": "2026-01-02", "kind": "flash"}
    return about | {"sha256": text_hash(whole)} | slice_ | more


ROWS = [
    annotated(
        "a",
        "eb:a1.jsp",
        WHOLE,
        "青川重工在太原投资3亿元，\u3000建设 电池厂。",
        {"青川重工": "ORG", "太原": "PLACE", "3亿元": "MONEY"},
    ),
    annotated(
        "b",
        "cls:data/day.jsonl#7",
        FLASH,
        FLASH,
        {"长河新能源（Changhe）": "ORG", "20GWh": "CAPACITY", "5万套": "CAPACITY"},
    ),
    annotated(
        "c",
        "gov:2026_某省.csv#1",
        REPORT_LINE,
        REPORT_LINE.strip(),
        {"晋中市": "PLACE", "三晋钢厂": "ORG", "两千万元": "MONEY"},
    ),
    annotated("d", "fincuge:problem_list.json#0", WHOLE, "责编：某人", {}),
]


def write_jsonl(path: Path, rows: list[Any]) -> Path:
    lines = (json.dumps(row, ensure_ascii=False) + "\n" for row in rows)
    return write(path, "".join(lines))


def write(path: Path, text: str) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(text.encode("utf-8"))
    return path


def standoff(*arguments: str | Path) -> Result:
    return CliRunner().invoke(app, [str(argument) for argument in arguments])


@pytest.fixture
def web(tmp_path: Path) -> Path:
    """The stand-off file of ROWS."""
    source = write_jsonl(tmp_path / "annotated" / "news.jsonl", ROWS)
    path = tmp_path / "web.jsonl"
    result = standoff("write", source, "--output", path)
    assert result.exit_code == 0, result.output
    return path


def restore(web: Path, *options: str | Path) -> Result:
    return standoff("restore", web, *options, "--output", web.parent / "restored.jsonl")


def assert_restored(web: Path, result: Result) -> None:
    assert result.exit_code == 0, result.output
    documents = read_documents(web.parent / "restored.jsonl")
    assert [d.id for d in documents] == [row["id"] for row in ROWS]
    assert [d.text for d in documents] == [row["text"] for row in ROWS]
    assert [[list(ent) for ent in d.ents] for d in documents] == [row["ents"] for row in ROWS]
    assert [d.meta for d in documents] == [
        {key: row[key] for key in ("src", "date", "kind")} for row in ROWS
    ]


# --- write ---------------------------------------------------------------------------------------


def test_no_text_ends_up_in_the_file(web: Path) -> None:
    content = web.read_text(encoding="utf-8")
    assert '"text"' not in content
    han = set(re.findall(HAN, content))
    assert han == set("某省")  # of the address of a source


def test_write_records_address_slice_and_both_hashes(web: Path) -> None:
    first = read_standoff(web)[0]
    assert (first.id, first.src) == ("a", "eb:a1.jsp")
    assert (first.date, first.kind) == ("2026-01-02", "flash")
    assert first.source_sha256 == hashlib.sha256(WHOLE.encode()).hexdigest()
    assert first.sha256 == hashlib.sha256(WHOLE[first.start : first.end].encode()).hexdigest()
    assert first.ents == ROWS[0]["ents"]


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"ents": [[0, 2, "LOC"]]}, "unknown label 'LOC'"),
        ({"ents": [[0, 99, "ORG"]]}, "offsets outside the text"),
        ({"end": 99}, "for the slice"),
        ({"start": 0}, "for the slice"),
        ({"src": None}, "no 'src'"),
        ({"date": None}, "no 'date'"),
        ({"sha256": None}, "no 'sha256'"),
    ],
)
def test_write_names_a_faulty_row_and_writes_nothing(
    tmp_path: Path, change: dict[str, Any], reason: str
) -> None:
    row = {key: value for key, value in (ROWS[0] | change).items() if value is not None}
    source = write_jsonl(tmp_path / "news.jsonl", [ROWS[1], row])
    result = standoff("write", source, "--output", tmp_path / "web.jsonl")
    assert isinstance(result.exception, CorpusError)
    assert reason in str(result.exception)
    assert f"{source}:2: " in str(result.exception)
    assert not (tmp_path / "web.jsonl").exists()


# --- restore -------------------------------------------------------------------------------------


def test_restore_from_whole_texts(web: Path, tmp_path: Path) -> None:
    for name, whole in (("one", WHOLE), ("deep/two", FLASH), ("three", REPORT_LINE)):
        write(tmp_path / "texts" / f"{name}.txt", whole)
    assert_restored(web, restore(web, "--texts", tmp_path / "texts"))


def test_restore_from_rows_with_whole_texts(web: Path, tmp_path: Path) -> None:
    rows = [{"text": whole} for whole in (WHOLE, FLASH, REPORT_LINE, "别的")]
    write_jsonl(tmp_path / "texts" / "unlabelled.jsonl", [*rows, {"title": "无文"}, ["列表"]])
    assert_restored(web, restore(web, "--texts", tmp_path / "texts"))


def test_restore_from_rows_with_slices(web: Path, tmp_path: Path) -> None:
    write_jsonl(tmp_path / "texts" / "news.jsonl", [{"text": row["text"]} for row in ROWS])
    assert_restored(web, restore(web, "--texts", tmp_path / "texts"))


def write_sources(root: Path) -> Path:
    """Write a made-up checkout of each source that ROWS names."""
    page = f"<span>发布人：-</span>\n<p>{WHOLE.replace(chr(10), '<br>')}</p>\n"
    write(root / "eb/webapp/view/staticpags/sq/a1.jsp", page)
    write_jsonl(root / "cls/data/day.jsonl", [{"id": 7, "content": FEED}])
    report = root / "gov/output/2026_raw_text/2026_某省.csv"
    report.parent.mkdir(parents=True)
    with report.open("w", encoding="utf-8-sig", newline="") as lines:
        csv.writer(lines).writerows([["full_text"], [REPORT]])
    for task, text in (("finna", "另一任务的文"), ("finqa", WHOLE)):
        records = [{"id": 1, "input": text}]
        folder = root / "fincuge/FinCUGE_Publish" / task
        write(folder / "problem_list.json", json.dumps(records))
    return root


def test_restore_from_checkouts(tmp_path: Path) -> None:
    shown = "【要闻】\n青川重工在太原投资3亿元， 建设 电池厂。\n责编：某人"
    text = "青川重工在太原投资3亿元， 建设 电池厂。"
    ents = {"青川重工": "ORG", "太原": "PLACE", "3亿元": "MONEY"}
    rows = [annotated("a", "eb:a1.jsp", shown, text, ents), *ROWS[1:]]
    source = write_jsonl(tmp_path / "news.jsonl", rows)
    web, output = tmp_path / "web.jsonl", tmp_path / "restored.jsonl"
    assert standoff("write", source, "--output", web).exit_code == 0
    roots = ("--sources", write_sources(tmp_path / "sources"))
    result = standoff("restore", web, *roots, "--output", output)
    assert result.exit_code == 0, result.output
    documents = read_documents(output)
    assert [d.text for d in documents] == [row["text"] for row in rows]
    assert [[list(ent) for ent in d.ents] for d in documents] == [row["ents"] for row in rows]


def test_restore_takes_from_texts_first_and_then_from_sources(web: Path, tmp_path: Path) -> None:
    write(tmp_path / "texts" / "a.txt", WHOLE)
    sources = write_sources(tmp_path / "sources")
    assert restore(web, "--texts", tmp_path / "texts").exit_code == 1
    assert restore(web, "--sources", sources).exit_code == 1
    assert_restored(web, restore(web, "--texts", tmp_path / "texts", "--sources", sources))


def test_a_missing_text_stops_the_restoration(web: Path, tmp_path: Path) -> None:
    write(tmp_path / "texts" / "a.txt", WHOLE)
    result = restore(web, "--texts", tmp_path / "texts")
    assert result.exit_code == 1
    assert "2 of 4 texts not found" in result.output
    assert "b (cls:data/day.jsonl#7)" in result.output
    assert "c (gov:2026_某省.csv#1)" in result.output
    assert "a (" not in result.output
    assert not (tmp_path / "restored.jsonl").exists()


@pytest.mark.parametrize(
    "changed",
    [
        pytest.param(WHOLE.replace("3亿元", "4亿元"), id="another figure"),
        pytest.param(WHOLE + "\n", id="a line end added"),
        pytest.param(WHOLE.replace("\u3000", " "), id="another blank"),
        pytest.param(WHOLE.replace("\n", "\r\n"), id="other line ends"),
    ],
)
def test_a_text_that_differs_from_its_hash_is_not_taken(
    web: Path, tmp_path: Path, changed: str
) -> None:
    write(tmp_path / "texts" / "a.txt", changed)
    write(tmp_path / "texts" / "b.txt", FLASH)
    write(tmp_path / "texts" / "c.txt", REPORT_LINE)
    result = restore(web, "--texts", tmp_path / "texts")
    assert result.exit_code == 1
    assert "2 of 4 texts not found in " in result.output
    assert ": a (eb:a1.jsp), d (" in result.output


def test_a_source_that_has_changed_is_not_taken(web: Path, tmp_path: Path) -> None:
    sources = write_sources(tmp_path / "sources")
    write_jsonl(sources / "cls/data/day.jsonl", [{"id": 7, "content": FLASH + "（更新）"}])
    result = restore(web, "--sources", sources)
    assert result.exit_code == 1
    assert "b (cls:data/day.jsonl#7)" in result.output


def test_a_slice_that_differs_from_its_hash_is_not_taken(web: Path, tmp_path: Path) -> None:
    rows = [json.loads(line) for line in web.read_text(encoding="utf-8").splitlines()]
    rows[0]["start"] += 1
    write_jsonl(web, rows)
    write(tmp_path / "texts" / "a.txt", WHOLE)
    result = restore(web, "--texts", tmp_path / "texts")
    assert "a (eb:a1.jsp)" in result.output


def test_one_of_the_two_folders_may_be_absent(web: Path, tmp_path: Path) -> None:
    texts, nowhere = tmp_path / "texts", tmp_path / "nowhere"
    for name, whole in (("a", WHOLE), ("b", FLASH), ("c", REPORT_LINE)):
        write(texts / f"{name}.txt", whole)
    result = restore(web, "--texts", texts, "--sources", nowhere)
    assert_restored(web, result)
    assert result.stderr == f"no such folder: {nowhere}\n"
    result = restore(web, "--texts", nowhere, "--sources", write_sources(tmp_path / "sources"))
    assert result.exit_code == 1
    assert f"no such folder: {nowhere}\n" in result.stderr
    assert f"texts not found in {tmp_path / 'sources'}: a (" in result.stderr


def test_a_missing_text_is_reported_with_the_folders_looked_through(
    web: Path, tmp_path: Path
) -> None:
    texts, sources = tmp_path / "texts", tmp_path / "sources"
    for folder in (texts, sources):
        folder.mkdir()
    result = restore(web, "--texts", texts, "--sources", sources)
    assert result.exit_code == 1
    assert f"4 of 4 texts not found in {texts} and {sources}: a (" in result.stderr


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ([], "give --texts, --sources or both"),
        (["--texts", "no/texts"], "no such folder: no/texts"),
        (["--sources", "no/archives"], "no such folder: no/archives"),
        (["--texts", "no/a", "--sources", "no/b"], "no such folder: no/a, no/b"),
    ],
)
def test_restore_needs_somewhere_to_look(web: Path, options: list[str], said: str) -> None:
    result = restore(web, *options)
    assert result.exit_code == 2
    assert said in result.output
    assert not (web.parent / "restored.jsonl").exists()


# --- reading -------------------------------------------------------------------------------------

ROW = {
    **{"id": "a", "src": "cls:1", "start": 0, "end": 9, "date": "", "kind": "", "ents": []},
    **{"source_sha256": "", "sha256": ""},
}


@pytest.mark.parametrize(
    ("row", "reason"),
    [
        ({"id": "a"}, "missing"),
        ({"id": "a", "text": "不该有"}, "unexpected"),
        (["a"], "mapping"),
        (7, "mapping"),
        ({**ROW, "start": "0"}, "start '0' and end 9 are no numbers"),
    ],
)
def test_a_row_that_does_not_fit_is_named(tmp_path: Path, row: Any, reason: str) -> None:
    path = write_jsonl(tmp_path / "web.jsonl", [row])
    with pytest.raises(CorpusError, match=reason) as raised:
        read_standoff(path)
    assert str(raised.value).startswith(f"{path}:1: ")


@pytest.mark.parametrize("part", ["train", "dev", "test"])
def test_the_committed_files_hold_no_text(part: str) -> None:
    rows = read_standoff(ROOT / "corpus" / "web" / f"{part}.jsonl")
    assert len({row.id for row in rows}) == len(rows) > 100
    for row in rows:
        assert not re.search(HAN, str(replace(row, src="")))
        assert all(re.fullmatch("[0-9a-f]{64}", h) for h in (row.sha256, row.source_sha256))
        assert {label for _, _, label in row.ents} <= set(LABELS)
        assert all(0 <= start < end <= row.end - row.start for start, end, _ in row.ents)


@pytest.mark.parametrize("part", ["dev", "test"])
def test_no_source_of_train_is_one_of_dev_or_test(part: str) -> None:
    held_out, train = (
        {row.source_sha256 for row in read_standoff(ROOT / "corpus" / "web" / f"{name}.jsonl")}
        for name in (part, "train")
    )
    assert held_out & train == set()
