"""FoolNLTK: its named-entity model, whose TensorFlow 1 calls are given by TensorFlow 2.

`tensorflow.contrib`, which TensorFlow 2 has not, is needed for `viterbi_decode` alone.
"""

import os
import sys
from types import ModuleType

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import tensorflow.compat.v1 as tensorflow

from .common import Reader, Span, sentences
from .viterbi import viterbi_decode

LABELS = {"org": "ORG", "company": "ORG", "location": "PLACE"}


def load(_: str) -> Reader:
    """Return the reader; texts are read sentence by sentence, `batch` sentences at a time."""
    crf = ModuleType("tensorflow.contrib.crf")
    crf.viterbi_decode = viterbi_decode  # type: ignore[attr-defined]
    tensorflow.disable_eager_execution()
    sys.modules["tensorflow"] = tensorflow
    sys.modules["tensorflow.contrib"] = ModuleType("tensorflow.contrib")
    sys.modules["tensorflow.contrib.crf"] = crf
    import fool

    def read(texts: list[str], batch: int) -> list[list[Span]]:
        spans: list[list[Span]] = [[] for _ in texts]
        pieces = [
            (number, offset, piece)
            for number, text in enumerate(texts)
            for offset, piece in sentences(text)
            if piece
        ]
        for first in range(0, len(pieces), batch):
            chunk = pieces[first : first + batch]
            for (number, offset, _), found in zip(
                chunk, fool.ner([piece for *_, piece in chunk]), strict=True
            ):
                spans[number] += [
                    (offset + start, offset + end, LABELS[label])
                    for start, end, label, _ in found
                    if label in LABELS
                ]
        return spans

    return read
