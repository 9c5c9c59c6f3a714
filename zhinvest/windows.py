"""`zhinvest.DilatedWindowEncoder.v1`: convolutions that see far with three columns each.

spaCy's MaxoutWindowEncoder sees one token more to either side with every layer. Here a layer
joins a token with those `d` before and `d` behind it, and `d` grows from layer to layer, as in
the iterated dilated convolutions of Strubell et al. 2017 (https://aclanthology.org/D17-1283).
"""

from collections.abc import Callable
from itertools import accumulate, pairwise
from typing import Any, cast

from spacy.util import registry
from thinc.api import Maxout, Model
from thinc.types import Floats2d

Bounds = list[tuple[int, int]]
"""First row of each text, and the row behind its last."""


@registry.architectures("zhinvest.DilatedWindowEncoder.v1")
def dilated_window_encoder(
    width: int, dilations: list[int], maxout_pieces: int
) -> Model[list[Floats2d], list[Floats2d]]:
    """Return a model from arrays of shape (n_tokens, width) to arrays of the same shapes.

    No window reaches from one text into the next: beyond its ends there are zeros.

    Args:
        width: Columns of input and output.
        dilations: Distance, in tokens, from a token to those it is joined with, for each layer.
        maxout_pieces: Pieces of each maxout layer.

    Raises:
        ValueError: there is no layer, or a distance is less than 1.
    """
    if not dilations or min(dilations) < 1:
        raise ValueError(f"dilations: needs distances of at least 1, found {dilations}")
    layers = [
        Maxout(width, 3 * width, nP=maxout_pieces, dropout=0.0, normalize=True) for _ in dilations
    ]
    return Model(
        "dilated_window_encoder",
        _forward,
        init=_init,
        layers=cast(Any, layers),
        dims={"nO": width},
        attrs={"dilations": dilations},
    )


def _init(model: Model[Any, Any], X: Any = None, Y: Any = None) -> None:  # noqa: N803
    for layer in model.layers:
        layer.initialize()


def _forward(
    model: Model[Any, Any], texts: list[Any], is_train: bool
) -> tuple[list[Any], Callable[[list[Any]], list[Any]]]:
    if not any(map(len, texts)):
        return texts, lambda gradients: gradients
    ops: Any = model.ops
    bounds = list(pairwise(accumulate(map(len, texts), initial=0)))
    dilations: list[int] = model.attrs["dilations"]
    rows = ops.xp.concatenate(texts)
    steps = []
    for layer, distance in zip(model.layers, dilations, strict=True):
        change, backprop = layer(join(ops, rows, bounds, distance), is_train)
        rows = rows + change
        steps.append((distance, backprop))

    def backprop_all(gradients: list[Any]) -> list[Any]:
        gradient = ops.xp.concatenate(gradients)
        for distance, backprop in reversed(steps):
            gradient = gradient + part(ops, backprop(gradient), bounds, distance)
        return [gradient[start:end] for start, end in bounds]

    return [rows[start:end] for start, end in bounds], backprop_all


def join(ops: Any, rows: Any, bounds: Bounds, distance: int) -> Any:
    """Return each row with those `distance` before and behind it in its text.

    From shape (n, width) to (n, 3 * width), in the order before, itself, behind.
    """
    width = rows.shape[1]
    joined = ops.alloc2f(len(rows), 3 * width)
    joined[:, width : 2 * width] = rows
    joined[distance:, :width] = rows[:-distance]
    joined[:-distance, 2 * width :] = rows[distance:]
    _clear_edges(joined[:, :width], joined[:, 2 * width :], bounds, distance)
    return joined


def part(ops: Any, gradient: Any, bounds: Bounds, distance: int) -> Any:
    """Return the gradient of the rows, given that of what `join` made of them."""
    width = gradient.shape[1] // 3
    before, behind = gradient[:, :width].copy(), gradient[:, 2 * width :].copy()
    _clear_edges(before, behind, bounds, distance)
    result = ops.as_contig(gradient[:, width : 2 * width].copy())
    result[:-distance] += before[distance:]
    result[distance:] += behind[:-distance]
    return result


def _clear_edges(before: Any, behind: Any, bounds: Bounds, distance: int) -> None:
    """Set to 0 the rows of each text that have none `distance` before, or behind, them."""
    for start, end in bounds:
        before[start : min(start + distance, end)] = 0
        behind[max(end - distance, start) : end] = 0
