"""`zhinvest.BigramHashEmbed.v1`: hash embeddings of characters and of pairs of neighbours.

Words carry much of what a Chinese character means; a table of character pairs gives a tagger on
characters most of what a table of words would, without cutting the text into words.
"""

from typing import Any, Final, cast

import numpy as np
from spacy.ml.featureextractor import FeatureExtractor
from spacy.tokens import Doc
from spacy.util import registry
from thinc.api import (
    HashEmbed,
    Maxout,
    Model,
    chain,
    concatenate,
    list2ragged,
    ragged2list,
    with_array,
)
from thinc.types import Floats2d, Ints2d

_ATTRIBUTES: Final = ["NORM", "SHAPE"]
_MIX: Final = np.uint64(0x9E3779B97F4A7C15)


@registry.architectures("zhinvest.BigramHashEmbed.v1")
def bigram_hash_embed(
    width: int, rows: int, shape_rows: int, bigram_rows: int
) -> Model[list[Doc], list[Floats2d]]:
    """Embed each token by NORM, SHAPE, NORM with its left and with its right neighbour's.

    Args:
        width: Columns of every table and of the output.
        rows: Rows of the table of NORM.
        shape_rows: Rows of the table of SHAPE.
        bigram_rows: Rows of each of the two tables of pairs.

    Returns:
        A model from Docs to arrays of shape (n_tokens, width).
    """
    sizes = (rows, shape_rows, bigram_rows, bigram_rows)
    tables: list[Model[Any, Any]] = [
        HashEmbed(width, size, column=column, seed=column + 1, dropout=0.0)
        for column, size in enumerate(sizes)
    ]
    mix = Maxout(width, width * len(tables), nP=3, dropout=0.0, normalize=True)
    return cast(
        Model[list[Doc], list[Floats2d]],
        chain(
            FeatureExtractor(_ATTRIBUTES),
            _bigrams(),
            list2ragged(),
            with_array(cast(Any, chain(concatenate(*tables), mix))),
            ragged2list(),
        ),
    )


def _bigrams() -> Model[list[Ints2d], list[Ints2d]]:
    """Return a layer from (n_tokens, 2) to (n_tokens, 4): the pair to the left, to the right."""
    return Model("bigrams", _forward)


def _forward(model: Any, features: list[Any], is_train: bool) -> tuple[list[Any], Any]:
    return [add_bigrams(array) for array in features], lambda gradient: []


def add_bigrams(features: Any) -> Any:
    """Return `features` (column 0 holds NORM) with two columns of pair hashes added."""
    norms = features[:, 0].astype("uint64")
    padded = np.concatenate([np.zeros(1, "uint64"), norms, np.zeros(1, "uint64")])
    pairs = padded[:-1] * _MIX ^ padded[1:]
    return np.column_stack([features, pairs[:-1], pairs[1:]])
