"""`zhinvest.QuantizedTagger.v1`: the small network in 8-bit integers, run by ONNX Runtime.

What `configs/sm_distilled.cfg` trains multiplies matrices of 32-bit floats; this multiplies
integers, several times as fast on the same CPU. `training.quantize` makes the one from the other.
"""

import os
from collections.abc import Callable
from functools import lru_cache
from itertools import accumulate, pairwise
from multiprocessing import parent_process
from typing import Any, cast

import numpy as np
import onnxruntime
from spacy.tokens import Doc
from spacy.util import registry
from thinc.api import Model
from thinc.types import Floats2d

from zhinvest.embed import ngrams
from zhinvest.tags import TAGS

ROWS, KEPT, SCORES = "rows", "kept", "scores"
"""What a graph reads: embeddings of shape (n, columns) and 1 or 0 of shape (n, 1), the latter
for rows that are no token; and what it gives: shape (n, n_tags)."""

_CPU = "CPUExecutionProvider"
_SESSIONS = 8


@registry.architectures("zhinvest.QuantizedTagger.v1")
def quantized_tagger(
    rows: list[int], widths: list[int], frozen: bool = False
) -> Model[list[Doc], list[Floats2d]]:
    """Return a model from Docs to tag scores of shape (n_tokens, n_tags), without a graph yet.

    It has the tables of `zhinvest.NgramHashEmbed.v1`, whose `rows` and `widths` these are; all
    behind them is a graph of ONNX in the attribute `graph`. Between two texts there are `margin`
    rows without a token, so that none sees the other. It cannot be trained: in a model that is, it
    must be `frozen`, and then gives what it always gives.
    """
    return Model(
        "quantized_tagger",
        _forward,
        init=_init,
        layers=[cast(Any, ngrams(rows, widths))],
        dims={"nO": len(TAGS)},
        attrs={"graph": b"", "margin": 0, "frozen": frozen},
    )


def _init(model: Model[Any, Any], X: Any = None, Y: Any = None) -> None:  # noqa: N803
    model.layers[0].initialize()


def _forward(
    model: Model[Any, Any], docs: list[Doc], is_train: bool
) -> tuple[list[Any], Callable[[list[Any]], list[Any]]]:
    if is_train and not model.attrs["frozen"]:
        raise ValueError(
            "a quantized tagger cannot be trained: train configs/sm_distilled.cfg, then run "
            "`python -m training.quantize`"
        )
    if not model.attrs["graph"]:
        raise ValueError("this quantized tagger has no graph: make one with training.quantize")
    ops: Any = model.ops
    if not any(map(len, docs)):
        return [ops.alloc2f(0, len(TAGS)) for _ in docs], lambda gradients: []
    embedded = ops.to_numpy(model.layers[0].predict(docs).dataXd)
    inside = _places([len(doc) for doc in docs], model.attrs["margin"])
    kept = np.zeros((inside[-1].stop, 1), dtype=np.float32)
    for place in inside:
        kept[place] = 1
    rows = np.zeros((len(kept), embedded.shape[1]), dtype=np.float32)
    rows[kept[:, 0] > 0] = embedded
    session = _session(model.attrs["graph"], os.getpid())
    (scores,) = session.run([SCORES], {ROWS: rows, KEPT: kept})
    return [ops.asarray2f(scores[place]) for place in inside], lambda gradients: []


def _places(lengths: list[int], margin: int) -> list[slice]:
    """Return the rows of each text, with `margin` rows between one and the next."""
    bounds = pairwise(accumulate((length + margin for length in lengths), initial=0))
    return [slice(start, end - margin) for start, end in bounds]


@lru_cache(_SESSIONS)
def _session(graph: bytes, process: int) -> Any:
    """Return a session for the graph; a process that was forked needs one of its own.

    A child process, one of several that share the cores, computes in one thread.
    """
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 0 if parent_process() is None else 1
    return onnxruntime.InferenceSession(graph, options, providers=[_CPU])
