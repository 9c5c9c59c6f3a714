"""Annotated articles that hypothesis makes, to put noise into."""

from random import Random

from hypothesis import strategies as st

from zhinvest.documents import Document
from zhinvest.labels import LABELS

RNGS = st.integers(0, 1000).map(Random)

HAN = "产业开发区设项目万亿元吨汽车广东厂学会国际这个时间总务结构协议湾线网机场里后中心技术"
GAPS = st.text(HAN + "。，：“”—（）\n 0123456789.,%AGWh", max_size=30)
SURFACES = st.text(HAN + "（）0123456789.GWh", min_size=1, max_size=12)


@st.composite
def annotated(draw: st.DrawFn) -> Document:
    """An article of some entities, without blanks in them, and text between."""
    text, ents = draw(GAPS), []
    for surface, label, gap in draw(
        st.lists(st.tuples(SURFACES, st.sampled_from(LABELS), GAPS), max_size=6)
    ):
        ents.append((len(text), len(text) + len(surface), label))
        text += surface + gap
    return Document("a", text, ents)


def surfaces(document: Document) -> list[tuple[str, str]]:
    """Text and label of every entity."""
    return [(document.text[start:end], label) for start, end, label in document.ents]
