"""The mean of networks that learned on from the same weights: better than each of them."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from training.distil.data import read_arrays, write_arrays


def average(networks: Sequence[Path], output: Path) -> None:
    """Write the mean weights of `networks`, .npz files, as 16-bit floats.

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
    means = {name: stack.mean(axis=0, dtype=np.float32) for name, stack in stacks.items()}
    write_arrays(output, {name: mean.astype(np.float16) for name, mean in means.items()})
