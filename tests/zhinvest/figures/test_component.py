"""Tests of the component: readings on spans, in bytes, behind words, in several processes."""

from pathlib import Path

import pytest
import spacy
from spacy.language import Language
from spacy.tokens import Doc

from zhinvest.documents import Document
from zhinvest.figures import read_figure
from zhinvest.figures.reading import FIGURE_LABELS

TEXT = "总投资约12-15亿元，年产电池10GWh，落户常州。"


@pytest.fixture
def figures(characters: Language) -> Language:
    """A pipeline of rules that finds the entities of TEXT, and the component."""
    ruler = characters.add_pipe("entity_ruler")
    patterns = [("MONEY", "12-15亿元"), ("CAPACITY", "10GWh"), ("PLACE", "常州")]
    ruler.add_patterns([{"label": label, "pattern": text} for label, text in patterns])  # type: ignore[attr-defined]
    characters.add_pipe("zhinvest_figures")
    return characters


def readings(doc: Doc) -> dict[str, list[dict[str, str | None]]]:
    return {ent.text: ent._.figures for ent in doc.ents}


def test_readings_of_spans(figures: Language) -> None:
    found = readings(figures(TEXT))
    assert found["12-15亿元"] == [
        {"low": "1200000000", "high": "1500000000", "unit": "CNY", "period": None, "bound": "range"}
    ]
    assert found["10GWh"] == [
        {"low": "10000000", "high": "10000000", "unit": "kWh", "period": "year", "bound": "exact"}
    ]
    assert found["常州"] == []


def test_readings_survive_bytes_and_disk(figures: Language, tmp_path: Path) -> None:
    doc = figures(TEXT)
    copy = Doc(figures.vocab).from_bytes(doc.to_bytes())
    assert readings(copy) == readings(doc)
    figures.to_disk(tmp_path)
    assert readings(spacy.load(tmp_path)(TEXT)) == readings(doc)


def test_several_processes(figures: Language) -> None:
    docs = list(figures.pipe([TEXT] * 4, n_process=2))
    assert [readings(doc) for doc in docs] == [readings(figures(TEXT))] * 4


@pytest.mark.parametrize("where", ["before", "after"])
def test_words_keep_the_readings(pipeline: Language, gold: list[Document], where: str) -> None:
    pipeline.add_pipe("zhinvest_figures", name="figures", **{where: "words"})
    try:
        found = [ent for document in gold for ent in pipeline(document.text).ents]
    finally:
        pipeline.remove_pipe("figures")
    figures = [ent for ent in found if ent.label_ in FIGURE_LABELS]
    assert len(figures) > 5
    for ent in figures:
        span = (ent.start_char, ent.end_char, ent.label_)
        assert ent._.figures == read_figure(ent.doc.text, *span)
