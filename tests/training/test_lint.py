"""Tests of the checks on annotated articles: what they find, and what they leave alone."""

import json
from collections.abc import Iterable
from pathlib import Path

import pytest
import typer
from click.testing import Result
from hypothesis import given
from hypothesis import strategies as st
from typer.testing import CliRunner

from tests.conftest import ROOT
from training import wording
from training.lint import (
    Finding,
    Intended,
    bare_names,
    copies,
    duplicates,
    faulty_meta,
    faulty_wording,
    lint,
    main,
    occurrences,
    read_intended,
    read_texts,
    unmarked_money,
)
from training.markup import parse
from zhinvest.documents import CorpusError, Document, read_documents, write_documents
from zhinvest.labels import LABELS

CORPUS = ROOT / "corpus"
META = {"kind": "flash", "region": ["浙江"], "industry": "核电", "script": "hans"}


def article(marked: str, id: str = "a") -> Document:
    """Return the article that `marked` (`[surface]LABEL`) stands for."""
    text, ents = parse(marked)
    return Document(id, text, ents, META)


def places(found: Iterable[Finding], document: Document) -> list[str]:
    return [document.text[f.start : f.end] for f in found]


def distinct(index: int, size: int = 100) -> str:
    """Return a text that has nothing in common with those of another index."""
    return "".join(chr(0x4E00 + index * size + k) for k in range(size))


def invoke(*arguments: str | Path) -> Result:
    app = typer.Typer()
    app.command()(main)
    return CliRunner().invoke(app, [str(argument) for argument in arguments])


# --- wording -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("marked", "reason"),
    [
        ("投资[约3亿元]MONEY", "begins with a word"),
        ("投资[不低于3亿元]MONEY", "begins with a word"),
        ("花了[好几千块]MONEY", "begins with a word"),
        ("投资[3亿元以上]MONEY", "ends with a word"),
        ("投资[3亿元左右]MONEY", "ends with a word"),
        ("一度[三毛多]MONEY", "ends with a word"),
        ("[千亿级]MONEY产业", "ends with a word"),
        ("产能[逾10万吨]CAPACITY", "begins with a word"),
        ("[年产10万吨]CAPACITY", "begins with a word"),
        ("[10万吨级]CAPACITY", "ends with a word"),
        ("[10万吨不等]CAPACITY", "ends with a word"),
        ("[与远山银行]ORG签约", "begins with a word"),
        ("[金山区委书记]ORG", "ends with a word"),
        ("[远山银行等]ORG", "ends with a word"),
        ("[青川云平台]ORG", "ends with a word"),
        ("[在太原]PLACE建厂", "begins with a word"),
        ("[太原市区]PLACE", "ends with a word"),
        ("[华东地区]PLACE", "ends with a word"),
        ("[京雄高速河北段]PLACE", "ends with a word"),
        ("[“远山银行”]ORG", "mark at an edge"),
        ("[远山银行，]ORG", "mark at an edge"),
        ("[（太原]PLACE）", "half of a pair"),
        ("[远山（上海]ORG）公司", "half of a pair"),
        ("[公司]ORG", "generic word"),
        ("[开发区]PLACE", "generic word"),
        ("[我國]PLACE", "generic word"),
    ],
)
def test_outer_material_is_found(marked: str, reason: str) -> None:
    document = article(marked)
    [found] = faulty_wording(document)
    surface = document.text[found.start : found.end]
    assert (found.id, [(found.start, found.end)]) == ("a", [e[:2] for e in document.ents])
    assert reason in found.reason
    assert repr(surface) in found.reason


@pytest.mark.parametrize(
    "marked",
    [
        "约[3亿元]MONEY，[1000多亿元]MONEY以上，[上百亿元]MONEY，亏[-48万元]MONEY",
        "[数十亿元]MONEY、[12-15亿元]MONEY、[人民币5亿元]MONEY、[US$3亿]MONEY",
        "年产[10多万吨]CAPACITY，[25万辆/年]CAPACITY，[5万吨]CAPACITY级泊位",
        "[雷克萨斯(上海)新能源有限公司]ORG、[*ST棒杰]ORG、[奥特斯]ORG([AT&S]ORG)",
        "[和县]PLACE、[和田]PLACE、[于都县]PLACE、[由布院]PLACE、[河内]PLACE",
        "[喀什地区]PLACE的[双林车辆段]PLACE，[本田]ORG，[本钢集团]ORG",
        "[远山（上海）有限公司]ORG与[远山(太原)分公司]ORG",
    ],
)
def test_good_spans_are_left(marked: str) -> None:
    assert list(faulty_wording(article(marked))) == []


@pytest.mark.parametrize("table", [wording.HEADS, wording.TAILS])
def test_the_tables_have_a_row_for_every_label(table: dict[str, tuple[str, ...]]) -> None:
    assert tuple(table) == LABELS
    assert all(words and len(set(words)) == len(words) for words in table.values())


# --- names ---------------------------------------------------------------------------------------


def test_a_name_left_bare_is_found() -> None:
    document = article("[远山银行]ORG在[太原]PLACE开业。远山银行说，太原很好。")
    found = list(bare_names(document))
    assert places(found, document) == ["远山银行", "太原"]
    assert "ORG '远山银行' is annotated elsewhere" in [f.reason for f in found]
    assert [f.start for f in found] == [10, 16]


@pytest.mark.parametrize(
    "marked",
    [
        "[太原]PLACE的[太原市政府]ORG",
        "[远山]ORG，[远山银行]ORG，[远山]ORG",
        "[浙]PLACE、[赣]PLACE两省，赣江",
        "[3亿元]MONEY",
        "[太原]PLACE[原平]PLACE",
        "[中卫]PLACE，其中[卫宁]PLACE",
    ],
)
def test_names_that_are_not_bare(marked: str) -> None:
    assert list(bare_names(article(marked))) == []


def test_of_names_within_one_another_the_longest_is_listed() -> None:
    document = article("[太原]PLACE和[太原市]PLACE，太原市")
    assert places(bare_names(document), document) == ["太原市"]


def test_a_name_cut_elsewhere_is_found() -> None:
    document = article("[远山银行]ORG说，[远山]ORG银行")
    assert places(bare_names(document), document) == ["远山银行"]


@given(st.text("甲乙", max_size=12), st.text("甲乙", min_size=1, max_size=3))
def test_occurrences_are_all_there_are(text: str, part: str) -> None:
    expected = [i for i in range(len(text)) if text[i : i + len(part)] == part]
    assert list(occurrences(part, text)) == expected


# --- money ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "amount"),
    [
        ("投资3亿元。", "3亿元"),
        ("投资1,200.5万元", "1,200.5万元"),
        ("投资３．５亿元", "３．５亿元"),
        ("投资１２億元", "１２億元"),
        ("投资3 亿元", "3 亿元"),
        ("共三千多万元", "三千多万元"),
        ("几亿元", "几亿元"),
        ("亿元以上项目", "亿元"),
        ("合2350万欧元", "2350万欧元"),
        ("33亿元人民币", "33亿元人民币"),
        ("人民币5亿元", "人民币5亿元"),
        ("US$3亿", "US$3亿"),
        ("￥ 500", "￥ 500"),
        ("160億新臺幣", "160億新臺幣"),
        ("5000万索尔", "5000万索尔"),
        ("卖18块", "18块"),
        ("三块钱", "三块"),
        ("一块钱", "一块"),
        ("三毛钱", "三毛"),
        ("统一599元", "599元"),
        ("多元发展", None),
        ("一块地、两块牌子、第三块招牌、几十块屏", None),
        ("三元锂电池、三元前驱体", None),
        ("3元件、2000元旦", None),
        ("五分之一，十分钟，三分钟", None),
        ("高3米，3亿吨", None),
    ],
)
def test_amounts_outside_spans(text: str, amount: str | None) -> None:
    document = Document("a", text)
    assert places(unmarked_money(document), document) == ([amount] if amount else [])


@pytest.mark.parametrize(
    "marked",
    [
        "投资[3亿元]MONEY、[30亿至50亿元]MONEY、[12-15亿元]MONEY",
        "[200元]MONEY/平方米，[1361亿元]MONEY(人民币)",
        "[80日元]MONEY兑[1美元]MONEY",
        "[百元超市]ORG开业",
    ],
)
def test_amounts_within_spans_are_left(marked: str) -> None:
    assert list(unmarked_money(article(marked))) == []


@pytest.mark.parametrize("marked", ["投资3[亿元]MONEY", "[3]MONEY亿元", "人民币[5亿元]MONEY"])
def test_amounts_that_a_span_cuts_are_found(marked: str) -> None:
    [found] = unmarked_money(article(marked))
    assert "is not annotated" in found.reason


# --- meta, duplicates, copies --------------------------------------------------------------------


def test_what_meta_lacks_is_named() -> None:
    [found] = faulty_meta(Document("a", "", [], META | {"kind": ""} | {"script": None}))
    assert found.reason == "meta has no kind, script"
    assert list(faulty_meta(Document("a", "", [], META))) == []


@pytest.mark.parametrize(("common", "expected"), [(14, []), (16, ["b"]), (100, ["b"])])
def test_duplicates_share_more_than_eight_in_a_hundred(common: int, expected: list[str]) -> None:
    """Of 100 characters there are 93 sequences; 14 common ones make 7 of them, 16 make 9."""
    first, second = distinct(0), distinct(0)[:common] + distinct(1)[common:]
    found = list(duplicates([Document("a", first), Document("b", second)]))
    assert [f.id for f in found] == expected
    assert all("with a" in f.reason for f in found)


def test_a_copy_in_the_other_script_is_a_duplicate() -> None:
    first = Document("a", "产业园区项目总投资达到十二亿元，全部建成之后可以安排很多人就业")
    second = Document("b", "產業園區項目總投資達到十二億元，\n全部建成之後可以安排很多人就業")
    [found] = duplicates([first, second])
    assert found.reason == "shares 100.0% of its sequences with a"


@pytest.mark.parametrize(("common", "expected"), [(9, []), (10, ["a"])])
def test_copies_share_more_than_three_in_a_hundred(common: int, expected: list[str]) -> None:
    """Of 93 sequences, 9 common characters make 2, and 10 make 3."""
    document = Document("a", distinct(0)[:common] + distinct(1)[common:])
    assert [f.id for f in copies([document], [distinct(0), distinct(2)])] == expected


def test_set_phrases_are_no_copy() -> None:
    document = Document("a", distinct(0))
    assert list(copies([document], [distinct(0)] * 2)) != []
    assert list(copies([document], [distinct(0)] * 3)) == []
    assert list(copies([document], [])) == []


# --- files ---------------------------------------------------------------------------------------


def test_texts_are_read_from_both_kinds_of_file(tmp_path: Path) -> None:
    (tmp_path / "a.jsonl").write_text('{"text": "甲"}\n{"id": "1"}\n', encoding="utf-8")
    (tmp_path / "b.txt").write_bytes("乙".encode("gb18030"))
    assert read_texts(tmp_path) == ["甲", "乙"]


def test_a_folder_without_texts_is_refused(tmp_path: Path) -> None:
    with pytest.raises(CorpusError, match="holds no text"):
        read_texts(tmp_path)


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("a.jsonl", b"[]", "a.jsonl:1: not an object"),
        ("a.jsonl", b"{", "a.jsonl:1: not JSON"),
        ("a.txt", b"\xff\xff", "a.txt: neither UTF-8"),
    ],
)
def test_unreadable_texts_are_named(
    tmp_path: Path, name: str, content: bytes, message: str
) -> None:
    (tmp_path / name).write_bytes(content)
    with pytest.raises(CorpusError, match=message):
        read_texts(tmp_path)


@pytest.mark.parametrize(
    "row", ['{"id": "a", "text": "甲"}', '{"id": "a", "text": "", "reason": "b"}', "[]", "{"]
)
def test_faulty_rows_of_what_is_intended(tmp_path: Path, row: str) -> None:
    path = tmp_path / "intended.jsonl"
    path.write_text(f"\n{row}\n", encoding="utf-8")
    with pytest.raises(CorpusError, match=r"intended\.jsonl:2: "):
        read_intended(path)


def test_nothing_is_intended_without_a_list(tmp_path: Path) -> None:
    assert read_intended(tmp_path / "absent.jsonl") == []


def test_a_passage_excuses_what_it_covers() -> None:
    text = "一块地，换18块屏，又18块屏"
    intended = Intended("a", "换18块屏", "pieces")
    first, second = unmarked_money(Document("a", text))
    assert intended.excuses(first, text)
    assert not intended.excuses(second, text)
    assert not Intended("b", "换18块屏", "pieces").excuses(first, text)


# --- command line --------------------------------------------------------------------------------


@pytest.fixture
def articles(tmp_path: Path) -> Path:
    path = tmp_path / "articles.jsonl"
    documents = [article("换18块屏，花3元", "a"), article("投资[约3亿元]MONEY", "b")]
    write_documents(path, documents)
    return path


def test_a_line_for_each_finding(articles: Path, tmp_path: Path) -> None:
    result = invoke(articles, "--intended", tmp_path / "none.jsonl")
    assert result.exit_code == 1
    assert result.output.splitlines() == [
        f"{articles}: a: 1: amount '18块' is not annotated",
        f"{articles}: a: 7: amount '3元' is not annotated",
        f"{articles}: b: 2: MONEY '约3亿元' begins with a word that the guidelines leave out",
    ]


def test_what_is_intended_is_left_and_what_is_needless_is_named(
    articles: Path, tmp_path: Path
) -> None:
    rows = [
        {"id": "a", "text": "换18块屏", "reason": "pieces"},
        {"id": "a", "text": "花3元", "reason": "a slogan"},
        {"id": "b", "text": "约3亿元", "reason": "so written"},
    ]
    path = tmp_path / "intended.jsonl"
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    result = invoke(articles, "--intended", path)
    assert (result.exit_code, result.output) == (0, f"{articles}: no findings\n")
    write_documents(articles, [article("投资[约3亿元]MONEY", "b")])
    result = invoke(articles, "--intended", path)
    assert result.exit_code == 1
    assert result.output.splitlines() == [
        f"{path}: a: '换18块屏' excuses nothing",
        f"{path}: a: '花3元' excuses nothing",
    ]


def test_format_errors_are_all_listed(tmp_path: Path) -> None:
    path = tmp_path / "a.jsonl"
    path.write_text("{}\n" * 30, encoding="utf-8")
    result = invoke(path)
    assert result.exit_code == 1
    assert len(result.output.splitlines()) == 90
    assert result.output.startswith(f"{path}:1: 'id' must be str, found None")


def test_copies_are_found_in_given_folders(tmp_path: Path) -> None:
    folder, path = tmp_path / "others", tmp_path / "a.jsonl"
    folder.mkdir()
    (folder / "a.txt").write_text(distinct(0), encoding="utf-8")
    write_documents(path, [Document("a", distinct(0), [], META)])
    options = ("--intended", tmp_path / "none.jsonl")
    assert invoke(path, *options).exit_code == 0
    result = invoke(path, *options, "--against", folder)
    assert result.exit_code == 1
    assert result.output == f"{path}: a: 0: shares 100.0% of its sequences with texts of others\n"


def test_the_corpus_passes() -> None:
    result = invoke(
        CORPUS / "articles.jsonl",
        *("--intended", CORPUS / "intended.jsonl", "--against", ROOT / "seeds"),
    )
    assert (result.exit_code, result.output.count("\n")) == (0, 1), result.output


def test_every_intended_passage_is_in_its_article() -> None:
    texts = {d.id: d.text for d in read_documents(CORPUS / "articles.jsonl")}
    for row in read_intended(CORPUS / "intended.jsonl"):
        assert texts[row.id].count(row.text) == 1


def test_the_corpus_would_fail_without_its_list() -> None:
    found = sorted(lint(read_documents(CORPUS / "articles.jsonl")))
    assert {f.id for f in found} == {r.id for r in read_intended(CORPUS / "intended.jsonl")}
