"""Tests of the public sources, on tiny made-up repositories and checkouts, one per prefix."""

import csv
import hashlib
import json
import re
import subprocess
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pytest
import srsly
from click.testing import Result
from typer.testing import CliRunner

from tests.conftest import ROOT
from training import sources
from training.sources import (
    SOURCES,
    Record,
    Source,
    SourceError,
    app,
    candidate_addresses,
    source_text,
    unlabelled,
)

EB_PAGES = Path("eb/webapp/view/staticpags")
GOV_REPORTS = Path("gov/output/2026_raw_text")
FINCUGE = Path("fincuge/FinCUGE_Publish")
PREFIXES = ("cls", "eb", "fin", "xwlb", "gov", "fincuge")

Write = Callable[[str | Path, str], None]


@pytest.fixture
def write(tmp_path: Path) -> Write:
    """Return a function that writes a text to a path under tmp_path, making its folders."""

    def write_text(path: str | Path, text: str) -> None:
        target = tmp_path / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(text.encode())

    return write_text


def write_csv(path: Path, header: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w", encoding="utf-8-sig", newline="") as lines:
        csv.writer(lines).writerows([header, *rows])


def jsonl(*items: dict[str, Any]) -> str:
    return "".join(json.dumps(item, ensure_ascii=False) + "\n" for item in items)


def eb_page(publisher: str, body: str) -> str:
    return (
        '<%@ page pageEncoding="UTF-8"%>\n<title>页名</title>\n<h1>标题</h1>\n'
        f"<span>发布时间：2011-01-01</span>\n\t<span>发布人：{publisher}</span>\n</div>\n"
        f"{body}\n</div>\n<!-- 脚 -->\n<script>\n\tvar 甲 = 1;\n</script>\n"
    )


def xwlb_day(*items: tuple[int, dict[str, str] | None]) -> str:
    videos = [{"num": num, "video_detail": detail} for num, detail in items]
    return json.dumps({"total": len(videos), "videoList": videos}, ensure_ascii=False)


# --- the table of sources -----------------------------------------------------------------------


def test_sources_has_the_six_prefixes() -> None:
    assert set(SOURCES) == set(PREFIXES)


@pytest.mark.parametrize("prefix", PREFIXES)
def test_source_is_filled_in(prefix: str) -> None:
    source = SOURCES[prefix]
    assert source.address == f"https://github.com/{source.repository}"
    assert re.fullmatch(r"[\w.-]+/[\w.-]+", source.repository)
    assert re.fullmatch(r"[0-9a-f]{40}", source.commit)
    assert source.licence


def test_the_project_takes_them_from_here_and_from_no_branch() -> None:
    project = srsly.read_yaml(ROOT / "project.yml")
    assert [asset["dest"] for asset in project["assets"] if "git" in asset] == []
    lines = [line for command in project["commands"] for line in command["script"]]
    for subcommand in ("fetch --output assets/sources", "texts assets/sources"):
        assert any(f"training.sources {subcommand}" in line for line in lines)


# --- fetch ---------------------------------------------------------------------------------------


def run(*arguments: str | Path) -> Result:
    return CliRunner().invoke(app, [str(argument) for argument in arguments])


def git(repository: Path, *arguments: str) -> str:
    author = ("-c", "user.name=tests", "-c", "user.email=tests@localhost")
    command = ["git", "-C", str(repository), *author, *arguments]
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout.strip()


def commit(repository: Path, text: str) -> str:
    """Commit `text` as the only file, and return the commit."""
    (repository / "正文.txt").write_bytes(text.encode())
    git(repository, "add", "--all")
    git(repository, "commit", "--quiet", "--message", text.strip())
    return git(repository, "rev-parse", "HEAD")


@pytest.fixture
def repository(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A git repository with a commit, which is the source "cls", and a later one on its branch."""
    for variable in ("GIT_DIR", "GIT_INDEX_FILE", "GIT_WORK_TREE"):  # set where a hook runs tests
        monkeypatch.delenv(variable, raising=False)
    path = tmp_path / "repository"
    path.mkdir()
    git(path, "init", "--quiet")
    git(path, "config", "uploadpack.allowAnySHA1InWant", "true")
    git(path, "config", "core.autocrlf", "false")
    pinned = commit(path, "甲\n")
    commit(path, "乙\n")
    monkeypatch.setattr(sources, "SOURCES", {"cls": Source("我/档", path.as_uri(), "none", pinned)})
    return path


def pin(monkeypatch: pytest.MonkeyPatch, commit: str, **more: Source) -> None:
    """Let the source "cls" be at another commit, and others stand beside it."""
    first = sources.SOURCES["cls"]
    changed = Source(first.repository, first.address, first.licence, commit)
    monkeypatch.setattr(sources, "SOURCES", {"cls": changed, **more})


def test_fetch_checks_out_the_commit_and_not_the_branch(repository: Path, tmp_path: Path) -> None:
    result = run("fetch", "--output", tmp_path / "out" / "sources")
    assert result.exit_code == 0, result.output
    checkout = tmp_path / "out" / "sources" / "cls"
    pinned = sources.SOURCES["cls"].commit
    assert result.output == f"{checkout}: fetching {repository.as_uri()} at {pinned}\n"
    assert (checkout / "正文.txt").read_bytes() == "甲\n".encode()
    assert git(checkout, "rev-parse", "HEAD") == pinned
    assert git(checkout, "rev-list", "--all", "--count", "HEAD") == "1"
    assert [path.name for path in checkout.parent.iterdir()] == ["cls"]


def test_fetch_skips_what_is_there(repository: Path, tmp_path: Path) -> None:
    assert run("fetch", "--output", tmp_path / "sources").exit_code == 0
    (tmp_path / "sources" / "cls" / "mark").touch()
    repository.rename(tmp_path / "away")
    result = run("fetch", "--output", tmp_path / "sources")
    assert result.exit_code == 0, result.output
    assert f"at {sources.SOURCES['cls'].commit} already" in result.output
    assert (tmp_path / "sources" / "cls" / "mark").exists()


def test_fetch_puts_the_commit_in_place_of_another(
    repository: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert run("fetch", "--output", tmp_path / "sources").exit_code == 0
    pin(monkeypatch, git(repository, "rev-parse", "HEAD"))
    assert run("fetch", "--output", tmp_path / "sources").exit_code == 0
    assert (tmp_path / "sources" / "cls" / "正文.txt").read_text(encoding="utf-8") == "乙\n"
    assert [path.name for path in (tmp_path / "sources").iterdir()] == ["cls"]


def test_fetch_leaves_line_ends_alone(
    repository: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings = tmp_path / "gitconfig"
    settings.write_text("[core]\n\tautocrlf = true\n", encoding="utf-8")
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", str(settings))
    assert run("fetch", "--output", tmp_path / "sources").exit_code == 0
    assert (tmp_path / "sources" / "cls" / "正文.txt").read_bytes() == "甲\n".encode()


@pytest.mark.usefixtures("repository")
def test_a_commit_that_is_not_there_is_an_error_and_nothing_is_left(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert run("fetch", "--output", tmp_path / "sources").exit_code == 0
    pin(monkeypatch, "0123456789" * 4)
    result = run("fetch", "--output", tmp_path / "sources")
    assert result.exit_code == 1
    assert re.search(r"^cls: .*0123456789", result.stderr)
    assert [path.name for path in (tmp_path / "sources").iterdir()] == ["cls"]
    assert (tmp_path / "sources" / "cls" / "正文.txt").read_text(encoding="utf-8") == "甲\n"


def test_a_repository_that_is_not_there_is_named_with_gits_message(
    repository: Path, tmp_path: Path
) -> None:
    repository.rename(tmp_path / "away")
    result = run("fetch", "--output", tmp_path / "sources")
    assert result.exit_code == 1
    assert result.stderr.startswith("cls: fatal: ")
    assert str(repository) in result.stderr
    assert list((tmp_path / "sources").iterdir()) == []


@pytest.mark.usefixtures("repository")
def test_a_folder_that_is_no_checkout_is_not_replaced(tmp_path: Path, write: Write) -> None:
    write("sources/cls/mine.txt", "甲")
    result = run("fetch", "--output", tmp_path / "sources")
    assert result.exit_code == 1
    assert "cls is there, and no checkout of a commit: move it away" in result.stderr
    assert (tmp_path / "sources" / "cls" / "mine.txt").exists()


@pytest.mark.usefixtures("repository")
def test_git_that_is_not_installed_is_an_error(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    result = run("fetch", "--output", tmp_path / "sources")
    assert (result.exit_code, result.stderr) == (1, "cls: git is not installed\n")


def test_fetch_takes_the_sources_that_are_asked_for(
    repository: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    tip = git(repository, "rev-parse", "HEAD")
    more = Source("我/档", repository.as_uri(), "none", tip)
    pin(monkeypatch, sources.SOURCES["cls"].commit, eb=more, gov=more)
    assert run("fetch", "--output", tmp_path, "--only", "cls", "--only", "gov").exit_code == 0
    assert (tmp_path / "cls" / "正文.txt").read_text(encoding="utf-8") == "甲\n"
    assert (tmp_path / "gov" / "正文.txt").read_text(encoding="utf-8") == "乙\n"
    assert not (tmp_path / "eb").exists()


def test_fetch_knows_no_other_sources(tmp_path: Path) -> None:
    result = run("fetch", "--output", tmp_path, "--only", "web")
    assert result.exit_code == 2
    assert "web: none of cls, eb, fin" in result.output


# --- cls ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        ("【某厂投产】年产3GWh。", "【某厂投产】年产3GWh。"),
        ("关于签署<某协议>的议案", "关于签署的议案"),
        ("某药&reg;获批&amp;投产", "某药®获批&投产"),
        ("保留&lt;书名&gt;", "保留<书名>"),
        ("　前后空白去掉，行  间\u3000不动\n", "前后空白去掉，行  间\u3000不动"),
    ],
)
def test_cls_drops_tags_then_reads_entities(
    tmp_path: Path, write: Write, content: str, expected: str
) -> None:
    path = "sources/cls/data/2026/2026-01-01.jsonl"
    write(f"cls/{path}", jsonl({"id": "7", "content": content}))
    assert source_text(tmp_path, f"cls:{path}#7") == expected


def test_cls_picks_the_record_by_its_id(tmp_path: Path, write: Write) -> None:
    items: list[dict[str, Any]] = [{"id": "1", "content": "甲"}, {"id": 2, "content": "乙"}]
    write("cls/data/day.jsonl", jsonl(*items) + "\n")
    assert source_text(tmp_path, "cls:data/day.jsonl#1") == "甲"
    assert source_text(tmp_path, "cls:data/day.jsonl#2") == "乙"


# --- eb -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("publisher", "body", "expected"),
    [
        ("", "<p><p>甲厂开工。</p>\n<p>乙厂投产。</p></p>", "甲厂开工。\n乙厂投产。"),
        ("-  ", "<p>甲厂开工。</p>", "甲厂开工。"),
        ("测试-", "<p>甲厂开工。</p>", "甲厂开工。"),
        ("-某某报", "<p>甲厂开工。</p>", "-某某报\n甲厂开工。"),
        ("无", "<p>甲厂开工。</p>", "无\n甲厂开工。"),
        ("", "<p>甲<BR />乙<br>丙</P>丁", "甲\n乙\n丙\n丁"),
        ("", "<p>&ldquo;甲&rdquo;投资&nbsp;&nbsp;3亿元</p>", "“甲”投资 3亿元"),
        ("", "<p>\u3000\u3000甲\t\u3000乙 丙\u00a0</p>", "甲 乙 丙"),
        ("", "<p>甲</p>\n<p>&nbsp;</p>\n \n<p>乙</p>", "甲\n乙"),
        ("", '<div><span style="a">甲</span><b>乙</b></div><p>丙</p>', "甲乙丙"),
        ("", "<p>甲</p><script>var x = '<p>'</script><p>乙</p>", "甲\n乙"),
        ("", "<p>甲</p><p>免责声明：不作数</p><p>乙</p>", "甲"),
        ("", "<p>甲的免责声明</p><p>乙</p>", "甲的免责声明\n乙"),
    ],
)
def test_eb_reads_the_article(
    tmp_path: Path, write: Write, publisher: str, body: str, expected: str
) -> None:
    write(EB_PAGES / "sqzx" / "a1.jsp", eb_page(publisher, body))
    assert source_text(tmp_path, "eb:a1.jsp") == expected


def test_eb_reads_windows_line_ends(tmp_path: Path, write: Write) -> None:
    page = eb_page("-", "<p>甲</p>\n<p>乙</p>").replace("\n", "\r\n")
    write(EB_PAGES / "sqzx" / "a1.jsp", page)
    assert source_text(tmp_path, "eb:a1.jsp") == "甲\n乙"


def test_eb_finds_the_page_in_any_folder(tmp_path: Path, write: Write) -> None:
    write(EB_PAGES / "goodszx" / "a1.jsp", eb_page("", "<p>甲</p>"))
    write(EB_PAGES / "sqzx" / "a2.jsp", eb_page("", "<p>乙</p>"))
    assert source_text(tmp_path, "eb:a1.jsp") == "甲"
    assert source_text(tmp_path, "eb:a2.jsp") == "乙"


# --- fin ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("body", ["甲公司&nbsp;<p>", "　　前后空白\n不动 ", '引号"与，逗号,'])
def test_fin_finds_the_body_by_its_digest(tmp_path: Path, body: str) -> None:
    write_csv(
        tmp_path / "fin" / "test_data.csv",
        ["", "日期", "标题", "正文"],
        [["3", "2018年1月1日", "题一", "另一篇"], ["5", "2018年1月2日", "题二", body]],
    )
    digest = hashlib.sha256(body.encode()).hexdigest()[:12]
    assert source_text(tmp_path, f"fin:{digest}") == body


# --- xwlb ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        ("<p>央视网消息（新闻联播）：甲。</p>\r\n<p>乙。</p>", "甲。\n\r\n乙。"),
        ("<p>央视网消息(新闻联播)：甲。</p><p>乙。</p>", "甲。\n乙。"),
        ("<p>央视网消息（新闻联播）：<br/></p><p>甲</p>", "甲"),
        ("<p>央视网消息（新闻联播）</p>\r\n<p>甲</p>", "甲"),
        ("<p>甲。</p>", "甲。"),
        ("<p>甲，央视网消息（新闻联播）：乙</p>", "甲，央视网消息（新闻联播）：乙"),
        ("<p>甲<br />\u3000\u3000乙</p>", "甲\u3000\u3000乙"),
        ("<p><strong>甲</strong>&mdash;&nbsp;乙</p>", "甲—\u00a0乙"),
    ],
)
def test_xwlb_drops_the_lead_and_keeps_paragraphs(
    tmp_path: Path, write: Write, content: str, expected: str
) -> None:
    write("xwlb/assets/2020/20200101.json", xwlb_day((1, {"content": content})))
    assert source_text(tmp_path, "xwlb:2020/20200101.json#1") == expected


def test_xwlb_picks_the_item_by_its_number(tmp_path: Path, write: Write) -> None:
    day = xwlb_day((1, None), (4, {"content": "<p>甲</p>"}), (2, {"content": "<p>乙</p>"}))
    write("xwlb/assets/2020/20200101.json", day)
    assert source_text(tmp_path, "xwlb:2020/20200101.json#4") == "甲"
    assert source_text(tmp_path, "xwlb:2020/20200101.json#2") == "乙"


# --- gov ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("index", "expected"), [(0, "各位代表："), (1, "\u3000甲厂&amp;乙厂 "), (2, ""), (3, "完")]
)
def test_gov_counts_lines_from_zero(tmp_path: Path, index: int, expected: str) -> None:
    report = "各位代表：\n\u3000甲厂&amp;乙厂 \n\n完"
    header = ["province", "year", "full_text"]
    write_csv(tmp_path / GOV_REPORTS / "2026_某省.csv", header, [["某省", "2026", report]])
    assert source_text(tmp_path, f"gov:2026_某省.csv#{index}") == expected


# --- fincuge ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("file", "records", "expected"),
    [
        ("finna/eval_list.json", [["题", "文"], ["题二", " 文二\n"]], " 文二\n"),
        ("finnl/train_list.json", [["文", "中国 公司"], ["文二", "外国"]], "文二"),
        ("finqa/eval_list.json", [["问？文", "答"], ["问二？\n文二", "答"]], "问二？\n文二"),
        ("finqa/problem_list.json", [{"id": 9, "input": "文"}, {"id": 8, "input": "二"}], "二"),
    ],
)
def test_fincuge_counts_records_from_zero(
    tmp_path: Path, write: Write, file: str, records: list[Any], expected: str
) -> None:
    write(FINCUGE / file, json.dumps(records, ensure_ascii=False))
    assert source_text(tmp_path, f"fincuge:{file}#1") == expected


@pytest.mark.parametrize(
    ("src", "expected"),
    [
        (
            "fincuge:problem_list.json#49",
            [f"fincuge:{task}/problem_list.json#49" for task in ("finna", "finnl", "finqa")],
        ),
        ("fincuge:finqa/train_list.json#3", ["fincuge:finqa/train_list.json#3"]),
        ("cls:day.jsonl#1", ["cls:day.jsonl#1"]),
        ("fin:0123456789ab", ["fin:0123456789ab"]),
        ("", [""]),
    ],
)
def test_candidate_addresses_add_the_task_that_is_left_out(src: str, expected: list[str]) -> None:
    assert candidate_addresses(src) == expected


def test_candidate_addresses_are_read(tmp_path: Path, write: Write) -> None:
    for task in ("finna", "finqa"):
        write(FINCUGE / task / "problem_list.json", json.dumps([{"id": 0, "input": f"{task}文"}]))
    finna, finnl, finqa = candidate_addresses("fincuge:problem_list.json#0")
    assert source_text(tmp_path, finna) == "finna文"
    assert source_text(tmp_path, finqa) == "finqa文"
    with pytest.raises(SourceError, match="no file"):
        source_text(tmp_path, finnl)


# --- texts ---------------------------------------------------------------------------------------

LONG = "青川重工在太原投资3亿元，建设年产20GWh的电池厂，一期工程今日开工，预计明年投产。" * 4
ROWS = {
    "cls": [
        Record("cls:data/2026/2026-05-14.jsonl#7", "2026-05-14", "题一", f"一{LONG}"),
        Record("cls:sources/ths/data/2026/2026-07-09.jsonl#8", "2026-07-09", "", f"二{LONG}"),
    ],
    "eb": [
        Record("eb:a1.jsp", "2011-03-23", "甲厂 - 开工", f"一{LONG}"),
        Record("eb:a2.jsp", "2011-01-01", "", f"二{LONG}"),
    ],
    "gov": [Record("gov:2026_某省_政府工作报告.csv#1", "2026", "", f"\u3000一{LONG}")],
    "xwlb": [
        Record("xwlb:2017/20170101.json#2", "2017", "", f"一{LONG}\n完"),
        Record("xwlb:2026/20260101.json#1", "2026", "", f"二{LONG}"),
    ],
}


@pytest.fixture
def archives(tmp_path: Path, write: Write) -> Path:
    """Return a folder with a checkout of each archive: the texts of ROWS, and some left out."""
    root = tmp_path / "archives"
    for (path, more), record in zip(
        [("data/2026/2026-05-14", "<b>"), ("sources/ths/data/2026/2026-07-09", "")],
        ROWS["cls"],
        strict=True,
    ):
        item = {"id": record.id[-1], "date": record.date, "title": record.title or None}
        write(root / f"cls/{path}.jsonl", jsonl(item | {"content": f"{more}{record.text}&nbsp;"}))
    write(root / "cls/data/2026/2026-07-10.jsonl", jsonl({"id": "1", "content": f"三{LONG}"}))
    write(root / "cls/manifests/2026/2026-05-14.jsonl", jsonl({"id": "1", "content": f"四{LONG}"}))
    title = "<title>甲厂 - 开工- 【阳光易购】</title>"
    page = eb_page("", f"<p>{ROWS['eb'][0].text}</p>").replace("<title>页名</title>", title)
    write(root / EB_PAGES / "sqzx" / "a1.jsp", page.replace("2011-01-01", "2011-03-23"))
    write(root / EB_PAGES / "sqzx" / "a2.jsp", eb_page("-", f"<p>{ROWS['eb'][1].text}</p>"))
    write(root / EB_PAGES / "sqzx" / "list.jsp", f"<title>目录</title>{LONG}")
    report = f"各位代表：\n{ROWS['gov'][0].text}\n{'全面落实各项政策。' * 20}"
    for name, text in (("2026_某省_政府工作报告", report), ("run_manifest_2026", LONG)):
        write_csv(root / GOV_REPORTS / f"{name}.csv", ["full_text"], [[text]])
    for year, num, text in ((2016, 1, "零"), (2017, 2, "一"), (2026, 1, "二")):
        end = "</p><p>完</p>" if year == 2017 else ""
        content = f"<p>央视网消息（新闻联播）：{text}{LONG}{end}"
        day = xwlb_day((9, None), (num, {"content": content}))
        write(root / f"xwlb/assets/{year}/{year}0101.json", day)
    return root


def read_jsonl(path: Path) -> list[dict[str, str]]:
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]


def test_texts_writes_a_file_for_each_archive(archives: Path, tmp_path: Path) -> None:
    output = tmp_path / "texts"
    result = run("texts", archives, "--output", output)
    assert result.exit_code == 0, result.output
    assert {path.stem for path in output.iterdir()} == set(ROWS)
    for name, records in ROWS.items():
        rows = read_jsonl(output / f"{name}.jsonl")
        assert [list(row) for row in rows] == [["id", "date", "title", "text"]] * len(records)
        assert [Record(**row) for row in rows] == records
        assert f"{output / name}.jsonl: {len(records)} texts" in result.output


@pytest.mark.parametrize("name", ROWS)
def test_every_unlabelled_text_is_the_one_at_its_address(archives: Path, name: str) -> None:
    records = list(unlabelled(name, archives / name))
    assert records == ROWS[name]
    assert [source_text(archives, record.id) for record in records] == [r.text for r in records]


@pytest.mark.parametrize(
    ("contents", "kept"),
    [
        pytest.param(["甲" * 39, "乙" * 40], [1], id="forty characters at least"),
        pytest.param([f"{'甲' * 40}<p></p>", "甲" * 40], [0], id="the same text"),
        pytest.param(["甲" * 100 + "乙", "甲" * 100 + "丙"], [0], id="the same opening"),
        pytest.param(["甲" * 99 + "乙", "甲" * 99 + "丙"], [0, 1], id="a shorter opening"),
        pytest.param(["甲，" * 40, " 甲" * 40], [0], id="but for marks and blanks"),
        pytest.param(["甲" * 40, "甲" * 41], [0, 1], id="one the opening of the other"),
    ],
)
def test_short_texts_and_copies_are_left_out(
    tmp_path: Path, write: Write, contents: list[str], kept: list[int]
) -> None:
    items = [{"id": i, "content": content} for i, content in enumerate(contents)]
    write("cls/data/2026/2026-06-01.jsonl", jsonl(*items))
    found = [int(record.id.partition("#")[2]) for record in unlabelled("cls", tmp_path / "cls")]
    assert found == kept


@pytest.mark.parametrize(
    ("line", "kept"),
    [
        ("总投资3亿元。" + "。" * 113, True),
        ("总投资3亿元。" + "。" * 112, False),
        ("全省投资增长。" + "。" * 120, False),
        ("开工一批，投产一批。" + "。" * 120, True),
    ],
)
def test_gov_paragraphs_are_on_investment(tmp_path: Path, line: str, kept: bool) -> None:
    path = tmp_path / GOV_REPORTS / "2026_某省_政府工作报告.csv"
    write_csv(path, ["full_text"], [[line]])
    assert [r.text for r in unlabelled("gov", tmp_path / "gov")] == ([line] if kept else [])


def test_texts_names_the_checkouts_that_are_missing(archives: Path, tmp_path: Path) -> None:
    for name in ("eb", "xwlb"):
        (archives / name).rename(tmp_path / name)
    result = run("texts", archives, "--output", tmp_path / "texts")
    assert result.exit_code == 1
    assert result.stderr == f"not found: {archives / 'eb'}, {archives / 'xwlb'}\n"
    assert not (tmp_path / "texts").exists()


def test_a_checkout_without_texts_is_an_error(archives: Path, tmp_path: Path) -> None:
    (archives / "gov" / "output").rename(tmp_path / "output")
    result = run("texts", archives, "--output", tmp_path / "texts")
    assert result.exit_code == 1
    assert result.stderr == f"{archives / 'gov'}: no texts\n"
    assert not (tmp_path / "texts" / "gov.jsonl").exists()


# --- errors -------------------------------------------------------------------------------------


@pytest.fixture
def checkouts(tmp_path: Path, write: Write) -> Path:
    """Return a folder with one small checkout per prefix."""
    write("cls/day.jsonl", jsonl({"id": "1", "content": "甲"}))
    write(EB_PAGES / "sqzx" / "a1.jsp", eb_page("", "<p>甲</p>"))
    write(EB_PAGES / "list.jsp", "<title>目录</title>")
    write_csv(tmp_path / "fin" / "test_data.csv", ["", "正文"], [["0", "甲"]])
    write("xwlb/assets/2020/a.json", xwlb_day((1, None), (2, {"content": ""})))
    write_csv(tmp_path / GOV_REPORTS / "a.csv", ["full_text"], [["甲\n乙"]])
    write(FINCUGE / "finnl" / "train_list.json", json.dumps([["甲", "乙"]]))
    return tmp_path


@pytest.mark.parametrize(
    ("src", "reason"),
    [
        ("", "the prefix is none of cls, eb, fin, xwlb, gov, fincuge"),
        ("cls", "expected FILE#RECORD"),
        ("web:page#1", "the prefix is none of"),
        ("cls:day.jsonl", "expected FILE#RECORD"),
        ("cls:day.jsonl#", "expected FILE#RECORD"),
        ("cls:#1", "expected FILE#RECORD"),
        ("cls:day.jsonl#2", "no record with the id 2"),
        ("cls:other.jsonl#1", "no file .*other.jsonl"),
        ("cls:day.jsonl/x#1", "no file"),
        ("eb:a2.jsp", "no page of that name"),
        ("eb:", "no page of that name"),
        ("eb:list.jsp", "the page holds no article"),
        ("fin:0123456789ab", "no body with that digest"),
        ("xwlb:2020/a.json#1", "no item 1 with a text"),
        ("xwlb:2020/a.json#2", "no item 2 with a text"),
        ("xwlb:2020/a.json#3", "no item 3 with a text"),
        ("xwlb:2020/b.json#1", "no file .*b.json"),
        ("gov:a.csv#2", "no line 2; the report has 2 lines"),
        ("gov:a.csv#-1", "record '-1' is not a number"),
        ("gov:b.csv#0", "no file .*b.csv"),
        ("fincuge:finnl/train_list.json#1", "no record 1; finnl/train_list.json has 1 records"),
        ("fincuge:finnl/train_list.json#x", "record 'x' is not a number"),
        ("fincuge:finre/train_list.json#0", "'finre' is none of finna, finnl, finqa"),
        ("fincuge:train_list.json#0", "the task '' is none of finna, finnl, finqa"),
        ("fincuge:finqa/train_list.json#0", "no file .*train_list.json"),
    ],
)
def test_errors_name_the_address(checkouts: Path, src: str, reason: str) -> None:
    with pytest.raises(SourceError, match=reason) as raised:
        source_text(checkouts, src)
    assert str(raised.value).startswith(f"{src}: ")


@pytest.mark.parametrize(
    "src", ["cls:a.jsonl#1", "eb:a.jsp", "fin:0", "xwlb:2020/a.json#1", "gov:a.csv#0"]
)
def test_missing_checkout_is_a_source_error(tmp_path: Path, src: str) -> None:
    with pytest.raises(SourceError, match=f"^{re.escape(src)}: no "):
        source_text(tmp_path, src)


def test_source_error_is_a_value_error() -> None:
    assert issubclass(SourceError, ValueError)
