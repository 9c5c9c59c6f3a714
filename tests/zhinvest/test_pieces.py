"""Tests of the encoder of pieces: how texts are cut, and what reaches the characters."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import spacy
from spacy.language import Language
from spacy.training import Example
from thinc.api import Model

from tests.tiny_bert import (
    DEPTH,
    HEADS,
    POSITIONS,
    SPECIAL,
    WIDTH,
    read_pieces,
    write_bert,
    write_piece_bert,
)
from training.convert import to_doc
from zhinvest.documents import Document
from zhinvest.encoder import load_pieces, piece_encoder
from zhinvest.normalise import normalise

torch = pytest.importorskip("torch")

from zhinvest.pieces import Cutter, PieceEncoder  # noqa: E402

pytestmark = pytest.mark.usefixtures("one_thread", "exact")

TEXT = "青云科技与滨海新区签约，投资5.2亿元建设年产3GWh的工厂。项目明年投产！"
PIECES = ["青云", "科技", "投资", "亿元", "工厂", "投产", *sorted(set(normalise(TEXT)))]
SIZES = {"width": WIDTH, "depth": DEPTH, "heads": HEADS, "positions": POSITIONS}


@pytest.fixture(scope="module")
def bert(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_bert(tmp_path_factory.mktemp("bert"), [TEXT])


@pytest.fixture(scope="module")
def pieces(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_piece_bert(tmp_path_factory.mktemp("pieces"), PIECES)


@pytest.fixture(scope="module")
def characters_of_bert(bert: Path) -> list[str]:
    return read_pieces(bert / "tokenizer.json")


@pytest.fixture
def model(characters_of_bert: list[str], pieces: Path) -> Model[Any, Any]:
    return filled(characters_of_bert, pieces)


def filled(characters: list[str], pieces: Path, bits: int = 16) -> Model[Any, Any]:
    torch.manual_seed(0)
    encoder = piece_encoder(len(SPECIAL) + len(PIECES), **SIZES, dropout=0.1, bits=bits)
    encoder.initialize()
    load_pieces(encoder, pieces, characters)
    return encoder


def network(model: Model[Any, Any]) -> PieceEncoder:
    found: PieceEncoder = model.layers[0].shims[0]._model
    return found


def indices(text: str, characters: list[str], length: int = 0) -> Any:
    """Return BEGIN, the characters of `text`, and PAD up to `length`, as one row."""
    index = {character: i for i, character in enumerate(characters)}
    row = [0, *(index.get("▁" if c == " " else c, 3) for c in text)]
    return np.array([row + [1] * (length - len(row))], dtype=np.int64)


# --- cutting -------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def cutter(characters_of_bert: list[str], pieces: Path) -> Cutter:
    tokenizer = (pieces / "tokenizer.json").read_text(encoding="utf-8")
    return Cutter(characters_of_bert, tokenizer, POSITIONS)


def cut(cutter: Cutter, text: str, length: int = 0) -> tuple[list[str], list[int], list[Any]]:
    """Return pieces, the number of each character's, and its place in it."""
    entries = [*SPECIAL, *PIECES]
    found, owners, places = cutter.cut(indices(text, cutter.characters, length))
    return [entries[i] for i in found[0]], owners[0].tolist(), places[0].tolist()


def test_every_character_has_its_piece(cutter: Cutter) -> None:
    pieces, owners, places = cut(cutter, "投资青云的工厂")
    assert pieces == ["<s>", "▁", "投资", "青云", "的", "工厂", "</s>"]
    assert owners == [0, 2, 2, 3, 3, 4, 5, 5]
    assert places == [[0, 0], [0, 1], [1, 0], [0, 1], [1, 0], [0, 0], [0, 1], [1, 0]]


def test_padding_belongs_to_no_piece(cutter: Cutter) -> None:
    pieces, owners, _ = cut(cutter, "投资", 6)
    assert pieces == ["<s>", "▁", "投资", "</s>"]
    assert owners == [0, 2, 2, 0, 0, 0]


def test_blanks_and_unknown_characters_keep_their_place(cutter: Cutter) -> None:
    pieces, owners, _ = cut(cutter, "投资 㗊㗊 工厂")
    assert pieces == ["<s>", "▁", "投资", "▁", "<unk>", "▁", "工厂", "</s>"]
    assert owners == [0, 2, 2, 3, 4, 4, 5, 6, 6]


def test_texts_of_a_batch_are_cut_each_by_itself(cutter: Cutter) -> None:
    texts = ["投资青云", "", "的", TEXT]
    longest = 1 + max(map(len, texts))
    table = np.concatenate([indices(text, cutter.characters, longest) for text in texts])
    pieces, owners, places = cutter.cut(table)
    for row, text in enumerate(texts):
        alone = cutter.cut(indices(text, cutter.characters))
        size = 1 + len(text)
        assert pieces[row][: alone[0].shape[1]].tolist() == alone[0][0].tolist()
        assert owners[row][:size].tolist() == alone[1][0].tolist()
        assert places[row][:size].tolist() == alone[2][0].tolist()


def test_a_text_of_too_many_pieces_is_read_to_the_last_position(
    characters_of_bert: list[str], pieces: Path
) -> None:
    tokenizer = (pieces / "tokenizer.json").read_text(encoding="utf-8")
    found, owners, _ = Cutter(characters_of_bert, tokenizer, 6).cut(
        indices("的投资青云的工厂", characters_of_bert)
    )
    assert found.shape == (1, 6)
    assert owners[0].tolist() == [0, 2, 3, 3, 4, 4, 4, 4, 4]


def test_a_character_is_also_a_piece(cutter: Cutter) -> None:
    entries = [*SPECIAL, *PIECES]
    for character, own in zip(cutter.characters[5:], cutter.own[5:], strict=True):
        assert entries[own] == character


# --- vectors -------------------------------------------------------------------------------------


def test_texts_read_together_are_as_if_alone(model: Model[Any, Any], characters: Language) -> None:
    docs = [characters(text) for text in ("青云", TEXT, "", TEXT * 40, "投资。", " ")]
    for doc, output in zip(docs, model.predict(docs), strict=True):
        assert output.shape == (len(doc), WIDTH)
        np.testing.assert_allclose(output, model.predict([doc])[0], atol=1e-4)


def test_characters_of_a_piece_differ(model: Model[Any, Any], characters: Language) -> None:
    (output,) = model.predict([characters("投资青云")])
    assert np.abs(output[0] - output[1]).max() > 0.1


def test_gradients_reach_every_weight(model: Model[Any, Any], characters: Language) -> None:
    docs = [characters(text) for text in (TEXT * 30, TEXT)]
    outputs, backprop = model.begin_update(docs)
    random = np.random.default_rng(0)
    backprop([random.normal(size=output.shape).astype("f") for output in outputs])
    for name, parameter in network(model).named_parameters():
        assert parameter.grad is not None, name
        assert parameter.grad.abs().max() > 0, name


@pytest.mark.parametrize(("bits", "tolerance"), [(16, 5e-3), (8, 0.15)])
def test_bytes_come_back(
    characters_of_bert: list[str], pieces: Path, characters: Language, bits: int, tolerance: float
) -> None:
    model = filled(characters_of_bert, pieces, bits)
    doc = characters(TEXT * 20)
    data = model.to_bytes()
    empty = piece_encoder(len(SPECIAL) + len(PIECES), **SIZES, dropout=0.1, bits=bits)
    again = empty.from_bytes(data)
    assert network(again).cutter.characters == characters_of_bert
    np.testing.assert_allclose(again.predict([doc])[0], model.predict([doc])[0], atol=tolerance)
    numbers = sum(parameter.numel() for parameter in network(model).parameters())
    assert len(data) < numbers * bits / 8 * 1.1 + 80_000


def test_weights_are_kept_in_8_or_16_bits(characters_of_bert: list[str], pieces: Path) -> None:
    with pytest.raises(ValueError, match="not in 4"):
        filled(characters_of_bert, pieces, bits=4).to_bytes()


# --- in a pipeline -------------------------------------------------------------------------------


def test_a_tagger_over_both_encoders_trains_and_comes_back(
    characters: Language, bert: Path, pieces: Path, gold: list[Document], tmp_path: Path
) -> None:
    vocab = len(read_pieces(bert / "tokenizer.json"))
    both = {
        "characters": {"@architectures": "zhinvest.CharEncoder.v1", "vocab_size": vocab},
        "pieces": {
            "@architectures": "zhinvest.PieceEncoder.v1",
            "vocab_size": len(SPECIAL) + len(PIECES),
        },
    }
    for sizes in both.values():
        sizes |= {**SIZES, "dropout": 0.1, "bits": 8}
    tok2vec = {"@layers": "concatenate.v1", "*": both}
    config = {"model": {"@architectures": "zhinvest.Tagger.v1", "tok2vec": tok2vec}}
    characters.add_pipe("zhinvest_tagger", name="ner", config=config)
    folders = {"bert": str(bert), "pieces": str(pieces), "sharing": 0.5}
    characters.config["initialize"]["components"] = {"ner": folders}
    found = [Example(characters.make_doc(d.text), to_doc(characters, d)) for d in gold[:3]]
    optimizer = characters.initialize(lambda: found)
    losses = [characters.update(found, sgd=optimizer)["ner"] for _ in range(4)]
    assert losses[-1] < losses[0]
    characters.to_disk(tmp_path)
    again = spacy.load(tmp_path)
    doc = characters.make_doc(TEXT)
    one, two = (p.get_pipe("ner").model.predict([doc])[0] for p in (characters, again))
    np.testing.assert_allclose(one, two, atol=0.1)
    assert again.get_pipe("ner").cfg["sharing"] == 0.5
