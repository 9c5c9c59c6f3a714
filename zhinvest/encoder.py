"""`zhinvest.CharEncoder.v1` and `zhinvest.PieceEncoder.v1`: BERT encoders, run by PyTorch.

They need the extra `trf`. The network is the one of transformers' BertModel without pooler, and
reads its weights; every character of a token's NORM is one position, and a token's vector is that
of its first character. Where characters or pieces of several are what BERT itself reads, the
network of either takes characters and gives vectors of characters.
"""

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, Final, cast

import numpy as np
from spacy.tokens import Doc
from spacy.util import registry
from thinc.api import ArgsKwargs, Model, NumpyOps, PyTorchWrapper_v3, xp2torch
from thinc.types import Floats2d

BEGIN, PAD, END, UNKNOWN = range(4)
"""Indices of the four special entries of every vocabulary."""

BLANK: Final = "▁"
_TOKENIZER: Final = "tokenizer.json"
_WINDOW: Final = 480
_POSITIONS: Final = {"cpu": 4096, "cuda": 8192}
"""Most positions of a batch by the kind of device, padding counted."""

_STOPS: Final = frozenset("。！？；!?;\n")


@dataclass(frozen=True)
class Window:
    """A stretch of one Doc: its tokens from `start`, their characters and first positions."""

    doc: int
    start: int
    indices: list[int]
    firsts: list[int]


@registry.architectures("zhinvest.CharEncoder.v1")
def char_encoder(
    vocab_size: int,
    width: int,
    depth: int,
    heads: int,
    positions: int,
    dropout: float,
    bits: int = 16,
) -> Model[list[Doc], list[Floats2d]]:
    """Return a model from Docs to one vector for each token: arrays of shape (n_tokens, width).

    A text is read in windows of at most 480 characters that end where sentences end. The weights
    are kept in 16 or 6 to 8 `bits` and computed with as 32-bit floats.
    """
    from zhinvest.network import Encoder

    network = Encoder(vocab_size, width, depth, heads, positions, dropout)
    return _encoder("char_encoder", network, width, bits)


@registry.architectures("zhinvest.PieceEncoder.v1")
def piece_encoder(
    vocab_size: int,
    width: int,
    depth: int,
    heads: int,
    positions: int,
    dropout: float,
    bits: int = 16,
) -> Model[list[Doc], list[Floats2d]]:
    """Return a model like `char_encoder`'s whose BERT reads pieces (see `zhinvest.pieces`).

    `vocab_size` and `positions` are of pieces.
    """
    from zhinvest.network import Encoder
    from zhinvest.pieces import PieceEncoder

    network = PieceEncoder(Encoder(vocab_size, width, depth, heads, positions, dropout))
    return _encoder("piece_encoder", network, width, bits)


def _encoder(name: str, network: Any, width: int, bits: int) -> Model[list[Doc], list[Floats2d]]:
    from zhinvest.network import from_weight_bytes, weight_bytes

    wrapper = PyTorchWrapper_v3(
        network,
        convert_inputs=_to_torch,
        serialize_model=partial(weight_bytes, bits=bits),
        deserialize_model=from_weight_bytes,
    )
    return Model(
        name,
        _forward,
        layers=[cast(Any, wrapper)],
        dims={"nO": width},
        attrs={"characters": [], "own_batches": True},
    )


def _to_torch(
    model: Model[Any, Any], indices: Any, is_train: bool
) -> tuple[ArgsKwargs, Callable[[Any], list[Any]]]:
    """Convert indices, which unlike thinc's default have no gradient."""
    shim = cast(Any, model.shims[0])
    tensor = xp2torch(indices, device=shim.device)
    return ArgsKwargs(args=(tensor,), kwargs={}), lambda _: []


def _forward(
    model: Model[Any, Any], docs: list[Doc], is_train: bool
) -> tuple[list[Any], Callable[[list[Any]], list[Any]]]:
    ops, wrapper = model.ops, model.layers[0]
    index = {character: i for i, character in enumerate(model.attrs["characters"])}
    outputs = [ops.alloc2f(len(doc), model.get_dim("nO")) for doc in docs]
    steps = []
    windows = [window for n, doc in enumerate(docs) for window in cut_windows(n, doc, index)]
    limit = _POSITIONS["cpu" if isinstance(ops, NumpyOps) else "cuda"]
    for batch in _batches(windows, limit):
        vectors, backprop = wrapper(ops.asarray(_padded(batch)), is_train)
        for row, window in zip(vectors, batch, strict=True):
            end = window.start + len(window.firsts)
            outputs[window.doc][window.start : end] = row[window.firsts]
        steps.append((batch, vectors.shape, backprop))

    def backprop_all(gradients: list[Any]) -> list[Any]:
        for batch, shape, backprop in steps:
            change = ops.alloc(shape)
            for row, window in zip(change, batch, strict=True):
                end = window.start + len(window.firsts)
                row[window.firsts] = gradients[window.doc][window.start : end]
            backprop(change)
        return []

    return outputs, backprop_all


def cut_windows(number: int, doc: Doc, index: dict[str, int]) -> Iterator[Window]:
    """Yield the windows of one Doc; every token is in exactly one."""
    start, length = 0, 1
    sizes = [min(len(token.norm_) or 1, _WINDOW - 1) for token in doc]
    last_stop = 0
    for i, size in enumerate(sizes):
        while length + size > _WINDOW:
            end = last_stop if last_stop > start else i
            yield _window(number, doc, start, end, index)
            start, length = end, 1 + sum(sizes[end:i])
        length += size
        if doc[i].norm_ in _STOPS:
            last_stop = i + 1
    if start < len(doc):
        yield _window(number, doc, start, len(doc), index)


def _window(number: int, doc: Doc, start: int, end: int, index: dict[str, int]) -> Window:
    indices, firsts = [BEGIN], []
    for token in doc[start:end]:
        firsts.append(len(indices))
        indices += [character_index(c, index) for c in (token.norm_ or "?")[: _WINDOW - 1]]
    return Window(number, start, indices, firsts)


def character_index(character: str, index: dict[str, int]) -> int:
    """Return the position of a character in the vocabulary; any white space is one entry."""
    if character.isspace():
        return index.get(BLANK, UNKNOWN)
    return index.get(character, index.get(character.upper(), UNKNOWN))


def _batches(windows: list[Window], limit: int) -> Iterator[list[Window]]:
    """Yield windows of similar length, so that little is padded; at most `limit` positions."""
    batch: list[Window] = []
    for window in sorted(windows, key=lambda w: len(w.indices)):
        if batch and len(window.indices) * (len(batch) + 1) > limit:
            yield batch
            batch = []
        batch.append(window)
    if batch:
        yield batch


def _padded(batch: list[Window]) -> Any:
    table = np.full((len(batch), max(len(w.indices) for w in batch)), PAD, dtype=np.int64)
    for row, window in zip(table, batch, strict=True):
        row[: len(window.indices)] = window.indices
    return table


def load_bert(model: Model[Any, Any], folder: Path) -> None:
    """Fill a CharEncoder with the weights and the vocabulary of a BERT folder.

    `folder` holds model.safetensors and tokenizer.json as transformers writes them, with a
    vocabulary of which the entries of one character are used.

    Raises:
        FileNotFoundError: one of the two files is missing.
        RuntimeError: the weights have another shape than the model.
    """
    model.attrs["characters"] = _entries(folder)
    model.layers[0].shims[0]._model.load_state_dict(_read_bert(folder))


def load_pieces(model: Model[Any, Any], folder: Path, characters: list[str]) -> None:
    """Fill a PieceEncoder with the weights and the tokenizer of a BERT folder, as `load_bert` does.

    `characters` is the vocabulary by which texts come to the network.
    """
    network = model.layers[0].shims[0]._model
    model.attrs["characters"] = characters
    network.set_vocabularies(characters, (folder / _TOKENIZER).read_text(encoding="utf-8"))
    network.encoder.load_state_dict(_read_bert(folder))


def _entries(folder: Path) -> list[str]:
    entries = json.loads((folder / _TOKENIZER).read_text(encoding="utf-8"))["model"]["vocab"]
    return [entry for entry, _ in entries]


def _read_bert(folder: Path) -> dict[str, Any]:
    from safetensors.torch import load_file

    from zhinvest.network import bert_state

    return bert_state(load_file(folder / "model.safetensors"))
