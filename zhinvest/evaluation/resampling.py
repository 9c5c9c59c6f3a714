"""How sure a figure is: intervals and comparisons from resampling whole articles.

Articles, not spans, are drawn, since the spans of one article are right or wrong together.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from zhinvest.labels import LABELS
from zhinvest.scorer import MICRO, Counts, total

MACRO: Final = "macro"
DRAWS: Final = 1000
_BOUNDS: Final = [0.025, 0.975]

ArticleCounts = Sequence[Mapping[str, Counts]]
"""What `zhinvest.scorer.count_spans` gives for each of some articles."""


@dataclass(frozen=True)
class Difference:
    """F1 of a first pipeline less that of a second: the figure, its 95 % interval, and p."""

    difference: float
    low: float
    high: float
    p: float


def intervals(
    articles: ArticleCounts, labels: Iterable[str], draws: int = DRAWS, seed: int = 0
) -> dict[str, tuple[float, float]]:
    """Return the 95 % interval of F1 for each of `labels`, `micro` and `macro` among them.

    The percentile bootstrap (Efron 1979) with `draws` samples of `len(articles)` articles. Samples
    in which F1 is not defined, without gold and predicted spans of the label, are left out;
    `macro` is the mean of the labels whose F1 is defined. The interval of none is (0, 0).

    Raises:
        ValueError: there is no article.
    """
    samples = _samples(len(articles), draws, seed)
    return {label: _bounds(_defined(_drawn_f1(articles, label, samples))) for label in labels}


def compare(
    first: ArticleCounts, second: ArticleCounts, draws: int = DRAWS, seed: int = 0
) -> dict[str, Difference]:
    """Compare two pipelines on the same articles, label by label, `micro` and `macro` too.

    The paired bootstrap (Koehn 2004), two-sided: p is twice the share of the samples in which the
    difference is zero or has the rarer of the two signs, at least one sample's and at most 1.
    Samples in which F1 of either is not defined are left out; p of none is 1.

    Raises:
        ValueError: the numbers of articles differ, or there is none.
    """
    if len(first) != len(second):
        raise ValueError(f"cannot compare {len(first)} articles with {len(second)}")
    samples = _samples(len(first), draws, seed)
    everything = np.arange(len(first))[np.newaxis]
    differences: dict[str, Difference] = {}
    for label in (*LABELS, MICRO, MACRO):
        drawn, whole = (
            _defined(_drawn_f1(first, label, chosen) - _drawn_f1(second, label, chosen))
            for chosen in (samples, everything)
        )
        differences[label] = Difference(float(whole.sum()), *_bounds(drawn), _p(drawn))
    return differences


def _p(drawn: NDArray[np.float64]) -> float:
    if not drawn.size:
        return 1.0
    other_sign = min(float(np.mean(drawn <= 0)), float(np.mean(drawn >= 0)))
    return min(1.0, max(2 * other_sign, 1 / len(drawn)))


def _samples(articles: int, draws: int, seed: int) -> NDArray[np.int64]:
    """Return indices of articles: shape (draws, articles)."""
    if not articles:
        raise ValueError("no article to resample")
    return np.random.default_rng(seed).integers(articles, size=(draws, articles))


def _drawn_f1(
    articles: ArticleCounts, label: str, samples: NDArray[np.int64]
) -> NDArray[np.float64]:
    """Return the F1 of each sample, NaN where it is not defined: shape (draws,)."""
    if label == MACRO:
        present = [
            name for name, counts in total(articles).items() if name != MICRO and counts.gold
        ]
        drawn = [_drawn_f1(articles, name, samples) for name in present]
        by_label = np.reshape(drawn, (len(present), len(samples)))
        return _quotient(np.nansum(by_label, axis=0), np.sum(~np.isnan(by_label), axis=0))
    sums = _table(articles, label)[samples].sum(axis=1)
    return _quotient(2 * sums[:, 0], sums[:, 1] + sums[:, 2])


def _quotient(numerator: NDArray[Any], denominator: NDArray[Any]) -> NDArray[np.float64]:
    """Return the quotients, NaN where the denominator is 0."""
    quotient: NDArray[np.float64] = np.full(len(denominator), np.nan)
    np.divide(numerator, denominator, out=quotient, where=denominator > 0)
    return quotient


def _defined(drawn: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return what is not NaN."""
    return drawn[~np.isnan(drawn)]


def _table(articles: ArticleCounts, label: str) -> NDArray[np.float64]:
    """Return correct, predicted and gold of each article: shape (articles, 3)."""
    counts = (total([a])[MICRO] if label == MICRO else a.get(label, Counts()) for a in articles)
    return np.array([(c.correct, c.predicted, c.gold) for c in counts], dtype=np.float64)


def _bounds(drawn: NDArray[np.float64]) -> tuple[float, float]:
    low, high = np.quantile(drawn, _BOUNDS) if drawn.size else (0.0, 0.0)
    return float(low), float(high)
