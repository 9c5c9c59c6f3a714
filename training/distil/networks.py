"""The networks of distillation: masked characters, teacher and student."""

import json
import math
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final, cast

import torch
import torch.nn.functional as F  # noqa: N812
from numpy.typing import NDArray
from torch import Tensor, nn

from training.distil.data import Arrays
from zhinvest.network import Encoder, bert_state
from zhinvest.pieces import PieceEncoder
from zhinvest.tags import TAGS

DROPOUT: Final = 0.1

ROWS: Final = (12000, 60000, 60000)
"""Rows of the student's tables of single tokens, pairs and triples, as in configs/."""

WIDTHS: Final = (96, 64, 32)
"""Columns of these tables."""

DILATIONS: Final = (1, 1, 2, 2, 4, 4)
"""Distance of the tokens that each layer of the student joins, as in configs/."""

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

    def __init__(self, enc: Encoder | PieceEncoder) -> None:
        super().__init__()
        self.enc = enc
        self.drop = nn.Dropout(DROPOUT)
        self.head = nn.Linear(self.encoder.word.weight.shape[1], len(TAGS))

    @property
    def encoder(self) -> Encoder:
        """The encoder, of characters or of pieces."""
        return self.enc.encoder if isinstance(self.enc, PieceEncoder) else self.enc

    def forward(self, indices: Tensor) -> Tensor:
        """Return scores of shape (batch, positions, n_tags) for indices (batch, positions)."""
        return cast(Tensor, self.head(self.drop(self.enc(indices))))


class Student(nn.Module):
    """Hash embeddings and residual dilated windows: the network of configs/sm_distilled.cfg."""

    def __init__(
        self,
        width: int,
        dilations: Sequence[int],
        dropout: float,
        rows: tuple[int, int, int] = ROWS,
        widths: tuple[int, int, int] = WIDTHS,
    ) -> None:
        super().__init__()
        self.dropout, self.dilations = dropout, dilations
        tables = [nn.Embedding(*sizes) for sizes in zip(rows, widths, strict=True)]
        for table in tables:
            nn.init.uniform_(table.weight, -0.1, 0.1)
        self.uni, self.bi, self.tri = tables
        self.mix = nn.Linear(widths[0] + 2 * widths[1] + widths[2], width * PIECES)
        self.mixn = nn.LayerNorm(width)
        self.conv = nn.ModuleList(nn.Linear(3 * width, width * PIECES) for _ in dilations)
        self.norm = nn.ModuleList(nn.LayerNorm(width) for _ in dilations)
        self.head = nn.Linear(width, len(TAGS))

    def forward(self, keys: Tensor, documents: Tensor | None = None) -> Tensor:
        """Return scores of shape (batch, tokens, n_tags) for keys (batch, tokens).

        `documents` says to which document each token belongs: (batch, tokens), one if None. No
        token sees those of another document.
        """
        shifts = {d: Shift(keys, d, documents) for d in {1, *self.dilations}}
        x = F.dropout(self.embedded(keys, shifts[1]), self.dropout, self.training)
        x = self.mixn(_maxout(self.mix(x)))
        for distance, conv, norm in zip(self.dilations, self.conv, self.norm, strict=True):
            shift = shifts[distance]
            joined = torch.cat([shift.before(x), x, shift.after(x)], dim=-1)
            change = norm(_maxout(conv(joined)))
            x = x + F.dropout(change, self.dropout, self.training)
        return cast(Tensor, self.head(x))

    def embedded(self, keys: Tensor, shift: "Shift") -> Tensor:
        """Return the embeddings of every token's n-grams, concatenated."""
        tables = (self.uni, self.bi, self.bi, self.tri)
        parts = [
            table(hash_rows(part, table.num_embeddings)).sum(-2)
            for table, part in zip(tables, ngram_keys(keys, shift), strict=True)
        ]
        return torch.cat(parts, dim=-1)


class Shift:
    """Looks up what stands `distance` tokens away in the same document, 0 where nothing does."""

    def __init__(self, keys: Tensor, distance: int, documents: Tensor | None = None) -> None:
        self.near = min(distance, keys.shape[1])
        self.rest = keys.shape[1] - self.near
        if documents is None:
            documents = torch.zeros_like(keys)
        same = documents[:, self.near :] == documents[:, : self.rest]
        edge = torch.zeros_like(keys[:, : self.near], dtype=torch.bool)
        self.has_before = torch.cat([edge, same], dim=1)
        self.has_after = torch.cat([same, edge], dim=1)

    def before(self, x: Tensor) -> Tensor:
        """Return at each token what `x`, of (batch, tokens, ...), has at the one before."""
        shifted = torch.cat([x[:, : self.near], x[:, : self.rest]], dim=1)
        return shifted * _like(self.has_before, x)

    def after(self, x: Tensor) -> Tensor:
        """Return at each token what `x`, of (batch, tokens, ...), has at the one behind."""
        shifted = torch.cat([x[:, self.near :], x[:, self.rest :]], dim=1)
        return shifted * _like(self.has_after, x)


def _like(mask: Tensor, x: Tensor) -> Tensor:
    return (mask if x.ndim == mask.ndim else mask[..., None]).to(x.dtype)


def ngram_keys(keys: Tensor, shift: Shift) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    """Return what `zhinvest.embed.ngram_keys` returns, for keys of shape (batch, tokens)."""
    after = shift.after(keys)
    left, right = shift.before(keys) * _PAIR + keys, keys * _PAIR + after
    return keys, left, right, left * _TRIPLE + after


def hash_rows(keys: Tensor, size: int) -> Tensor:
    """Return what `zhinvest.embed.hash_rows` returns: a last dimension of two rows."""
    hashes = [((keys * odd >> 32) & _HIGH_HALF) % size for odd in (_PAIR, _TRIPLE)]
    return torch.stack(hashes, dim=-1)


def _maxout(x: Tensor) -> Tensor:
    return x.view(*x.shape[:-1], -1, PIECES).amax(-1)


def read_encoder(folder: Path, heads: int) -> Encoder:
    """Return the encoder of a BERT folder, whose weights do not say how many heads they have."""
    state = bert_state(read_safetensors(folder / "model.safetensors"))
    return _filled_encoder(state, heads)


def read_piece_encoder(folder: Path, characters: list[str], heads: int) -> PieceEncoder:
    """Return the encoder of a BERT folder as one that reads `characters`."""
    network = PieceEncoder(read_encoder(folder, heads))
    network.set_vocabularies(characters, (folder / "tokenizer.json").read_text(encoding="utf-8"))
    return network


def load_encoder(arrays: Arrays, heads: int) -> Encoder | PieceEncoder:
    """Return the encoder whose weights `half` gave."""
    return _filled(tensors(arrays), heads)


def load_teacher(arrays: Arrays, heads: int) -> TeacherTagger:
    """Return the teacher whose weights `half` gave."""
    state = tensors(arrays)
    inner = {name: value for name, value in state.items() if name.startswith("enc.")}
    enc = _filled({k.removeprefix("enc."): v for k, v in inner.items()}, heads)
    teacher = TeacherTagger(enc)
    teacher.load_state_dict(state)
    return teacher


def half(network: nn.Module) -> dict[str, NDArray[Any]]:
    """Return the weights of `network` as 16-bit floats, by name; what is no float as it is."""
    return {
        name: (value.half() if value.is_floating_point() else value).cpu().numpy()
        for name, value in network.state_dict().items()
    }


def tensors(arrays: Arrays) -> dict[str, Tensor]:
    """Return weights that `half` gave, as 32-bit floats."""
    found = {name: torch.from_numpy(arrays[name]) for name in arrays}
    return {name: t.float() if t.is_floating_point() else t for name, t in found.items()}


def _filled(state: dict[str, Tensor], heads: int) -> Encoder | PieceEncoder:
    if "own.weight" not in state:
        return _filled_encoder(state, heads)
    inner = {name: value for name, value in state.items() if name.startswith("encoder.")}
    encoder = _filled_encoder({k.removeprefix("encoder."): v for k, v in inner.items()}, heads)
    network = PieceEncoder(encoder)
    network.load_state_dict(state)
    return network


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
