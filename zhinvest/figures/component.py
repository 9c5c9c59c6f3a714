"""The component `zhinvest_figures`: every MONEY and CAPACITY entity as numbers."""

from typing import Final

from spacy.language import Language
from spacy.tokens import Doc, Span

from zhinvest.figures.reading import FIGURE_LABELS, read_figure

ATTRIBUTE: Final = "figures"
"""`span._.figures`: a list of readings, as plain JSON, so that `Doc.to_bytes` carries them."""

if not Span.has_extension(ATTRIBUTE):
    Span.set_extension(ATTRIBUTE, default=[])


@Language.factory("zhinvest_figures", requires=["doc.ents"], assigns=[f"span._.{ATTRIBUTE}"])
def make_figures(nlp: Language, name: str) -> "Figures":
    """Return the component; it has no settings, and reads what the components before it found."""
    return Figures()


class Figures:
    """Sets `span._.figures` of every MONEY and CAPACITY entity of a Doc."""

    def __call__(self, doc: Doc) -> Doc:
        """Read the figures of `doc`, by their characters, whatever its tokens are."""
        ents = [ent for ent in doc.ents if ent.label_ in FIGURE_LABELS]
        text = doc.text if ents else ""  # spaCy puts it together token by token
        for ent in ents:
            ent._.set(ATTRIBUTE, read_figure(text, ent.start_char, ent.end_char, ent.label_))
        return doc
