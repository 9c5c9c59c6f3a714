"""Tests of noise put together: entities, the augmenter, and the noised part of the corpus."""

from collections import Counter
from importlib.metadata import version
from itertools import combinations, pairwise
from pathlib import Path
from random import Random

import pytest
import spacy
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from spacy.language import Language
from spacy.tokens import Doc, DocBin, Span
from spacy.training import Corpus, Example
from spacy.util import import_file, load_config_from_str, registry
from typer.testing import CliRunner

from tests.annotated import RNGS, annotated, surfaces
from tests.conftest import ROOT, TINY
from tests.training.test_typography import without_tags
from training.convert import CHARACTERS, lost_entities, to_doc
from training.noise import (
    NOISES,
    RECIPES,
    SUFFIX,
    app,
    make_noise_augmenter,
    noised,
    noised_articles,
    noised_copies,
)
from training.script import USAGES
from zhinvest.documents import CorpusError, Document, read_documents, write_documents
from zhinvest.normalise import normalise

ARTICLES = ROOT / "corpus" / "articles.jsonl"
NOISED = ROOT / "corpus" / "noised.jsonl"
CONFIG = """
[train]
@readers = "spacy.Corpus.v1"
path = "{path}"
gold_preproc = false
max_length = 0
limit = 0

[train.augmenter]
@augmenters = "zhinvest.noise.v1"
level = 1.0
kinds = ["gloss", "tags", "reword", "furniture", "hant-tw"]
seed = 3
"""
NLP = spacy.blank("zh", config=CHARACTERS)
KINDS = st.sets(st.sampled_from([kind for kind in NOISES if kind not in USAGES]))
SCRIPTS = st.sets(st.sampled_from(list(USAGES)), max_size=1)


def check_spans(document: Document) -> None:
    assert all(surface and surface == surface.strip() for surface, _ in surfaces(document))
    assert all(first[1] <= second[0] for first, second in pairwise(document.ents))
    assert lost_entities(NLP.make_doc(document.text), document) == []


@given(annotated(), KINDS, SCRIPTS, RNGS)
@settings(max_examples=300, deadline=None)
def test_any_noise_keeps_the_entities(document, kinds, scripts, rng):
    assume(not lost_entities(NLP.make_doc(document.text), document))
    result = noised(document, kinds | scripts, rng)
    check_spans(result)
    labels = Counter(label for _, _, label in result.ents)
    assert labels >= Counter(label for _, _, label in document.ents)


@pytest.mark.parametrize("kind", NOISES)
def test_every_noise_keeps_the_entities_of_real_articles(kind):
    for seed, document in enumerate(read_documents(TINY)):
        check_spans(noised(document, [kind], Random(seed)))


def test_glosses_bring_the_script_of_the_mainland():
    results = {noised(Document("a", "产业区", []), ["gloss"], Random(s)).text for s in range(20)}
    assert all("產" in text for text in results) and any("(chǎn)" in text for text in results)


@pytest.mark.parametrize("kinds", [["hant-cn", "hant-tw"], ["pinyin"]])
def test_unknown_noise_and_two_scripts_are_refused(kinds):
    with pytest.raises(ValueError, match=r"unknown noise|one script"):
        noised(Document("a", "甲", []), kinds, Random(0))


def test_the_same_seed_gives_the_same_noise():
    document = read_documents(TINY)[0]
    kinds = [kind for kind in NOISES if kind not in USAGES]
    first, second = (noised(document, kinds, Random(7)) for _ in range(2))
    assert first == second


# The augmenter


def bin_of(folder: Path, docs: list[Doc]) -> Path:
    DocBin(docs=docs).to_disk(folder / "train.spacy")
    return folder / "train.spacy"


def example_of(nlp: Language, doc: Doc) -> Example:
    return Example(nlp.make_doc(doc.text), doc)


def test_augmenter_of_a_config_noises_the_examples_of_a_corpus(tmp_path):
    import_file("python_code", ROOT / "training" / "noise.py")  # as `spacy train --code` does
    documents = read_documents(TINY)
    path = bin_of(tmp_path, [to_doc(NLP, document) for document in documents])
    config = load_config_from_str(CONFIG.format(path=path))
    examples = list(registry.resolve(config)["train"](NLP))
    for example, document in zip(examples, documents, strict=True):
        reference = example.reference
        assert example.text == reference.text != document.text
        assert [t.text for t in example.predicted] == [t.text for t in reference]
        assert all(token.ent_iob for token in reference)
        found = Counter(ent.label_ for ent in reference.ents)
        assert found >= Counter(label for _, _, label in document.ents)


@pytest.mark.parametrize(("level", "changed"), [(0.0, 0), (1.0, 40)])
def test_level_is_the_share_of_noised_examples(tmp_path, level, changed):
    docs = [NLP("甲厂在上海产业区投资3亿元。") for _ in range(40)]
    augmenter = make_noise_augmenter(level, ["furniture"])
    corpus = Corpus(bin_of(tmp_path, docs), augmenter=augmenter)
    assert sum(example.text != docs[0].text for example in corpus(NLP)) == changed


def test_half_the_level_noises_about_half():
    augmenter = make_noise_augmenter(0.5, ["hant-cn"], seed=1)
    doc = NLP("产业区")
    texts = [next(augmenter(NLP, example_of(NLP, doc))).text for _ in range(200)]
    assert 70 < texts.count("產業區") < 130


@pytest.mark.parametrize("kind", NOISES)
def test_augmenter_keeps_missing_annotation(kind):
    text = "甲厂在上海 投资约3.5亿元开发产业。"
    doc = to_doc(NLP, Document("a", text, [(0, 2, "ORG"), (3, 5, "PLACE")]), partial=True)
    unknown = "".join(token.text for token in doc if not token.ent_iob)
    assert unknown == "3.5亿元开发产业"
    for seed in range(10):
        (example,) = make_noise_augmenter(1.0, [kind], seed=seed)(NLP, example_of(NLP, doc))
        missing = "".join(token.text for token in example.reference if not token.ent_iob)
        assert without_tags(normalise(missing)) == unknown


def test_augmenter_takes_a_document_without_any_annotation():
    augmenter = make_noise_augmenter(1.0, ["tags", "hant-hk"])
    for _ in range(20):
        (example,) = augmenter(NLP, example_of(NLP, NLP("\n产业区。\n")))
        assert not example.reference.ents


def test_augmenter_passes_on_an_example_of_which_the_tokenizer_would_cut_an_entity():
    nlp = spacy.blank("en")
    doc = Doc(nlp.vocab, ["上海", "产业", "区"], spaces=[False] * 3)
    doc.set_ents([Span(doc, 1, 2, "ORG")])
    example = example_of(nlp, doc)
    assert list(make_noise_augmenter(1.0, ["hant-cn"])(nlp, example)) == [example]


@pytest.mark.parametrize(("level", "kinds"), [(1.5, ["tags"]), (0.5, []), (0.5, ["pinyin"])])
def test_augmenter_refuses_wrong_arguments(level, kinds):
    with pytest.raises(ValueError, match=r"level must be|unknown noise"):
        make_noise_augmenter(level, kinds)


# The noised part of the corpus


@pytest.fixture(scope="module")
def clean() -> list[Document]:
    return read_documents(ARTICLES)


@pytest.fixture(scope="module")
def noisy() -> list[Document]:
    return read_documents(NOISED)


def test_noised_corpus_is_current(clean, noisy):
    pinned = (ROOT / "requirements" / "dev.txt").read_text()
    if f"opencc=={version('opencc')}\n" not in pinned:
        pytest.skip("the corpus is built with the pinned version of OpenCC, whose tables change")
    assert noisy == noised_articles(clean), (
        "run `python -m training.noise apply corpus/articles.jsonl --output corpus/noised.jsonl`"
    )


def test_no_entity_of_the_noised_corpus_is_lost(noisy):
    assert [ent for d in noisy for ent in lost_entities(NLP.make_doc(d.text), d)] == []


def test_noised_corpus_covers_scripts_and_noise(clean, noisy):
    forms = {document.id.removesuffix(SUFFIX): document for document in noisy}
    articles = [forms.get(document.id, document) for document in clean]
    scripts = Counter(document.meta["script"] for document in articles)
    assert sum(scripts[script] for script in USAGES) >= 40
    assert all(scripts[script] >= 10 for script in USAGES)
    noises = [set(document.meta["noise"]) for document in noisy]
    assert sum("reword" in noise for noise in noises) >= 30
    several = [noise - {"reword"} for noise in noises if len(noise - {"reword"}) >= 2]
    assert len(several) >= 40
    assert all(sum(kind in noise for noise in noises) >= 15 for kind in NOISES.keys() - USAGES)
    assert len({document.meta["kind"] for document in noisy}) >= 12


def test_noised_articles_do_not_resemble_each_other(noisy):
    parts = [{d.text[i : i + 8] for i in range(len(d.text) - 7)} for d in noisy]
    assert max(len(a & b) / min(len(a), len(b)) for a, b in combinations(parts, 2)) < 0.08


def test_editing_an_article_changes_its_noised_form_alone(clean):
    before = noised_articles(clean)
    chosen = before[0].id.removesuffix(SUFFIX)
    edited = [Document(d.id, d.text + "完", d.ents, d.meta) if d.id == chosen else d for d in clean]
    assert noised_articles(edited)[1:] == before[1:]
    assert noised_articles(edited)[0] != before[0]


def test_too_few_articles_are_an_error():
    with pytest.raises(CorpusError, match="simplified articles"):
        noised_articles([Document("a", "甲", [], {"script": "hans", "kind": "flash"})])
    assert sum(count for _, count in RECIPES) == 99


def test_copies_are_of_a_share_of_the_documents_and_keep_their_entities(characters):
    documents = read_documents(TINY)
    copies = noised_copies(documents, 1.0)
    sources = {document.id: document for document in documents}
    assert 0 < len(copies) <= len(documents)
    assert len(noised_copies(documents, 0.0)) == 0
    assert len(noised_copies(documents, 0.5)) < len(copies)
    for copy in copies:
        source = sources[copy.id.removesuffix(SUFFIX)]
        assert {label for *_, label in source.ents} <= {label for *_, label in copy.ents}
        assert not lost_entities(characters(copy.text), copy)
    assert any(copy.text != sources[copy.id.removesuffix(SUFFIX)].text for copy in copies)


def test_copies_repeat_themselves_and_depend_on_their_own_document_alone():
    documents = read_documents(TINY)
    whole = {copy.id: copy for copy in noised_copies(documents, 1.0)}
    assert all(whole[copy.id] == copy for copy in noised_copies(documents[3:], 1.0))
    assert any(whole[copy.id] != copy for copy in noised_copies(documents, 1.0, seed=1))


def test_a_short_document_gets_no_furniture_and_a_traditional_one_stays():
    short = [
        Document(str(n), "雲林縣投資3億元", [(0, 3, "PLACE")], {"script": "hant-tw"})
        for n in range(40)
    ]
    for copy in noised_copies(short, 1.0):
        assert len(normalise(without_tags(copy.text))) < 40
        assert "云" not in copy.text


def test_vary_writes_the_copies(tmp_path):
    result = CliRunner().invoke(app, ["vary", str(TINY), "--output", str(tmp_path / "c.jsonl")])
    assert result.exit_code == 0, result.output
    copies = read_documents(tmp_path / "c.jsonl")
    assert f"copies of {len(copies)} of {len(read_documents(TINY))} documents" in result.output


def test_cost_measures_every_kind_of_noise(tmp_path):
    nlp = spacy.blank("zh", config=CHARACTERS)
    ruler = nlp.add_pipe("entity_ruler")
    ruler.add_patterns([{"label": "PLACE", "pattern": [{"ORTH": "上"}, {"ORTH": "海"}]}])
    nlp.to_disk(tmp_path / "model")
    ents = [(0, 2, "PLACE")]
    write_documents(tmp_path / "gold.jsonl", [Document("a", "上海的产业园。", ents)])
    arguments = ["cost", str(tmp_path / "model"), str(tmp_path / "gold.jsonl")]
    result = CliRunner().invoke(app, arguments)
    assert result.exit_code == 0, result.output
    lines = result.output.splitlines()
    assert [line.split()[0] for line in lines] == ["clean", *NOISES]
    assert lines[0].split()[1] == "1.000"
    assert "width      1.000 +0.000" in lines
