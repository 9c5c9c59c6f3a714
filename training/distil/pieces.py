"""The encoder of pieces that a teacher begins with."""

import json
from pathlib import Path

import torch

from training.distil.data import write_arrays
from training.distil.networks import half, read_piece_encoder


def write_encoder(bert: Path, vocabulary: Path, output: Path, heads: int, seed: int) -> None:
    """Write the encoder of the folder `bert` with what is new above it: an .npz file.

    `vocabulary` is the tokenizer.json whose entries the arrays of `training.arrays` count.
    """
    torch.manual_seed(seed)
    entries = json.loads(vocabulary.read_text(encoding="utf-8"))["model"]["vocab"]
    network = read_piece_encoder(bert, [entry for entry, _ in entries], heads)
    write_arrays(output, half(network))
