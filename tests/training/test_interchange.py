"""Tests of the formats of other tools: what goes out comes back, whatever the text."""

import json
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
import spacy
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from spacy.tokens import Doc, DocBin
from typer.testing import CliRunner

from tests.conftest import ROOT, TINY
from training.interchange import CODECS, Format, app, read_foreign
from zhinvest.documents import CorpusError, Document, read_documents, write_documents
from zhinvest.labels import LABELS
from zhinvest.scorer import Span

FORMATS = list(Format)
META: dict[str, Any] = {"kind": "flash", "region": ["浙江", "北京"], "n": 1.5, "空 白": None}
AWKWARD = "甲 厂\n\n在\u3000乙\t市\r\n投\u2028资🚗3亿元,-X- O\ufeffU+000A\x00 "
ENTS: list[Span] = [
    (AWKWARD.index(surface), AWKWARD.index(surface) + len(surface), label)
    for surface, label in (("甲 厂", "ORG"), ("乙\t市\r\n投", "PLACE"), ("3亿元", "MONEY"))
]


def text_ents() -> st.SearchStrategy[Document]:
    """Articles of any text, with entities that do not overlap or have blanks at an edge."""
    texts = st.text(
        st.one_of(
            st.characters(exclude_categories=["Cs"]),
            st.sampled_from("甲乙丙\n\r\t \u3000\u2028\x85\x1c🚗"),
        ),
        max_size=30,
    )
    return st.builds(_article, st.text(max_size=5), texts, st.data(), METAS)


METAS = st.dictionaries(
    st.text(st.characters(exclude_categories=["Cs"]), max_size=5),
    st.recursive(
        st.none()
        | st.booleans()
        | st.integers()
        | st.floats(allow_nan=False, allow_infinity=False)
        | st.text(st.characters(exclude_categories=["Cs"]), max_size=5),
        lambda inner: st.lists(inner, max_size=3),
        max_leaves=4,
    ),
    max_size=3,
)


def _article(id: str, text: str, data: Any, meta: dict[str, Any]) -> Document:
    cuts = sorted(data.draw(st.sets(st.integers(0, len(text)), max_size=8)))
    ents: list[Span] = [
        (start, end, data.draw(st.sampled_from(LABELS)))
        for start, end in pairwise(cuts)
        if text[start:end] == text[start:end].strip() and data.draw(st.booleans())
    ]
    return Document(id, text, ents, meta)


def round_trip(format: Format, documents: list[Document], folder: Path) -> list[Document]:
    path = folder / "file"
    path.write_bytes(CODECS[format].write(documents))
    return read_foreign(format, path)


def fault(format: Format, content: str | bytes, folder: Path) -> str:
    path = folder / "file"
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    with pytest.raises(CorpusError) as raised:
        read_foreign(format, path)
    return str(raised.value)


# --- round trips ---------------------------------------------------------------------------------


@pytest.mark.parametrize("format", FORMATS)
@settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(documents=st.lists(text_ents(), max_size=3, unique_by=lambda d: d.id))
def test_any_articles_come_back(tmp_path: Path, format: Format, documents: list[Document]) -> None:
    assert round_trip(format, documents, tmp_path) == documents


@pytest.mark.parametrize("format", FORMATS)
def test_the_awkward_article_comes_back(tmp_path: Path, format: Format) -> None:
    articles = [Document("甲 1", AWKWARD, ENTS, META), Document("2", ""), Document("3", "\n")]
    assert round_trip(format, articles, tmp_path) == articles


@pytest.mark.parametrize("format", FORMATS)
def test_neighbours_with_the_same_label_stay_two(tmp_path: Path, format: Format) -> None:
    articles = [Document("1", "甲乙丙\n丁", [(0, 1, "ORG"), (1, 2, "ORG"), (2, 5, "ORG")])]
    assert round_trip(format, articles, tmp_path) == articles


@pytest.mark.parametrize("format", FORMATS)
def test_the_command_line_there_and_back(tmp_path: Path, format: Format) -> None:
    foreign, back = tmp_path / "out" / "foreign", tmp_path / "back" / "articles.jsonl"
    for arguments in (["export", format, TINY, foreign], ["import", format, foreign, back]):
        result = CliRunner().invoke(app, [str(argument) for argument in arguments])
        assert result.exit_code == 0, result.output
    assert read_documents(back) == read_documents(TINY)


@pytest.mark.parametrize("format", FORMATS)
def test_the_corpus_comes_back(tmp_path: Path, format: Format) -> None:
    corpus = read_documents(ROOT / "corpus" / "articles.jsonl")[::12]
    assert round_trip(format, corpus, tmp_path) == corpus


# --- what the tools see --------------------------------------------------------------------------

FACTORY = [Document("a-1", "甲厂 在\n乙市", [(0, 2, "ORG"), (5, 7, "PLACE")], {"kind": "flash"})]


def test_a_row_of_doccano() -> None:
    row = json.loads(CODECS[Format.DOCCANO].write(FACTORY))
    assert row == {
        "text": "甲厂 在\n乙市",
        "label": [[0, 2, "ORG"], [5, 7, "PLACE"]],
        "article": "a-1",
        "meta": {"kind": "flash"},
    }


def test_what_doccano_adds_is_left(tmp_path: Path) -> None:
    row = json.loads(CODECS[Format.DOCCANO].write(FACTORY)) | {"id": 17, "Comments": ["?"]}
    (tmp_path / "file").write_text(json.dumps(row), encoding="utf-8")
    assert read_foreign(Format.DOCCANO, tmp_path / "file") == FACTORY


def test_a_task_of_label_studio() -> None:
    [task] = json.loads(CODECS[Format.LABEL_STUDIO].write(FACTORY))
    assert task["data"] == {"text": "甲厂 在\n乙市", "article": "a-1", "meta": {"kind": "flash"}}
    [annotation] = task["annotations"]
    assert annotation["result"][1] == {
        "id": "5-7",
        "from_name": "label",
        "to_name": "text",
        "type": "labels",
        "value": {"start": 5, "end": 7, "text": "乙市", "labels": ["PLACE"]},
    }


def test_what_label_studio_adds_is_left(tmp_path: Path) -> None:
    [task] = json.loads(CODECS[Format.LABEL_STUDIO].write(FACTORY))
    task |= {"id": 4, "predictions": [], "total_annotations": 2}
    task["annotations"].append({"id": 9, "was_cancelled": True, "result": []})
    task["annotations"][0]["result"].append({"type": "choices", "value": {"choices": ["x"]}})
    (tmp_path / "file").write_text(json.dumps([task]), encoding="utf-8")
    assert read_foreign(Format.LABEL_STUDIO, tmp_path / "file") == FACTORY


def test_lines_of_conll() -> None:
    lines = CODECS[Format.CONLL].write(FACTORY).decode().split("\n")
    assert lines[0].split(" ")[::3] == ["-DOCSTART-", "O"]
    assert lines[1:] == [
        "",
        "甲 -X- -X- B-ORG",
        "厂 -X- -X- I-ORG",
        "U+0020 -X- -X- O",
        "在 -X- -X- O",
        "U+000A -X- -X- O",
        "",
        "乙 -X- -X- B-PLACE",
        "市 -X- -X- I-PLACE",
        "",
        "",
    ]


def test_no_sentence_of_conll_ends_within_an_entity() -> None:
    broken = [Document("1", "甲\n厂\n乙", [(0, 3, "ORG")])]
    written = CODECS[Format.CONLL].write(broken).decode()
    assert "U+000A -X- -X- I-ORG\n厂" in written
    assert "U+000A -X- -X- O\n\n乙" in written


def test_every_line_of_conll_has_four_columns() -> None:
    written = CODECS[Format.CONLL].write([Document("a b", AWKWARD, ENTS, META)]).decode()
    assert {len(line.split()) for line in written.splitlines() if line} == {4}


def test_the_docs_of_a_docbin() -> None:
    data = CODECS[Format.DOCBIN].write(FACTORY)
    [doc] = DocBin().from_bytes(data).get_docs(spacy.blank("zh").vocab)
    assert doc.text == FACTORY[0].text
    assert [token.text for token in doc] == list(FACTORY[0].text)
    assert [(ent.text, ent.label_) for ent in doc.ents] == [("甲厂", "ORG"), ("乙市", "PLACE")]


def test_a_docbin_of_words_is_read(tmp_path: Path) -> None:
    tags = ["B-ORG", "O", "B-PLACE"]
    doc = Doc(spacy.blank("zh").vocab, ["甲厂", "在", "乙市"], [True, False, False], ents=tags)
    doc.user_data["id"] = "a"
    DocBin(docs=[doc], store_user_data=True).to_disk(tmp_path / "file")
    [article] = read_foreign(Format.DOCBIN, tmp_path / "file")
    assert article == Document("a", "甲厂 在乙市", [(0, 2, "ORG"), (4, 6, "PLACE")])


# --- faults --------------------------------------------------------------------------------------

START = "-DOCSTART- %221%22 %7B%7D O\n\n"


@pytest.mark.parametrize(
    ("format", "content", "message"),
    [
        (Format.DOCCANO, '{"text": "甲"}', "file:1: not {article, text, label}"),
        (Format.DOCCANO, "[]\n", "file:1: not {article"),
        (Format.DOCCANO, '{"article": "1", "text": "甲"', "file:1: not JSON"),
        (Format.DOCCANO, '{"article": "1", "text": "甲", "label": [[0, 1, "LOC"]]}', "'LOC'"),
        (Format.DOCCANO, '{"article": "1", "text": "甲", "label": [[0, 2, "ORG"]]}', "offsets"),
        (Format.DOCCANO, '{"article": 1, "text": "甲", "label": []}', "'id' must be str, found 1"),
        (Format.DOCCANO, b"\xff\xff", "neither UTF-8"),
        (Format.LABEL_STUDIO, "{}", "not a list of tasks"),
        (Format.LABEL_STUDIO, "[", "not JSON"),
        (Format.LABEL_STUDIO, '[{"data": {}}]', "task 1: not {data: {article, text}"),
        (Format.CONLL, "甲 -X- -X- O\n", "file:1: '甲 -X- -X- O' before the first"),
        (Format.CONLL, START + "甲 O\n", "file:3: not 4 columns"),
        (Format.CONLL, START + "甲乙 -X- -X- O\n", "file:3: neither a character nor"),
        (Format.CONLL, START + "U+FFFFFFFFFF -X- -X- O\n", "file:3: neither a character nor"),
        (Format.CONLL, START + "甲 -X- -X- I-ORG\n", "tag 'I-ORG' at character 0"),
        (Format.CONLL, START + "甲 -X- -X- B\n", "tag 'B' at character 0"),
        (Format.CONLL, START + "甲 -X- -X- B-PER\n", "unknown label 'PER'"),
        (Format.CONLL, "-DOCSTART- -X- -X- O\n", "file:1: not percent-encoded JSON: '-X-'"),
        (Format.CONLL, START * 2, "file:3: duplicate id '1'"),
        (Format.DOCBIN, "no", "not a DocBin"),
    ],
)
def test_faults_are_named(
    tmp_path: Path, format: Format, content: str | bytes, message: str
) -> None:
    found = fault(format, content, tmp_path)
    assert message in found
    assert found.startswith(str(tmp_path / "file"))


@pytest.mark.parametrize(
    ("annotations", "message"),
    [
        ([], "task 1: not one annotation"),
        ([{"result": []}, {"result": []}], "task 1: not one annotation"),
        ([{"result": [{"type": "labels", "value": {"start": 0}}]}], "task 1: not one annotation"),
        ([None], "task 1: not one annotation"),
    ],
)
def test_annotations_that_label_studio_leaves_unclear(
    tmp_path: Path, annotations: list[Any], message: str
) -> None:
    task = {"data": {"article": "1", "text": "甲厂"}, "annotations": annotations}
    assert message in fault(Format.LABEL_STUDIO, json.dumps([task]), tmp_path)


def test_offsets_in_other_units_are_refused(tmp_path: Path) -> None:
    value = {"start": 2, "end": 4, "text": "甲厂", "labels": ["ORG"]}
    result = [{"type": "labels", "value": value}]
    task = {"data": {"article": "1", "text": "🚗甲厂好"}, "annotations": [{"result": result}]}
    assert "region [2, 4) is '厂好', its text '甲厂'" in fault(
        Format.LABEL_STUDIO, json.dumps([task]), tmp_path
    )


def test_a_docbin_without_ids_is_refused(tmp_path: Path) -> None:
    doc = spacy.blank("zh")("甲厂")
    data = DocBin(docs=[doc], store_user_data=True).to_bytes()
    assert "document 1: 'id' must be str, found None" in fault(Format.DOCBIN, data, tmp_path)


def test_user_data_that_is_not_json_is_refused(tmp_path: Path) -> None:
    doc = spacy.blank("zh")("甲厂")
    doc.user_data |= {"id": "1", "meta": "{"}
    data = DocBin(docs=[doc], store_user_data=True).to_bytes()
    assert "document 1: user data 'meta' is not JSON" in fault(Format.DOCBIN, data, tmp_path)


def test_nothing_is_written_where_the_source_is_faulty(tmp_path: Path) -> None:
    (tmp_path / "in").write_text("[]\n", encoding="utf-8")
    arguments = ["import", "doccano", str(tmp_path / "in"), str(tmp_path / "out.jsonl")]
    result = CliRunner().invoke(app, arguments)
    assert isinstance(result.exception, CorpusError)
    assert not (tmp_path / "out.jsonl").exists()


def test_an_absent_file_is_named(tmp_path: Path) -> None:
    for format in FORMATS:
        with pytest.raises(CorpusError, match=r"absent.*No such file"):
            read_foreign(format, tmp_path / "absent")


def test_unwritable_ids_are_no_issue(tmp_path: Path) -> None:
    write_documents(tmp_path / "a.jsonl", [Document("-DOCSTART- \n", "甲", [(0, 1, "ORG")])])
    articles = read_documents(tmp_path / "a.jsonl")
    assert round_trip(Format.CONLL, articles, tmp_path) == articles
