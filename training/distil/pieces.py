"""The encoder of pieces that a teacher begins with."""

from pathlib import Path

import torch

from training.distil.data import read_vocabulary, write_arrays
from training.distil.networks import half, read_piece_encoder


def write_encoder(bert: Path, vocabulary: Path, output: Path, heads: int, seed: int) -> None:
    """Write the encoder of the folder `bert` with what is new above it: an .npz file.

    `vocabulary` is the tokenizer.json whose entries the arrays of `training.arrays` count.
    """
    torch.manual_seed(seed)
    network = read_piece_encoder(bert, read_vocabulary(vocabulary), heads)
    write_arrays(output, half(network))
