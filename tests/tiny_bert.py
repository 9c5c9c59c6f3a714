"""A BERT folder of a few kilobytes, as transformers writes one, with random weights."""

from __future__ import annotations

import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from zhinvest.normalise import normalise

SPECIAL = ("<s>", "<pad>", "</s>", "<unk>", "▁")
WIDTH, DEPTH, HEADS, POSITIONS = 24, 2, 12, 512


def write_vocabulary(folder: Path, texts: Iterable[str]) -> Path:
    """Write a tokenizer.json with every character of the normalised `texts`; its path."""
    characters = sorted({c for text in texts for c in normalise(text) if not c.isspace()})
    pieces = [[piece, 0.0] for piece in (*SPECIAL, *characters)]
    path = folder / "tokenizer.json"
    folder.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps({"model": {"vocab": pieces}}), encoding="utf-8")
    return path


def read_pieces(vocabulary: Path) -> list[str]:
    pieces = json.loads(vocabulary.read_text(encoding="utf-8"))["model"]["vocab"]
    return [piece for piece, _ in pieces]


def write_bert(folder: Path, texts: Iterable[str]) -> Path:
    """Write model.safetensors and tokenizer.json into `folder`; `folder`."""
    from safetensors.torch import save_file

    vocab = len(read_pieces(write_vocabulary(folder, texts)))
    save_file(bert_weights(vocab), folder / "model.safetensors", {"format": "pt"})
    return folder


def write_piece_bert(folder: Path, pieces: Iterable[str]) -> Path:
    """Write a BERT folder whose vocabulary is `pieces` behind the special entries; `folder`."""
    from safetensors.torch import save_file

    from training.base_encoder import tokenizer_json

    entries = [*SPECIAL, *pieces]
    folder.mkdir(parents=True, exist_ok=True)
    tokenizer = tokenizer_json((entry, -float(n)) for n, entry in enumerate(entries))
    (folder / "tokenizer.json").write_text(tokenizer, encoding="utf-8")
    save_file(bert_weights(len(entries)), folder / "model.safetensors", {"format": "pt"})
    return folder


def bert_weights(vocab: int) -> dict[str, Any]:
    """Return random weights under BertModel's names, as 16-bit floats."""
    import torch

    shapes: dict[str, tuple[int, ...]] = {
        "embeddings.word_embeddings.weight": (vocab, WIDTH),
        "embeddings.position_embeddings.weight": (POSITIONS, WIDTH),
        "embeddings.token_type_embeddings.weight": (2, WIDTH),
        "embeddings.LayerNorm.weight": (WIDTH,),
        "embeddings.LayerNorm.bias": (WIDTH,),
    }
    square, hidden = (WIDTH, WIDTH), 4 * WIDTH
    kinds = {f"attention.self.{name}": square for name in ("query", "key", "value")}
    kinds |= {"attention.output.dense": square, "intermediate.dense": (hidden, WIDTH)}
    kinds |= {"output.dense": (WIDTH, hidden)}
    for layer in (f"encoder.layer.{number}." for number in range(DEPTH)):
        for kind, shape in kinds.items():
            shapes |= {f"{layer}{kind}.weight": shape, f"{layer}{kind}.bias": shape[:1]}
        for kind in ("attention.output.LayerNorm", "output.LayerNorm"):
            shapes |= {f"{layer}{kind}.weight": (WIDTH,), f"{layer}{kind}.bias": (WIDTH,)}
    generator = torch.Generator().manual_seed(0)
    return {
        name: (torch.randn(shape, generator=generator) * 0.1).half()
        for name, shape in shapes.items()
    }
