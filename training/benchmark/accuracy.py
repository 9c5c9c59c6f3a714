"""Strict F1 of every system on the same gold articles."""

import re
from collections.abc import Sequence
from dataclasses import asdict
from typing import Any, Final

from training.benchmark.systems import Run, System
from zhinvest.documents import Document
from zhinvest.evaluation.resampling import ArticleCounts, compare
from zhinvest.evaluation.scores import scores, scores_row
from zhinvest.labels import LABELS
from zhinvest.scorer import MICRO, Span, count_spans

STRIPPED: Final = "stripped"

_APPROXIMATOR: Final = re.compile(
    "(?:大约|接近|将近|超过|突破|高达|不低于|不少于|不超过|至少|最高|约|近|超|逾|达|破|过)+"
)
_VAGUE_END: Final = re.compile("(?:以上|以下|左右|上下|不等|以内)+$")


def readings_of(system: System, gold: Sequence[Document], run: Run) -> dict[str, ArticleCounts]:
    """Return the strict counts of each article, for each reading of the system's spans.

    Only labels that the system has are counted. A system whose amounts hold approximators, which
    our guidelines leave out, has two readings: as it stands, and stripped of them.
    """
    found = [[span for span in spans if span[2] in system.labels] for spans in run.spans]
    readings = {system.name: found}
    if system.strip:
        pairs = zip(gold, found, strict=True)
        readings[f"{system.name}, {STRIPPED}"] = [
            [strip(document.text, span) for span in spans] for document, spans in pairs
        ]
    return {name: _counts(system, gold, spans) for name, spans in readings.items()}


def strip(text: str, span: Span) -> Span:
    """Return an amount without approximators in front and behind; other spans as they are."""
    start, end, label = span
    if label == "MONEY":
        if match := _APPROXIMATOR.match(text, start, end):
            start = match.end()
        if match := _VAGUE_END.search(text[start:end]):
            end = start + match.start()
    return start, end, label


def score_rows(system: System, articles: ArticleCounts) -> dict[str, Any]:
    """Return the scores by label; `micro` only where the system has all four labels."""
    rows = scores_row(scores(articles))
    wanted = [*system.labels, MICRO] if set(system.labels) == set(LABELS) else system.labels
    return {label: rows[label] for label in wanted}


def comparison_rows(
    system: System, ours: ArticleCounts, theirs: ArticleCounts
) -> dict[str, dict[str, float]]:
    """Return the paired test of a pipeline of ours against `system`, for the labels of both."""
    differences = compare(ours, theirs)
    return {label: asdict(differences[label]) for label in system.labels}


def _counts(
    system: System, gold: Sequence[Document], spans: Sequence[Sequence[Span]]
) -> ArticleCounts:
    return [
        count_spans((ent for ent in document.ents if ent[2] in system.labels), predicted)
        for document, predicted in zip(gold, spans, strict=True)
    ]
