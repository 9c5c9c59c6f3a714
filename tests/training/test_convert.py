"""Tests of the conversion to spaCy's format: nothing lost, nothing claimed that is not known."""

from pathlib import Path

import pytest
from spacy.language import Language
from spacy.tokens import Doc, DocBin
from spacy.training import Example
from typer.testing import CliRunner

from tests.conftest import TINY, UNER
from training.convert import LostEntitiesError, app, lost_entities, to_doc, words_first
from zhinvest.documents import CorpusError, Document, read_documents, write_documents
from zhinvest.scorer import Span, doc_spans

MISSING, OUTSIDE = 0, 2


def convert(*arguments: str | Path) -> str:
    """Run the command; its output, or the exception that ended it."""
    result = CliRunner().invoke(app, [str(argument) for argument in arguments])
    if result.exception:
        raise result.exception
    return result.output


def document(text: str, *ents: tuple[str, str]) -> Document:
    """Return a document with the first occurrence of each surface as an entity."""
    spans: list[Span] = [
        (text.index(surface), text.index(surface) + len(surface), label) for surface, label in ents
    ]
    return Document("d", text, sorted(spans))


def read_docs(path: Path, nlp: Language) -> list[Doc]:
    return list(DocBin().from_disk(path).get_docs(nlp.vocab))


# --- gold ----------------------------------------------------------------------------------------


def test_gold_keeps_every_text_and_span(gold_spacy: Path, characters: Language) -> None:
    docs = read_docs(gold_spacy, characters)
    gold = read_documents(TINY)
    assert [doc.text for doc in docs] == [d.text for d in gold]
    assert [doc_spans(doc) for doc in docs] == [d.ents for d in gold]


def test_gold_knows_every_token(gold_spacy: Path, characters: Language) -> None:
    iob = {token.ent_iob for doc in read_docs(gold_spacy, characters) for token in doc}
    assert MISSING not in iob
    assert OUTSIDE in iob


def test_gold_joins_files_and_counts_them(tmp_path: Path, characters: Language) -> None:
    first, second = tmp_path / "a.jsonl", tmp_path / "b.jsonl"
    write_documents(first, [document("青川重工投产。", ("青川重工", "ORG"))])
    write_documents(second, [document("项目在太原。", ("太原", "PLACE")), Document("e", "无。")])
    output = convert("gold", first, second, "--output", tmp_path / "out" / "all.spacy")
    assert "3 documents, 2 entities, 0 lost" in output
    docs = read_docs(tmp_path / "out" / "all.spacy", characters)
    assert [doc.text for doc in docs] == ["青川重工投产。", "项目在太原。", "无。"]


@pytest.mark.parametrize(
    ("text", "surface", "label"),
    [
        ("总投资120亿元", "20亿元", "MONEY"),
        ("由ABCD公司建设", "BCD公司", "ORG"),
        ("产(chǎn)能", "(chǎn)能", "CAPACITY"),
        ("年产5GWh电池", "5GW", "CAPACITY"),
    ],
)
def test_gold_fails_where_a_token_cuts_an_entity(
    tmp_path: Path, text: str, surface: str, label: str
) -> None:
    faulty = document(text, (surface, label))
    write_documents(tmp_path / "a.jsonl", [Document("good", "甲。"), faulty])
    output = tmp_path / "out" / "a.spacy"
    with pytest.raises(LostEntitiesError) as raised:
        convert("gold", tmp_path / "a.jsonl", "--output", output)
    assert repr(faulty.id) in str(raised.value)
    assert repr(surface) in str(raised.value)
    assert not output.parent.exists() or not list(output.parent.iterdir())


def test_a_failed_build_leaves_the_former_file(tmp_path: Path) -> None:
    output = tmp_path / "a.spacy"
    write_documents(tmp_path / "a.jsonl", [document("甲厂投产", ("甲厂", "ORG"))])
    convert("gold", tmp_path / "a.jsonl", "--output", output)
    former = output.read_bytes()
    write_documents(tmp_path / "a.jsonl", [document("总投资120亿元", ("20亿元", "MONEY"))])
    with pytest.raises(LostEntitiesError):
        convert("gold", tmp_path / "a.jsonl", "--output", output)
    assert output.read_bytes() == former


def test_the_message_lists_all_that_a_document_loses(characters: Language) -> None:
    faulty = document("120亿元与ABCD公司", ("20亿元", "MONEY"), ("BCD公司", "ORG"))
    with pytest.raises(LostEntitiesError) as raised:
        to_doc(characters, faulty)
    assert "[1, 5, 'MONEY'] '20亿元', [7, 12, 'ORG'] 'BCD公司'" in str(raised.value)


# --- public sets: what they do not say -----------------------------------------------------------


def marked(doc: Doc, iob: int) -> str:
    """Return the tokens of `doc` that have the given IOB code, with blanks between them."""
    return " ".join(token.text for token in doc if token.ent_iob == iob)


PARTIAL = [
    pytest.param("甲厂投资3亿元。", [("甲厂", "ORG")], "3 亿 元", "投 资 。", id="an amount"),
    pytest.param("投资三十亿元，开工", [], "三 十 亿 元", "投 资 ， 开 工", id="in Han numerals"),
    pytest.param("年产１０万辆；", [], "１０ 万 辆", "年 产 ；", id="full width"),
    pytest.param("兩千萬、數億元", [], "兩 千 萬 數 億 元", "、", id="traditional script"),
    pytest.param("投资3亿元 建厂", [], "3 亿 元", "投 资 建 厂", id="a stretch ends at a blank"),
    pytest.param("20GWh(一期)", [], "20 GWh ( 一 期 )", "", id="a stretch holds brackets"),
    pytest.param(
        "3甲乙丙丁戊己庚辛壬癸子丑寅卯。",
        [],
        "3 甲 乙 丙 丁 戊 己 庚 辛 壬 癸 子 丑",
        "寅 卯 。",
        id="a stretch ends after twelve characters",
    ),
    pytest.param(
        "三一重工在太原。",
        [("三一重工", "ORG"), ("太原", "PLACE")],
        "在",
        "。",
        id="an entity that begins with a numeral stays",
    ),
    pytest.param(
        "投资3亿元在太原建厂。",
        [("太原", "PLACE")],
        "3 亿 元 在 建 厂",
        "投 资 。",
        id="an entity within a stretch stays",
    ),
    pytest.param("甲厂开工。", [("甲厂", "ORG")], "", "开 工 。", id="no numeral"),
]


@pytest.mark.parametrize(("text", "ents", "missing", "outside"), PARTIAL)
def test_partial_marks_stretches_of_figures_as_missing(
    characters: Language, text: str, ents: list[tuple[str, str]], missing: str, outside: str
) -> None:
    doc = to_doc(characters, document(text, *ents), partial=True)
    assert marked(doc, MISSING) == missing
    assert marked(doc, OUTSIDE) == outside
    assert doc_spans(doc) == document(text, *ents).ents


@pytest.mark.parametrize(
    ("text", "ents", "widened"),
    [
        ("tenec尼美根厂", [("nec尼美根", "ORG")], [("tenec尼美根", "ORG")]),
        ("tenec厂", [("te", "ORG"), ("nec", "ORG")], [("tenec", "ORG")]),
        ("tenec尼美根厂", [("te", "ORG"), ("nec尼美根", "PLACE")], [("tenec尼美根", "PLACE")]),
    ],
)
def test_partial_widens_an_entity_to_its_tokens(
    characters: Language,
    text: str,
    ents: list[tuple[str, str]],
    widened: list[tuple[str, str]],
) -> None:
    doc = to_doc(characters, document(text, *ents), partial=True)
    assert [(ent.text, ent.label_) for ent in doc.ents] == widened


def write_public(folder: Path, *sentences: str) -> Path:
    """Write an MSRA file of sentences in which nothing is an entity but 甲."""
    path = folder / "msra.txt"
    rows = ("\n".join(f"{c}\t{'B-LOC' if c == '甲' else 'O'}" for c in s) for s in sentences)
    path.write_text("\n\n".join(rows) + "\n", encoding="utf-8")
    return path


def test_public_groups_sentences_a_line_each(tmp_path: Path, characters: Language) -> None:
    source = write_public(tmp_path, "在甲地。", "乙甲。", "甲。")
    output = tmp_path / "a.spacy"
    convert("public", f"msra:{source}", "--group", "2", "--output", output)
    docs = read_docs(output, characters)
    assert [doc.text for doc in docs] == ["在甲地。\n乙甲。\n", "甲。\n"]
    assert [doc_spans(doc) for doc in docs] == [
        [(1, 2, "PLACE"), (6, 7, "PLACE")],
        [(0, 1, "PLACE")],
    ]


def test_public_keeps_missing_in_the_file(tmp_path: Path, characters: Language) -> None:
    source = write_public(tmp_path, "甲投3亿元，开工")
    convert("public", f"msra:{source}", "--output", tmp_path / "a.spacy")
    (doc,) = read_docs(tmp_path / "a.spacy", characters)
    assert marked(doc, MISSING) == "3 亿 元"
    assert marked(doc, OUTSIDE).split() == ["投", "，", "开", "工"]


def test_public_takes_the_same_sample_each_time(tmp_path: Path, characters: Language) -> None:
    source = write_public(tmp_path, *(f"句{n}。" for n in range(30)))
    texts = []
    for name in ("a", "b"):
        output = tmp_path / f"{name}.spacy"
        convert("public", f"msra:{source}", "--sentences", "8", "--output", output)
        texts.append([doc.text for doc in read_docs(output, characters)])
    assert texts[0] == texts[1]
    sentences = "".join(texts[0]).split()
    assert len(sentences) == len(set(sentences)) == 8


def test_public_reads_several_sets(tmp_path: Path, characters: Language) -> None:
    source = write_public(tmp_path, "甲。")
    output = convert(
        "public", f"msra:{source}", f"uner:{UNER}", "--group", "1", "--output", tmp_path / "a.spacy"
    )
    docs = read_docs(tmp_path / "a.spacy", characters)
    assert docs[0].text == "甲。\n"
    assert docs[1].text == "上海的工厂今天开工。\n"
    assert f"{len(docs)} documents" in output


@pytest.mark.parametrize("asset", ["ontonotes:a.txt", "msra", "msra:", "a.txt"])
def test_public_names_an_asset_it_cannot_read(tmp_path: Path, asset: str) -> None:
    result = CliRunner().invoke(app, ["public", asset, "--output", str(tmp_path / "a.spacy")])
    assert result.exit_code == 2
    assert asset in result.output
    assert not list(tmp_path.iterdir())


# --- training on what is missing -----------------------------------------------------------------


def test_the_aligned_ner_of_missing_tokens_is_none(characters: Language) -> None:
    reference = to_doc(characters, document("甲厂投3亿元。", ("甲厂", "ORG")), partial=True)
    example = Example(characters.make_doc(reference.text), reference)
    assert example.get_aligned_ner() == ["B-ORG", "L-ORG", "O", None, None, None, "O"]


def money_loss(nlp: Language, characters: Language, *, partial: bool) -> float:
    """Return the loss of a pipeline that says MONEY on a text whose gold holds no MONEY."""
    reference = to_doc(characters, document("总投资3亿元。"), partial=partial)
    example = Example(nlp.make_doc(reference.text), reference)
    ner = nlp.get_pipe("ner")
    losses: dict[str, float] = ner.update([example], sgd=None, losses={})
    return losses["ner"]


def test_training_does_not_punish_money_where_it_is_not_known(characters: Language) -> None:
    nlp = _money_reader(characters)
    assert [ent.label_ for ent in nlp("总投资3亿元。").ents] == ["MONEY"]
    known, unknown = (money_loss(nlp, characters, partial=flag) for flag in (False, True))
    assert known > 1
    assert unknown < known / 10


def _money_reader(characters: Language) -> Language:
    """Return a small pipeline trained until it reads 3亿元 as MONEY."""
    gold = to_doc(characters, document("总投资3亿元。", ("3亿元", "MONEY")))
    characters.add_pipe("ner")
    example = Example(characters.make_doc(gold.text), gold)
    optimizer = characters.initialize(lambda: [example])
    optimizer.learn_rate = 0.01
    for _ in range(30):
        characters.update([example], sgd=optimizer)
    return characters


# --- lost ----------------------------------------------------------------------------------------

CUT = Document("cut", "上海的工厂今天开工。", [(0, 2, "PLACE"), (3, 4, "ORG"), (6, 9, "ORG")])
"""A made-up case: `工` of the word `工厂`, and `天开工` across the word `今天`, as entities."""


def test_lost_counts_none_characters_first_and_some_words_first(
    tmp_path: Path, segmenter: Path
) -> None:
    path = tmp_path / "cut.jsonl"
    write_documents(path, [CUT])
    assert convert("lost", path) == f"{path}: 0 of 3 entities lost\n"
    words = convert("lost", path, "--segmenter", segmenter)
    assert words == f"{path}: 2 of 3 entities lost\n"


def test_lost_reports_each_file(tmp_path: Path) -> None:
    write_documents(tmp_path / "a.jsonl", [document("投120亿元", ("20亿元", "MONEY")), CUT])
    lines = convert("lost", tmp_path / "a.jsonl", TINY).splitlines()
    assert lines[0] == f"{tmp_path / 'a.jsonl'}: 1 of 4 entities lost"
    assert lines[1].startswith(f"{TINY}: 0 of ")


def test_words_first_is_spacys_chinese_tokenizer(segmenter: Path) -> None:
    doc = words_first(segmenter)(CUT.text)
    assert [token.text for token in doc] == ["上海", "的", "工厂", "今天", "开工", "。"]
    assert lost_entities(doc, CUT) == [(3, 4, "ORG"), (6, 9, "ORG")]


def test_no_token_of_the_tiny_corpus_crosses_an_entity(characters: Language) -> None:
    for gold in read_documents(TINY):
        doc = characters(gold.text)
        assert {start for start, _, _ in gold.ents} <= {token.idx for token in doc}
        assert {end for _, end, _ in gold.ents} <= {token.idx + len(token) for token in doc}


def test_faulty_articles_are_a_corpus_error(tmp_path: Path) -> None:
    path = tmp_path / "a.jsonl"
    path.write_text('{"id": "a", "text": "甲厂", "ents": [[0, 3, "ORG"]]}\n', encoding="utf-8")
    with pytest.raises(CorpusError, match="offsets outside the text"):
        convert("gold", path, "--output", tmp_path / "a.spacy")
