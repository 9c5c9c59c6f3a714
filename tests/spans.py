"""Gold and predicted spans that hypothesis makes, to be matched and counted."""

from collections.abc import Iterable

from hypothesis import strategies as st

from zhinvest.labels import LABELS
from zhinvest.scorer import Span

_SLOT = 20

FOREIGN = "DATE"
SPAN: st.SearchStrategy[Span] = st.builds(
    lambda start, length, label: (start, start + length, label),
    st.integers(0, 12),
    st.integers(1, 6),
    st.sampled_from([*LABELS, FOREIGN]),
)
OVERLAPPING = st.lists(SPAN, max_size=7)


def flat(spans: Iterable[Span]) -> list[Span]:
    """The spans that overlap none before them."""
    kept: list[Span] = []
    for span in sorted(spans):
        if not kept or kept[-1][1] <= span[0]:
            kept.append(span)
    return kept


FLAT = OVERLAPPING.map(flat)
SPANS = OVERLAPPING | FLAT
ARTICLE = st.tuples(SPANS, SPANS)
"""Gold and predicted spans of an article."""

FLAT_ARTICLE = st.tuples(FLAT, FLAT)


@st.composite
def one_to_one(draw: st.DrawFn) -> tuple[list[Span], list[Span]]:
    """An article in which no span overlaps two of the other side."""
    slots = draw(st.lists(st.tuples(SPAN | st.none(), SPAN | st.none()), max_size=5))
    gold = [moved(slot[0], _SLOT * number) for number, slot in enumerate(slots) if slot[0]]
    predicted = [moved(slot[1], _SLOT * number) for number, slot in enumerate(slots) if slot[1]]
    return gold, predicted


def moved(span: Span, by: int) -> Span:
    """The span, some characters further on."""
    return span[0] + by, span[1] + by, span[2]
