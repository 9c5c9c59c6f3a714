"""The networks of distillation: masked characters, teacher and student."""

import json
import math
from pathlib import Path
from typing import Any, Final, cast

import numpy as np
import torch
import torch.nn.functional as F  # noqa: N812
from numpy.typing import NDArray
from torch import Tensor, nn

from training.distil.data import Arrays
from zhinvest.network import Encoder, bert_state
from zhinvest.tags import TAGS

DROPOUT: Final = 0.1

ROWS: Final = (12000, 60000, 60000)
"""Rows of the student's tables of single tokens, pairs and triples, as in configs/."""

WIDTHS: Final = (96, 64, 32)
"""Columns of these tables."""

PIECES: Final = 2
"""Pieces of every maxout layer of the student."""

_PAIR: Final = 0x9E3779B97F4A7C15 - 2**64
_TRIPLE: Final = 0xC2B2AE3D27D4EB4F - 2**64
_HIGH_HALF: Final = 2**32 - 1
"""The constants of `zhinvest.embed`, signed: PyTorch has no arithmetic on unsigned integers."""


class MaskedCharacters(nn.Module):
    """An encoder, and a head that restores characters with the encoder's own embeddings."""

    def __init__(self, enc: Encoder) -> None:
        super().__init__()
        vocab, width = enc.word.weight.shape
        self.enc = enc
        self.transform, self.norm = nn.Linear(width, width), nn.LayerNorm(width)
        self.bias = nn.Parameter(torch.zeros(vocab))

    def forward(self, indices: Tensor, hidden: Tensor) -> Tensor:
        """Return scores of shape (hidden.sum(), vocab) at the positions where `hidden` is true."""
        x = self.enc(indices)[hidden]
        return F.linear(self.norm(F.gelu(self.transform(x))), self.enc.word.weight, self.bias)


class TeacherTagger(nn.Module):
    """An encoder, and a score for each tag at each position."""

    def __init__(self, enc: Encoder) -> None:
        super().__init__()
        self.enc = enc
        self.drop = nn.Dropout(DROPOUT)
        self.head = nn.Linear(enc.word.weight.shape[1], len(TAGS))

    def forward(self, indices: Tensor) -> Tensor:
        """Return scores of shape (batch, positions, n_tags) for indices (batch, positions)."""
        return cast(Tensor, self.head(self.drop(self.enc(indices))))


class Student(nn.Module):
    """Hash embeddings and residual maxout windows: the network of configs/sm_distilled.cfg."""

    def __init__(
        self,
        width: int,
        depth: int,
        dropout: float,
        rows: tuple[int, int, int] = ROWS,
        widths: tuple[int, int, int] = WIDTHS,
    ) -> None:
        super().__init__()
        self.dropout = dropout
        tables = [nn.Embedding(*sizes) for sizes in zip(rows, widths, strict=True)]
        for table in tables:
            nn.init.uniform_(table.weight, -0.1, 0.1)
        self.uni, self.bi, self.tri = tables
        self.mix = nn.Linear(widths[0] + 2 * widths[1] + widths[2], width * PIECES)
        self.mixn = nn.LayerNorm(width)
        self.conv = nn.ModuleList(nn.Linear(3 * width, width * PIECES) for _ in range(depth))
        self.norm = nn.ModuleList(nn.LayerNorm(width) for _ in range(depth))
        self.head = nn.Linear(width, len(TAGS))

    def forward(self, keys: Tensor) -> Tensor:
        """Return scores of shape (batch, tokens, n_tags) for keys (batch, tokens)."""
        x = F.dropout(self.embedded(keys), self.dropout, self.training)
        x = self.mixn(_maxout(self.mix(x)))
        for conv, norm in zip(self.conv, self.norm, strict=True):
            change = norm(_maxout(conv(torch.cat([_before(x), x, _after(x)], dim=-1))))
            x = x + F.dropout(change, self.dropout, self.training)
        return cast(Tensor, self.head(x))

    def embedded(self, keys: Tensor) -> Tensor:
        """Return the embeddings of every token's n-grams, concatenated."""
        tables = (self.uni, self.bi, self.bi, self.tri)
        parts = [
            table(hash_rows(part, table.num_embeddings)).sum(-2)
            for table, part in zip(tables, ngram_keys(keys), strict=True)
        ]
        return torch.cat(parts, dim=-1)


def ngram_keys(keys: Tensor) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    """Return what `zhinvest.embed.ngram_keys` returns, for keys of shape (batch, tokens)."""
    left = _before(keys) * _PAIR + keys
    right = keys * _PAIR + _after(keys)
    return keys, left, right, left * _TRIPLE + _after(keys)


def hash_rows(keys: Tensor, size: int) -> Tensor:
    """Return what `zhinvest.embed.hash_rows` returns: a last dimension of two rows."""
    hashes = [((keys * odd >> 32) & _HIGH_HALF) % size for odd in (_PAIR, _TRIPLE)]
    return torch.stack(hashes, dim=-1)


def _before(x: Tensor) -> Tensor:
    """Return at each token what `x` has at the one before, 0 at the first."""
    return torch.cat([torch.zeros_like(x[:, :1]), x[:, :-1]], dim=1)


def _after(x: Tensor) -> Tensor:
    return torch.cat([x[:, 1:], torch.zeros_like(x[:, :1])], dim=1)


def _maxout(x: Tensor) -> Tensor:
    return x.view(*x.shape[:-1], -1, PIECES).amax(-1)


def read_encoder(folder: Path, heads: int) -> Encoder:
    """Return the encoder of a BERT folder, whose weights do not say how many heads they have."""
    state = bert_state(read_safetensors(folder / "model.safetensors"))
    return _filled_encoder(state, heads)


def load_encoder(arrays: Arrays, heads: int) -> Encoder:
    """Return the encoder whose weights `half` gave."""
    return _filled_encoder(_tensors(arrays), heads)


def load_teacher(arrays: Arrays, heads: int) -> TeacherTagger:
    """Return the teacher whose weights `half` gave."""
    state = _tensors(arrays)
    inner = {name: value for name, value in state.items() if name.startswith("enc.")}
    enc = _filled_encoder({k.removeprefix("enc."): v for k, v in inner.items()}, heads)
    teacher = TeacherTagger(enc)
    teacher.load_state_dict(state)
    return teacher


def half(network: nn.Module) -> dict[str, NDArray[np.float16]]:
    """Return the weights of `network` as 16-bit floats, by name."""
    return {name: value.half().cpu().numpy() for name, value in network.state_dict().items()}


def _tensors(arrays: Arrays) -> dict[str, Tensor]:
    return {name: torch.from_numpy(arrays[name]).float() for name in arrays}


def _filled_encoder(state: dict[str, Tensor], heads: int) -> Encoder:
    vocab, width = state["word.weight"].shape
    depth = sum(name.endswith("qkv.bias") for name in state)
    encoder = Encoder(vocab, width, depth, heads, len(state["pos.weight"]), DROPOUT)
    encoder.load_state_dict(state)
    return encoder


def read_safetensors(path: Path) -> dict[str, Tensor]:
    """Return the tensors of a .safetensors file of 16-bit or 32-bit floats.

    Source of the format: https://huggingface.co/docs/safetensors (8 bytes of length, a JSON
    header with type, shape and place of each tensor, the numbers).
    """
    data = bytearray(path.read_bytes())
    begin = 8 + int.from_bytes(data[:8], "little")
    header: dict[str, Any] = json.loads(data[8:begin])
    header.pop("__metadata__", None)
    kinds = {"F16": torch.float16, "F32": torch.float32, "BF16": torch.bfloat16}
    return {
        name: torch.frombuffer(
            data,
            dtype=kinds[entry["dtype"]],
            count=math.prod(entry["shape"]),
            offset=begin + entry["data_offsets"][0],
        ).reshape(entry["shape"])
        for name, entry in header.items()
    }
