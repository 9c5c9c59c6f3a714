"""The second network of the transformer: BERT over pieces, whose vectors go to their characters.

A piece is one or more characters that stand together often, as the vocabulary of the encoder has
them. An entity may end within one: each character knows its own embedding and its place in the
piece, and two windows of three characters join what lies side by side.
"""

import json
from typing import Final, cast

import numpy as np
import torch
import torch.nn.functional as F  # noqa: N812
from numpy.typing import NDArray
from tokenizers import Tokenizer, models
from torch import Tensor, nn

from zhinvest.network import PAD, Encoder

_BLANK: Final = "▁"
_STRANGE: Final = "\ufffd"
_PAD_PIECE, _UNKNOWN_PIECE = 1, 3
_SPECIAL: Final = ("<s>", "<pad>", "</s>", "<unk>")
"""The first entries of either vocabulary."""

_FARTHEST: Final = 7
"""Places in a piece are counted up to this, from either end."""

Table = NDArray[np.int64]


class Cutter:
    """Cuts texts of character indices into pieces.

    Attributes:
        characters: The vocabulary of characters, as in `zhinvest.encoder`.
        own: Index of the piece that each of `characters` is by itself: shape (n_characters,).
    """

    def __init__(self, characters: list[str], tokenizer: str, positions: int) -> None:
        """Read the JSON of `tokenizer`, as transformers writes it; pieces end at `positions`."""
        self.characters = characters
        self._tokenizer = Tokenizer.from_str(tokenizer)
        self._tokenizer.enable_truncation(positions)
        known = characters[len(_SPECIAL) :]
        found = [self._tokenizer.token_to_id(character) for character in (*_SPECIAL, *known)]
        self.own = np.array([_UNKNOWN_PIECE if i is None else i for i in found], dtype=np.int64)
        shown = [*_SPECIAL, *(" " if character == _BLANK else character for character in known)]
        self._shown = [character if len(character) == 1 else _STRANGE for character in shown]

    def cut(self, indices: Table) -> tuple[Table, Table, Table]:
        """Return the pieces of texts, and where each character stands.

        Args:
            indices: Indices of characters after BEGIN, then PAD: shape (n_texts, n_positions).

        Returns:
            Indices of pieces, padded: shape (n_texts, n_pieces). For each position the number of
            its piece, and its place in the piece from either end: shapes (n_texts, n_positions)
            and (n_texts, n_positions, 2).
        """
        lengths = (indices != PAD).sum(axis=1)
        rows = zip(indices.tolist(), lengths.tolist(), strict=True)
        texts = ["".join(self._shown[i] for i in row[1:length]) for row, length in rows]
        found = self._tokenizer.encode_batch(texts)
        pieces = np.full((len(found), max(len(e.ids) for e in found)), _PAD_PIECE, dtype=np.int64)
        owners = np.full(indices.shape, -1, dtype=np.int64)
        for encoding, row, owner, length in zip(found, pieces, owners, lengths, strict=True):
            row[: len(encoding.ids)] = encoding.ids
            for number, (start, end) in enumerate(encoding.offsets):
                owner[1 + start : 1 + end] = number
            owner[0] = 0
            np.maximum.accumulate(owner[:length], out=owner[:length])
        return pieces, owners.clip(0), _places(owners)


def _places(owners: Table) -> Table:
    """Return how far each position is from the first and from the last of its piece."""
    columns = np.arange(owners.shape[1])
    is_first = np.diff(owners, axis=1, prepend=-2) != 0
    is_last = np.diff(owners, axis=1, append=-2) != 0
    begins = np.maximum.accumulate(np.where(is_first, columns, 0), axis=1)
    ends = np.where(is_last, columns, owners.shape[1])[:, ::-1]
    ends = np.minimum.accumulate(ends, axis=1)[:, ::-1]
    return np.minimum(np.stack([columns - begins, ends - columns], axis=-1), _FARTHEST)


def _nothing_known() -> str:
    """Return the JSON of a tokenizer without pieces."""
    entries = [(entry, 0.0) for entry in _SPECIAL]
    return Tokenizer(models.Unigram(entries, _UNKNOWN_PIECE, False)).to_str()


class PieceEncoder(nn.Module):
    """An encoder of pieces that reads and returns what `zhinvest.network.Encoder` does."""

    def __init__(self, encoder: Encoder) -> None:
        super().__init__()
        width = encoder.word.weight.shape[1]
        self.encoder, self.dropout = encoder, encoder.dropout
        self.own = nn.Linear(width, width)
        self.places = nn.ModuleList(nn.Embedding(_FARTHEST + 1, width) for _ in range(2))
        self.norm = nn.LayerNorm(width)
        self.windows = nn.ModuleList(nn.Conv1d(width, width, 3, padding=1) for _ in range(2))
        self.norms = nn.ModuleList(nn.LayerNorm(width) for _ in range(2))
        self._vocabularies: tuple[list[str], str] = ([], _nothing_known())
        self._cutter: Cutter | None = None

    def get_extra_state(self) -> Tensor:
        """Return both vocabularies, which belong to the weights, as bytes of JSON."""
        data = json.dumps(self._vocabularies, ensure_ascii=False).encode()
        return torch.from_numpy(np.frombuffer(data, dtype=np.uint8).copy())

    def set_extra_state(self, state: Tensor) -> None:
        """Take what `get_extra_state` gave."""
        characters, tokenizer = json.loads(state.cpu().numpy().tobytes())
        self.set_vocabularies(characters, tokenizer)

    def set_vocabularies(self, characters: list[str], tokenizer: str) -> None:
        """Set the vocabulary of characters, and the JSON of the tokenizer of pieces."""
        self._vocabularies = (characters, tokenizer)
        self._cutter = None

    @property
    def cutter(self) -> Cutter:
        """What cuts texts into pieces."""
        if self._cutter is None:
            self._cutter = Cutter(*self._vocabularies, positions=len(self.encoder.pos.weight))
        return self._cutter

    def forward(self, indices: Tensor) -> Tensor:
        """Return vectors of shape (batch, positions, width) for indices (batch, positions)."""
        table = indices.cpu().numpy()
        tables = (*self.cutter.cut(table), self.cutter.own[table])
        pieces, owners, places, own = (torch.from_numpy(t).to(indices.device) for t in tables)
        vectors = self.encoder(pieces)
        x = vectors.gather(1, owners[..., None].expand(-1, -1, vectors.shape[-1]))
        x = x + self.own(self.encoder.word(own))
        for number, embedding in enumerate(self.places):
            x = x + embedding(places[..., number])
        x = F.dropout(self.norm(x), self.dropout, self.training)
        inside = (indices != PAD)[..., None]
        for window, norm in zip(self.windows, self.norms, strict=True):
            joined = window((x * inside).transpose(1, 2)).transpose(1, 2)
            x = norm(x + F.dropout(F.gelu(joined), self.dropout, self.training))
        return cast(Tensor, x)
