"""Tests of the ablation: its variants, what is said of them, and pipelines without a part."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import spacy
from typer.testing import CliRunner

from tests.conftest import ROOT
from tests.tiny_tagger import learn, tiny_model
from training.ablation import BASE, WHOLE, added, app, parts_of, row, seeded, variants
from zhinvest.documents import Document, write_documents
from zhinvest.evaluation.scores import evaluate
from zhinvest.scorer import Counts
from zhinvest.tagger import Tagger
from zhinvest.tags import TAGS

GOOD = [{"ORG": Counts(9, 10, 10)}, {"ORG": Counts(8, 10, 10)}] * 10
BAD = [{"ORG": Counts(3, 10, 10)}, {"PLACE": Counts(1, 10, 10)}] * 10


def test_variants() -> None:
    authored, web = [Document("a", "上海")], [Document("w", "北京"), Document("x", "天津")]
    found = variants(authored, web, Path("weights.bin"))
    assert next(iter(found)) == BASE
    assert len({variant.name for variant in found.values()}) == len(found)
    assert [d.id for d in found["without web train"].documents] == ["a"]
    assert [d.id for d in found["without the authored corpus"].documents] == ["w", "x"]
    assert len(found[BASE].documents) == 3
    assert all((ROOT / variant.config).exists() for variant in found.values())


def test_a_seed_is_a_setting_and_part_of_the_name() -> None:
    variant = variants([], [], Path("weights.bin"))["with the public sets before"]
    found = seeded(variant, 2)
    assert found.name == f"{variant.name}-2"
    assert found.settings == {"paths.init_tok2vec": "weights.bin", "system.seed": 2}
    assert "system.seed" not in variant.settings


def test_the_base_does_not_differ_from_itself() -> None:
    figures = row([GOOD, GOOD], [GOOD, GOOD])
    assert figures["ORG"] == {"mean": 0.85, "deviation": 0.0}
    assert figures["against the first"]["difference"] == 0
    assert figures["against the first"]["p"] == 1


def test_a_worse_variant() -> None:
    figures = row([BAD, GOOD], [GOOD, GOOD])
    assert figures["micro"]["mean"] == pytest.approx((0.2 + 0.85) / 2)
    assert figures["micro"]["deviation"] > 0.4
    assert figures["against the first"]["difference"] < 0
    assert figures["against the first"]["high"] < 0
    assert figures["against the first"]["p"] <= 0.01


def test_counts_of_an_article_are_added_up_over_runs() -> None:
    assert added([GOOD[:1], BAD[:1]]) == [{"ORG": Counts(12, 20, 20)}]
    assert added([GOOD[:2], BAD[:2]])[1] == {"ORG": Counts(8, 10, 10), "PLACE": Counts(1, 10, 10)}


# --- parts of a pipeline -------------------------------------------------------------------------

NO_SHARING, NO_TRANSITIONS = "mentions of a name share nothing", "no transitions in the decoder"


@pytest.fixture(scope="module")
def tagger_folder(gold: list[Document], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A pipeline with both parts, whose transitions forbid that an entity begins."""
    encode = {"@architectures": "zhinvest.DilatedWindowEncoder.v1", "dilations": [1]}
    nlp = learn(tiny_model(16, 2, encode), gold, 30)
    tagger: Any = nlp.get_pipe("ner")
    transitions = np.zeros((len(TAGS), len(TAGS)))
    transitions[:, 1::2] = -1000
    tagger.cfg.update(sharing=0.9, transitions=transitions.tolist())
    folder = tmp_path_factory.mktemp("tagger") / "pipeline"
    nlp.to_disk(folder)
    return folder


def tagger(folder: Path) -> Tagger:
    found = spacy.load(folder).get_pipe("ner")
    assert isinstance(found, Tagger)
    return found


def test_each_part_is_taken_away_alone(tagger_folder: Path) -> None:
    removals = parts_of(tagger(tagger_folder))
    assert list(removals) == [WHOLE, NO_SHARING, NO_TRANSITIONS]
    found = {}
    for name, remove in removals.items():
        one = tagger(tagger_folder)
        remove(one)
        found[name] = (one.cfg["sharing"], one.cfg["transitions"] is not None)
    assert found == {WHOLE: (0.9, True), NO_SHARING: (0, True), NO_TRANSITIONS: (0.9, False)}


def test_a_pipeline_has_the_parts_that_it_has(tagger_folder: Path) -> None:
    one = tagger(tagger_folder)
    one.cfg.update(sharing=0.0, transitions=None)
    assert list(parts_of(one)) == [WHOLE]


def test_parts_are_measured(tagger_folder: Path, gold: list[Document], tmp_path: Path) -> None:
    dev, output = tmp_path / "dev.jsonl", tmp_path / "ablation.json"
    write_documents(dev, gold)
    output.write_text('{"training": {"steps": 3}, "parts": {"other": {}}}', encoding="utf-8")
    options = ["parts", str(tagger_folder), "--dev", str(dev), "--output", str(output)]
    result = CliRunner().invoke(app, options)
    assert result.exit_code == 0, result.output
    written = json.loads(output.read_text(encoding="utf-8"))
    assert (written["training"], written["parts"]["other"]) == ({"steps": 3}, {})
    rows = written["parts"][str(tagger_folder)]["f1"]
    assert rows[WHOLE]["micro"] == rows[NO_SHARING]["micro"] == 0
    nlp = spacy.load(tagger_folder)
    nlp.get_pipe("ner").cfg["transitions"] = None  # type: ignore[attr-defined]
    expected = evaluate(nlp, gold)["micro"].f
    assert rows[NO_TRANSITIONS]["micro"] == pytest.approx(expected, abs=1e-4)
    assert expected > 0
