"""Tests of the ablation: its variants, and what is said of them."""

from pathlib import Path

import pytest

from tests.conftest import ROOT
from training.ablation import BASE, added, row, variants
from zhinvest.documents import Document
from zhinvest.scorer import Counts

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
