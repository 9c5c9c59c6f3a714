"""`zhinvest.NgramHashEmbed.v1`: hash embeddings of characters and of pairs and triples of them.

Words carry much of what a Chinese character means; tables of neighbouring characters give a model
on characters most of what a table of words would, without cutting the text into words.
"""

from collections.abc import Callable
from typing import Any, Final, cast

import numpy as np
from numpy.typing import NDArray
from spacy.attrs import SHAPE
from spacy.tokens import Doc
from spacy.util import registry
from thinc.api import Maxout, Model, Ragged, chain, ragged2list, with_array
from thinc.initializers import uniform_init
from thinc.types import Floats2d

Keys = NDArray[np.uint64]

_PAIR: Final = np.uint64(0x9E3779B97F4A7C15)
_TRIPLE: Final = np.uint64(0xC2B2AE3D27D4EB4F)
_ROWS: Final = (_PAIR, _TRIPLE)
"""Odd 64-bit constants of multiplicative hashing; each key has one row by each of `_ROWS`."""

TABLES: Final = ("unigrams", "bigrams", "trigrams")


@registry.architectures("zhinvest.NgramHashEmbed.v1")
def ngram_hash_embed(
    width: int, rows: list[int], widths: list[int], maxout_pieces: int
) -> Model[list[Doc], list[Floats2d]]:
    """Embed each token by itself, with either neighbour, and with both.

    The key of a token is its SHAPE: the normalised form with digits masked (see
    `zhinvest.tokenizer`). The pairs to the left and to the right share one table.

    Args:
        width: Columns of the output.
        rows: Rows of the tables of single tokens, pairs and triples.
        widths: Columns of these tables.
        maxout_pieces: Pieces of the layer that mixes them.

    Returns:
        A model from Docs to arrays of shape (n_tokens, width).
    """
    columns = widths[0] + 2 * widths[1] + widths[2]
    mix = Maxout(width, columns, nP=maxout_pieces, dropout=0.0, normalize=True)
    layers: Model[Any, Any] = chain(ngrams(rows, widths), with_array(cast(Any, mix)), ragged2list())
    return cast(Model[list[Doc], list[Floats2d]], layers)


def ngrams(rows: list[int], widths: list[int]) -> Model[list[Doc], Ragged]:
    """Return a layer from Docs to the concatenated embeddings of their tokens' n-grams."""
    return Model(
        "ngram_hash_embed",
        _forward,
        init=_init,
        params=dict.fromkeys(TABLES),
        attrs={"rows": rows, "widths": widths},
    )


def _init(model: Model[Any, Any], X: Any = None, Y: Any = None) -> None:  # noqa: N803
    for table, rows, width in zip(TABLES, model.attrs["rows"], model.attrs["widths"], strict=True):
        if not model.has_param(table):
            model.set_param(table, uniform_init(model.ops, (rows, width)))


def _forward(
    model: Model[Any, Any], docs: list[Doc], is_train: bool
) -> tuple[Ragged, Callable[[Any], list[Any]]]:
    ops: Any = model.ops  # thinc's types do not follow an array through its operations
    keys = [ngram_keys(doc.to_array(SHAPE).astype(np.uint64)) for doc in docs]
    # A pair looks up the same table to the left and to the right.
    names = ("unigrams", "bigrams", "bigrams", "trigrams")
    tables: list[Any] = [model.get_param(name) for name in names]
    indices = [
        ops.asarray(hash_rows(np.concatenate(column), table.shape[0]))
        for column, table in zip(zip(*keys, strict=True), tables, strict=True)
    ]
    parts = [ops.gather_add(table, i) for table, i in zip(tables, indices, strict=True)]
    lengths = ops.asarray1i([len(doc) for doc in docs])

    def backprop(gradient: Any) -> list[Any]:
        start = 0
        for name, table, rows in zip(names, tables, indices, strict=True):
            piece = ops.as_contig(gradient.dataXd[:, start : start + table.shape[1]])
            change = ops.alloc2f(*table.shape)
            for column in rows.T:
                ops.scatter_add(change, ops.as_contig(column), piece)
            model.inc_grad(name, change)
            start += table.shape[1]
        return []

    return Ragged(ops.xp.concatenate(parts, axis=1), lengths), backprop


def ngram_keys(keys: Keys) -> tuple[Keys, Keys, Keys, Keys]:
    """Return the keys of the tokens, of their left and right pairs, and of their triples.

    Beyond the ends of the text a key is 0; arithmetic is modulo 2**64.
    """
    padded = np.pad(keys.astype(np.uint64), 1)
    pairs = padded[:-1] * _PAIR + padded[1:]
    return keys, pairs[:-1], pairs[1:], pairs[:-1] * _TRIPLE + padded[2:]


def hash_rows(keys: Keys, size: int) -> NDArray[np.uint32]:
    """Return the two rows of each key in a table of `size` rows: shape (n_keys, 2)."""
    hashes = [(keys * odd >> np.uint64(32)) % np.uint64(size) for odd in _ROWS]
    return np.stack(hashes, axis=1).astype(np.uint32)
