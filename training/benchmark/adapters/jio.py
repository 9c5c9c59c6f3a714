"""JioNLP: its extractor of amounts, and the place words of the tagger that it finds places by."""

import contextlib
import io

with contextlib.redirect_stdout(io.StringIO()):
    import jiojio
    import jionlp

from .common import Reader, Span, sentences, tagged_words

LABELS = {"ns": "PLACE"}


def load(_: str) -> Reader:
    """Return the reader; texts are read one by one whatever the batch."""
    with contextlib.redirect_stdout(io.StringIO()):
        jiojio.init(pos_rule=True, pos=True)

    def read_text(text: str) -> list[Span]:
        places = [
            span
            for offset, piece in sentences(text)
            if piece
            for span in tagged_words(jiojio.cut(piece), LABELS, offset)
        ]
        amounts = jionlp.ner.extract_money(text, with_parsing=False)
        return places + [(*amount["offset"], "MONEY") for amount in amounts]

    return lambda texts, batch: [read_text(text) for text in texts]
