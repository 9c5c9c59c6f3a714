"""Tests of the readers of public sets, on sentences written for them."""

import json
import re
from pathlib import Path
from zipfile import ZipFile

import pytest

from tests.conftest import UNER
from training.public import READERS, read_cluener, read_msra, read_uner, read_uner_words
from zhinvest.documents import CorpusError, Document
from zhinvest.labels import LABELS


def tagged(*rows: str) -> str:
    """Return rows of `TOKEN TAG` as the lines of an MSRA file; an empty row ends a sentence."""
    return "".join(row.replace(" ", "\t") + "\n" for row in rows)


def iob2(*rows: str) -> str:
    """Return rows of `TOKEN TAG` as the lines of a Universal NER file."""
    numbered = (f"{n}\t{row.replace(' ', chr(9))}\t-\t-" for n, row in enumerate(rows, start=1))
    return "".join(line + "\n" for line in numbered)


def file(folder: Path, name: str, content: str | bytes) -> Path:
    path = folder / name
    path.write_bytes(content if isinstance(content, bytes) else content.encode("utf-8"))
    return path


def surfaces(document: Document) -> list[tuple[str, str]]:
    return [(document.text[start:end], label) for start, end, label in document.ents]


# --- IOB tags, as both UNER and MSRA carry them ---------------------------------------------------

TAGGED = [
    pytest.param(["青川 B-ORG", "重工 I-ORG", "投产 O"], [("青川重工", "ORG")], id="one entity"),
    pytest.param(
        ["江苏 B-LOC", "苏州 B-LOC", "昆山 I-LOC", "的 O"],
        [("江苏苏州昆山", "PLACE")],
        id="places that touch are joined",
    ),
    pytest.param(
        ["江苏 B-GPE", "苏州 B-LOC"], [("江苏苏州", "PLACE")], id="whatever kinds of place they are"
    ),
    pytest.param(
        ["江苏 B-LOC", "和 O", "山西 B-LOC"],
        [("江苏", "PLACE"), ("山西", "PLACE")],
        id="places apart stay apart",
    ),
    pytest.param(
        ["青川 B-ORG", "长河 B-ORG"],
        [("青川", "ORG"), ("长河", "ORG")],
        id="organisations that touch stay apart",
    ),
    pytest.param(
        ["太原 B-LOC", "机床厂 B-ORG", "太原 B-LOC"],
        [("太原", "PLACE"), ("机床厂", "ORG"), ("太原", "PLACE")],
        id="a place that touches an organisation",
    ),
    pytest.param(
        ["江苏 B-LOC", "赵某 B-PER", "山西 B-LOC"],
        [("江苏", "PLACE"), ("山西", "PLACE")],
        id="people are dropped",
    ),
    pytest.param(["昨日 B-DATE", "某物 I-OTH"], [], id="unknown labels are dropped"),
    pytest.param(
        ["的 O", "青川 I-ORG", "重工 I-ORG"], [("青川重工", "ORG")], id="I without B opens"
    ),
    pytest.param(
        ["江苏 B-LOC", "重工 I-ORG"], [("江苏", "PLACE"), ("重工", "ORG")], id="I of another label"
    ),
    pytest.param(
        ["青川 B-ORG", "的 O", "重工 I-ORG"],
        [("青川", "ORG"), ("重工", "ORG")],
        id="I after a gap opens",
    ),
]


@pytest.mark.parametrize(("rows", "expected"), TAGGED)
def test_uner_tags(tmp_path: Path, rows: list[str], expected: list[tuple[str, str]]) -> None:
    (document,) = read_uner(file(tmp_path, "a.iob2", iob2(*rows)))
    assert surfaces(document) == expected
    assert document.text == "".join(row.split()[0] for row in rows)


@pytest.mark.parametrize(("rows", "expected"), TAGGED)
def test_msra_tags(tmp_path: Path, rows: list[str], expected: list[tuple[str, str]]) -> None:
    (document,) = read_msra(file(tmp_path, "a.txt", tagged(*rows)))
    assert surfaces(document) == expected


# --- UNER ----------------------------------------------------------------------------------------


def test_uner_sentences_have_the_line_of_their_start_as_id(tmp_path: Path) -> None:
    content = f"# sent_id = 1\n# text = 甲乙\n{iob2('甲 O', '乙 O')}\n\n{iob2('丙 B-ORG')}\n"
    documents = list(read_uner(file(tmp_path, "dev.iob2", content)))
    assert documents == [
        Document("dev-1", "甲乙", []),
        Document("dev-7", "丙", [(0, 1, "ORG")]),
    ]


def test_uner_reads_windows_line_ends_and_no_last_line_end(tmp_path: Path) -> None:
    content = f"{iob2('甲 O')}\n{iob2('乙 O')}".rstrip().replace("\n", "\r\n")
    assert [d.text for d in read_uner(file(tmp_path, "a.iob2", content))] == ["甲", "乙"]


def test_uner_reads_the_token_that_begins_a_comment_elsewhere(tmp_path: Path) -> None:
    (document,) = read_uner(file(tmp_path, "a.iob2", iob2("# O", "3 O")))
    assert document.text == "#3"


def test_uner_words_are_the_words_of_the_file() -> None:
    sentences = list(read_uner_words(UNER))
    assert sentences[0] == ["上海", "的", "工厂", "今天", "开工", "。"]
    assert ["".join(words) for words in sentences] == [d.text for d in read_uner(UNER)]


def test_uner_of_the_tiny_file_has_only_our_labels() -> None:
    found = {label for document in read_uner(UNER) for _, _, label in document.ents}
    assert found == {"ORG", "PLACE"}
    assert found < set(LABELS)


# --- MSRA ----------------------------------------------------------------------------------------

MSRA = tagged("青 B-ORG", "川 I-ORG", "厂 O", "", "在 O", "晋 B-LOC", "", "")


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gb18030", "utf-16"])
def test_msra_reads_any_encoding(tmp_path: Path, encoding: str) -> None:
    path = file(tmp_path, "a.txt", MSRA.encode(encoding))
    assert [surfaces(d) for d in read_msra(path)] == [[("青川", "ORG")], [("晋", "PLACE")]]


def test_msra_reads_a_zip_as_it_reads_the_file(tmp_path: Path) -> None:
    plain = file(tmp_path, "dh_msra.txt", MSRA)
    packed = tmp_path / "dh_msra.zip"
    with ZipFile(packed, "w") as archive:
        archive.write(plain, "dh_msra.txt")
    assert list(read_msra(packed)) == list(read_msra(plain))
    assert [d.id for d in read_msra(packed)] == ["msra-1", "msra-5"]


# --- CLUENER -------------------------------------------------------------------------------------

CLUENER = [
    pytest.param(
        "青川重工在太原投产",
        {"company": {"青川重工": [[0, 3]]}, "address": {"太原": [[5, 6]]}},
        [("青川重工", "ORG"), ("太原", "PLACE")],
        id="ends include the last character",
    ),
    pytest.param(
        "部厂会山",
        {
            "government": {"部": [[0, 0]]},
            "company": {"厂": [[1, 1]]},
            "organization": {"会": [[2, 2]]},
            "scene": {"山": [[3, 3]]},
        },
        [("部", "ORG"), ("厂", "ORG"), ("会", "ORG"), ("山", "PLACE")],
        id="four kinds of ours",
    ),
    pytest.param(
        "赵某评书名甲与游戏乙",
        {"name": {"赵某": [[0, 1]]}, "book": {"书名甲": [[3, 5]]}, "game": {"游戏乙": [[7, 9]]}},
        [],
        id="other kinds are dropped",
    ),
    pytest.param(
        "晋与晋",
        {"address": {"晋": [[0, 0], [2, 2]]}},
        [("晋", "PLACE"), ("晋", "PLACE")],
        id="one surface twice",
    ),
    pytest.param(
        "江苏苏州的园区",
        {"address": {"苏州": [[2, 3]], "江苏": [[0, 1]]}},
        [("江苏苏州", "PLACE")],
        id="places that touch are joined, in any order",
    ),
    pytest.param(
        "江苏金鸡湖",
        {"address": {"江苏": [[0, 1]]}, "scene": {"金鸡湖": [[2, 4]]}},
        [("江苏金鸡湖", "PLACE")],
        id="an address and a scene that touch",
    ),
    pytest.param(
        "甲厂乙厂",
        {"company": {"甲厂": [[0, 1]], "乙厂": [[2, 3]]}},
        [("甲厂", "ORG"), ("乙厂", "ORG")],
        id="companies that touch stay apart",
    ),
    pytest.param(
        "太原机床厂投产",
        {"address": {"太原": [[0, 1]]}, "company": {"太原机床厂": [[0, 4]]}},
        [("太原机床厂", "ORG")],
        id="of two that overlap the longer stays",
    ),
    pytest.param(
        "甲乙丙丁戊己",
        {"company": {"甲乙": [[0, 1]], "乙丙丁": [[1, 3]], "丁戊己": [[3, 5]]}},
        [("乙丙丁", "ORG")],
        id="of two as long as each other the first stays",
    ),
]


@pytest.mark.parametrize(("text", "label", "expected"), CLUENER)
def test_cluener(
    tmp_path: Path,
    text: str,
    label: dict[str, dict[str, list[list[int]]]],
    expected: list[tuple[str, str]],
) -> None:
    row = json.dumps({"text": text, "label": label}, ensure_ascii=False)
    (document,) = read_cluener(file(tmp_path, "train.json", f"\n{row}\n"))
    assert (document.id, document.text) == ("train-2", text)
    assert surfaces(document) == expected


# --- faults --------------------------------------------------------------------------------------

FAULTS = [
    pytest.param("uner", "1\t甲\tO\n2\t乙\n", 2, "2 of 3 columns", id="uner: no tag"),
    pytest.param("uner", "# 注\n\n1 甲 O\n", 3, "1 of 3 columns", id="uner: blanks, not tabs"),
    pytest.param("msra", "甲\tO\n\n乙\n", 3, "1 of 2 columns", id="msra: no tag"),
    pytest.param("msra", "甲 O\n", 1, "1 of 2 columns", id="msra: blanks, not tabs"),
    pytest.param("cluener", '{"label": {}}\n', 1, "needs 'text'", id="cluener: no text"),
    pytest.param("cluener", '{"text": 7, "label": {}}', 1, "needs 'text'", id="cluener: number"),
    pytest.param("cluener", '\n{"text": "甲"}', 2, "'label' (object)", id="cluener: no label"),
    pytest.param("cluener", '["甲", {}]', 1, "needs 'text'", id="cluener: a list"),
    pytest.param("cluener", '{"text": "甲"', 1, "not JSON", id="cluener: cut off"),
]


@pytest.mark.parametrize(("reader", "content", "line", "reason"), FAULTS)
def test_faults_name_file_and_line(
    tmp_path: Path, reader: str, content: str, line: int, reason: str
) -> None:
    path = file(tmp_path, "faulty", content)
    with pytest.raises(CorpusError, match=re.escape(reason)) as raised:
        list(READERS[reader](path))
    assert str(raised.value).startswith(f"{path}:{line}: ")
