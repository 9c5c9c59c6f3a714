"""The mean of networks that learned on from the same weights: better than each of them."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any, cast

import numpy as np
from numpy.typing import NDArray

from training.distil.data import read_arrays, write_arrays


def average(networks: Sequence[Path], output: Path) -> None:
    """Write the mean weights of `networks`, .npz files, as 16-bit floats.

    What is no weight (vocabularies) is the first one's.

    Source: Wortsman et al. 2022, Model soups, https://arxiv.org/abs/2203.05482.

    Raises:
        ValueError: two of them have weights of different names or shapes.
    """
    sources = [read_arrays(path) for path in networks]
    shapes = [{name: source[name].shape for name in source} for source in sources]
    for path, found in zip(networks, shapes, strict=True):
        if found != shapes[0]:
            raise ValueError(f"{path} and {networks[0]} are networks of different sizes")
    stacks = {name: np.stack([source[name] for source in sources]) for name in shapes[0]}
    write_arrays(output, {name: _mean(stack) for name, stack in stacks.items()})


def _mean(stack: NDArray[Any]) -> NDArray[Any]:
    if stack.dtype.kind != "f":
        return cast(NDArray[Any], stack[0])
    return stack.mean(axis=0, dtype=np.float32).astype(np.float16)
