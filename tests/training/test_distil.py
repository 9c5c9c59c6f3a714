"""Tests of distillation: its networks are those of the pipelines, and every stage runs."""

from __future__ import annotations

import json
import runpy
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import spacy
from hypothesis import given, settings
from hypothesis import strategies as st
from spacy.attrs import SHAPE
from spacy.language import Language
from spacy.training import Example
from thinc.api import Adam
from typer.testing import CliRunner

from tests.conftest import ROOT, TINY, UNER
from tests.tiny_bert import (
    DEPTH,
    HEADS,
    WIDTH,
    bert_weights,
    read_pieces,
    write_bert,
    write_piece_bert,
)
from training import assemble, disassemble, quantize
from training.ablation import keep, parts_of
from training.arrays import main as write_all_arrays
from zhinvest import embed
from zhinvest.documents import CorpusError, read_documents, write_rows
from zhinvest.tagger import TAGS, tagger_model
from zhinvest.tags import decode

torch = pytest.importorskip("torch")

from training.distil import data, ensemble, loop, networks, pretrain, silver, student, teacher  # noqa: E402
from training.distil.__main__ import app  # noqa: E402

pytestmark = pytest.mark.usefixtures("one_thread")

GOLD = read_documents(TINY)
TEXTS = [document.text for document in GOLD]
UNLABELLED = [f"消息{number}：" + text.replace("年", "月") for number, text in enumerate(TEXTS)]
SMALL_TEACH = ["--steps", "2", "--positions", "1000", "--heads", str(HEADS)]
SMALL_REFINE = ["--steps", "2", "--batch", "2", "--positions", "1000", "--heads", str(HEADS)]
SMALL_STUDENT = ["--steps", "2", "--batch", "2", "--gold-batch", "2", "--window", "64"]


def distil(*arguments: str | Path) -> str:
    """Run a stage; its output, or the exception that ended it."""
    result = CliRunner().invoke(app, [str(argument) for argument in arguments])
    if result.exception:
        raise result.exception
    return result.output


@pytest.fixture(scope="module")
def bert(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_bert(tmp_path_factory.mktemp("bert"), TEXTS)


@pytest.fixture(scope="module")
def piece_encoder(tmp_path_factory: pytest.TempPathFactory, bert: Path) -> Path:
    """The file of an encoder of pieces that reads the characters of `bert`."""
    folder = tmp_path_factory.mktemp("pieces")
    entries = ["公司", "投资", "亿元", *read_pieces(bert / "tokenizer.json")[5:]]
    pieces, output = write_piece_bert(folder / "bert", entries), folder / "pieces.npz"
    vocabulary = ["--vocabulary", bert / "tokenizer.json", "--heads", str(HEADS)]
    distil("pieces", "--bert", pieces, *vocabulary, "--output", output)
    return output


@pytest.fixture(scope="module")
def arrays(tmp_path_factory: pytest.TempPathFactory, bert: Path) -> Path:
    """The file of arrays of the tiny corpus, which is gold and dev alike."""
    folder = tmp_path_factory.mktemp("arrays")
    dev = folder / "dev.jsonl"
    write_rows(
        dev, [{"id": "d", "text": "榕肌生物在莆田。", "ents": [[0, 4, "ORG"], [5, 7, "PLACE"]]}]
    )
    write_rows(folder / "texts.jsonl", [{"text": text} for text in UNLABELLED])
    texts, public = [folder / "texts.jsonl"], [f"uner:{UNER}"]
    vocabulary = bert / "tokenizer.json"
    write_all_arrays([TINY], dev, vocabulary, folder / "arrays.npz", public, texts)
    return folder / "arrays.npz"


@pytest.fixture(scope="module")
def stages(tmp_path_factory: pytest.TempPathFactory, arrays: Path, bert: Path) -> Path:
    """Folder of what the four stages write after two steps each."""
    folder = tmp_path_factory.mktemp("stages")
    options = ["--steps", "2", "--batch", "2", "--window", "64", "--heads", str(HEADS)]
    distil("pretrain", arrays, "--bert", bert, "--output", folder / "encoder.npz", *options)
    encoder, teachers = folder / "encoder.npz", folder / "teachers"
    distil("teach", arrays, encoder, "--output", teachers, *SMALL_TEACH)
    distil("label", arrays, teachers, "--output", folder / "silver.npz", "--positions", "2000")
    options = ["--output", folder / "student.npz", *SMALL_STUDENT]
    distil("student", arrays, folder / "silver.npz", *options)
    options = ["--output", folder / "refined.npz", *SMALL_REFINE]
    distil("refine", arrays, folder / "silver.npz", teachers, *options)
    return folder


# --- the student is the thinc model --------------------------------------------------------------

FAR = (1, 2, 3)
"""Dilations of a small student."""

KEYS = st.lists(st.integers(0, 2**64 - 1), min_size=1, max_size=12)


def signed(keys: list[int]) -> Any:
    return torch.from_numpy(np.array([keys], dtype=np.uint64).view(np.int64))


@given(KEYS)
def test_ngram_keys_are_those_of_the_library(keys: list[int]) -> None:
    ours = networks.ngram_keys(signed(keys), networks.Shift(signed(keys), 1))
    theirs = embed.ngram_keys(np.array(keys, dtype=np.uint64))
    for one, other in zip(ours, theirs, strict=True):
        np.testing.assert_array_equal(one[0].numpy().view(np.uint64), other)


@given(KEYS, st.integers(1, 2**32 - 1))
def test_hash_rows_are_those_of_the_library(keys: list[int], size: int) -> None:
    ours = networks.hash_rows(signed(keys), size)
    theirs = embed.hash_rows(np.array(keys, dtype=np.uint64), size)
    np.testing.assert_array_equal(ours[0].numpy(), theirs)


def small_student() -> tuple[Any, Any]:
    """Return a student and the thinc model of the same sizes."""
    rows, widths = (50, 100, 100), (12, 8, 4)
    torch.manual_seed(1)
    network = networks.Student(16, FAR, 0.1, rows, widths).eval()
    for parameter in network.parameters():
        torch.nn.init.normal_(parameter, std=0.3)
    config = {
        "@architectures": "spacy.Tok2Vec.v2",
        "embed": {
            "@architectures": "zhinvest.NgramHashEmbed.v1",
            "width": 16,
            "rows": list(rows),
            "widths": list(widths),
            "maxout_pieces": networks.PIECES,
        },
        "encode": {
            "@architectures": "zhinvest.DilatedWindowEncoder.v1",
            "width": 16,
            "dilations": list(FAR),
            "maxout_pieces": networks.PIECES,
        },
    }
    return network, tagger_model(spacy.registry.resolve({"tok2vec": config})["tok2vec"])


def test_the_student_is_the_thinc_model(characters: Language) -> None:
    network, model = small_student()
    docs = [characters(text) for text in (TEXTS[0], "投资", TEXTS[1])]
    model.initialize(X=docs)
    weights = {name: value.numpy() for name, value in network.state_dict().items()}
    assemble.fill_student(model, weights)
    keys = [key for doc in docs for key in doc.to_array(SHAPE).astype(np.uint64).tolist()]
    numbers = torch.tensor([[number for number, doc in enumerate(docs) for _ in doc]])
    with torch.no_grad():
        scores = network(signed(keys), numbers)[0].numpy()
    np.testing.assert_allclose(scores, np.concatenate(model.predict(docs)), atol=1e-3)
    assert np.abs(scores).max() > 1


def test_the_student_has_the_sizes_of_the_config() -> None:
    config = spacy.util.load_config(ROOT / "configs" / "sm_distilled.cfg")
    tok2vec = config["components"]["ner"]["model"]["tok2vec"]
    defaults = student.StudentOptions()
    assert tok2vec["embed"]["rows"] == list(networks.ROWS)
    assert tok2vec["embed"]["widths"] == list(networks.WIDTHS)
    assert tok2vec["embed"]["maxout_pieces"] == networks.PIECES
    assert tok2vec["encode"]["width"] == defaults.width
    assert tok2vec["encode"]["dilations"] == list(defaults.dilations)
    assert tok2vec["encode"]["maxout_pieces"] == networks.PIECES


# --- the teacher is the encoder of the library ---------------------------------------------------


def test_the_teacher_is_the_pipelines_model(bert: Path, characters: Language) -> None:
    torch.manual_seed(1)
    network = networks.TeacherTagger(networks.read_encoder(bert, HEADS)).eval()
    pieces = read_pieces(bert / "tokenizer.json")
    config = {"vocab_size": len(pieces), "width": WIDTH, "depth": DEPTH, "heads": HEADS}
    architecture = {"@architectures": "zhinvest.CharEncoder.v1", **config}
    tok2vec = spacy.registry.resolve(
        {"tok2vec": {**architecture, "positions": 512, "dropout": 0.1}}
    )["tok2vec"]
    model = tagger_model(tok2vec)
    doc = characters(TEXTS[1])
    model.initialize(X=[doc])
    weights = {name: value.numpy() for name, value in network.state_dict().items()}
    assemble.fill_teachers(model, [weights], pieces, [1.0])
    (expected,) = model.predict([doc])
    index = {piece: i for i, piece in enumerate(pieces)}
    (window,) = assemble_windows(doc, index)
    with torch.no_grad():
        scores = network(torch.tensor([window.indices]))[0][window.firsts].numpy()
    np.testing.assert_allclose(scores, expected, atol=1e-3)


def assemble_windows(doc: Any, index: dict[str, int]) -> list[Any]:
    from zhinvest.encoder import cut_windows

    return list(cut_windows(0, doc, index))


def test_safetensors_are_read_as_their_library_reads_them(bert: Path) -> None:
    read = networks.read_safetensors(bert / "model.safetensors")
    expected = bert_weights(len(read_pieces(bert / "tokenizer.json")))
    assert read.keys() == expected.keys()
    assert all(torch.equal(read[name], expected[name]) for name in expected)


def test_weights_come_back_from_half_precision(bert: Path) -> None:
    network = networks.TeacherTagger(networks.read_encoder(bert, HEADS))
    again = networks.load_teacher(networks.half(network), HEADS)
    for name, value in network.state_dict().items():
        assert torch.allclose(again.state_dict()[name], value, atol=1e-3), name


def test_pieces_come_back_with_their_vocabularies(piece_encoder: Path, bert: Path) -> None:
    weights = data.read_arrays(piece_encoder)
    network = networks.load_encoder(weights, HEADS)
    assert isinstance(network, networks.PieceEncoder)
    assert network.cutter.characters == read_pieces(bert / "tokenizer.json")
    teacher_of_pieces = networks.TeacherTagger(network)
    again = networks.load_teacher(networks.half(teacher_of_pieces), HEADS).state_dict()
    for name, value in teacher_of_pieces.state_dict().items():
        assert torch.allclose(again[name], value, atol=1e-3), name


def test_what_lies_above_an_encoder_learns_as_fast_as_the_head(piece_encoder: Path) -> None:
    encoder = networks.load_encoder(data.read_arrays(piece_encoder), HEADS)
    network = networks.TeacherTagger(encoder)
    groups = teacher.layered_groups(network, rate=1.0, decay=0.9)
    names = [name for name, _ in network.named_parameters()]
    rates = dict(zip(names, (group["lr"] for group in groups), strict=True))
    assert rates["head.weight"] == rates["enc.own.weight"] == rates["enc.norms.1.bias"] == 5
    assert rates["enc.encoder.layers.1.up.weight"] == pytest.approx(0.9)
    assert rates["enc.encoder.word.weight"] == pytest.approx(0.9**3)


def test_rates_fall_from_the_head_to_the_embeddings(bert: Path) -> None:
    network = networks.TeacherTagger(networks.read_encoder(bert, HEADS))
    groups = teacher.layered_groups(network, rate=1.0, decay=0.9)
    names = [name for name, _ in network.named_parameters()]
    rates = dict(zip(names, (group["lr"] for group in groups), strict=True))
    assert rates["head.weight"] == 5
    assert rates["enc.layers.1.up.weight"] == pytest.approx(0.9)
    assert rates["enc.layers.0.up.weight"] == pytest.approx(0.9**2)
    assert rates["enc.word.weight"] == rates["enc.norm.bias"] == pytest.approx(0.9**3)
    decays = {name: g["weight_decay"] for name, g in zip(names, groups, strict=True)}
    assert {name for name, decay in decays.items() if not decay} == {
        name for name, parameter in network.named_parameters() if parameter.ndim == 1
    }


# --- masked characters ---------------------------------------------------------------------------


def test_hidden_are_about_a_sixth_and_never_special() -> None:
    torch.manual_seed(0)
    indices = torch.randint(0, 100, (40, 500))
    hidden = pretrain.hidden_spans(indices)
    assert 0.14 < hidden.float().mean() < 0.19
    assert (indices[hidden] > data.UNKNOWN).all()


def test_most_hidden_characters_are_shown_as_unknown() -> None:
    torch.manual_seed(0)
    indices = torch.full((100, 100), 50)
    hidden = torch.rand(indices.shape) < 0.5
    shown = pretrain.disguised(indices, hidden, vocab=1000)
    assert torch.equal(shown[~hidden], indices[~hidden])
    unknown = (shown[hidden] == data.UNKNOWN).float().mean()
    kept = (shown[hidden] == 50).float().mean()
    assert 0.77 < unknown < 0.83
    assert 0.08 < kept < 0.12


@given(st.integers(1, 40), st.integers(2, 12))
def test_stretches_hold_the_text_in_order(size: int, window: int) -> None:
    rows = pretrain.stretches(np.arange(10, 10 + size, dtype=np.int32), window)
    assert (rows[:, 0] == data.BEGIN).all()
    assert rows.shape[1] == min(window, size + 1)
    read = rows[:, 1:].flatten().tolist()
    assert read == list(range(10, 10 + len(read)))
    assert size - len(read) < rows.shape[1] - 1


def test_masked_characters_are_learnt(bert: Path, tmp_path: Path) -> None:
    torch.manual_seed(0)
    network = networks.MaskedCharacters(networks.read_encoder(bert, HEADS))
    indices = torch.tensor([[0, *range(10, 30)]] * 4)
    losses: list[float] = []

    def loss(_: int) -> Any:
        value = pretrain.masked_loss(network, indices)
        losses.append(value.item())
        return value

    groups = loop.parameter_groups(network, 0.01)
    loop.Training(network, groups, loop.Plan(40, 4), tmp_path / "c.pt").run(loss, "test")
    assert np.mean(losses[-5:]) < np.mean(losses[:5]) / 2


# --- training ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("step", "rate"), [(0, 0.1), (9, 0.91), (10, 0.9), (50, 0.5), (99, 0.02), (98, 0.02)]
)
def test_rates_rise_and_fall(step: int, rate: float) -> None:
    assert loop.Plan(steps=100, warmup=10).rate(step) == pytest.approx(rate)


def test_weights_are_averaged_as_planned() -> None:
    plan = loop.Plan(steps=20, warmup=0, average_from=0.5, average_every=5)
    assert [step for step in range(20) if plan.averages(step)] == [15]
    assert not any(loop.Plan(steps=20, warmup=0).averages(step) for step in range(20))


@settings(max_examples=30)
@given(st.integers(1, 30), st.integers(1, 40), st.integers(0, 3))
def test_an_epoch_takes_every_row_once(rows: int, size: int, seed: int) -> None:
    order = loop.Order(rows, size, seed)
    epochs = [
        [int(row) for step in range(order.steps) for row in order.batch(epoch * order.steps + step)]
        for epoch in range(2)
    ]
    for epoch in epochs:
        assert len(set(epoch)) == len(epoch) > rows - order.size
    again = loop.Order(rows, size, seed)
    assert again.batch(order.steps).tolist() == epochs[1][: order.size]


class CutShortError(Exception):
    pass


def linear_run(checkpoint: Path, stop: int | None = None) -> Any:
    """Train a linear layer for 12 steps, or be cut short at `stop`; its weights."""
    torch.manual_seed(0)
    network = torch.nn.Sequential(torch.nn.Linear(3, 1), torch.nn.Dropout(0.5))
    plan = loop.Plan(12, warmup=2, average_from=0.3)
    groups = loop.parameter_groups(network, 0.1)

    def loss(step: int) -> Any:
        if step == stop:
            raise CutShortError
        return (network(torch.rand(5, 3)) ** 2).sum()

    loop.Training(network, groups, plan, checkpoint).run(loss, "test")
    return network.state_dict()


@pytest.mark.parametrize("stop", [3, 5, 8, 11])
def test_a_run_cut_short_goes_on_to_the_same_weights(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, stop: int
) -> None:
    monkeypatch.setattr(loop, "_CHECKPOINT_STEPS", 4)
    expected = linear_run(tmp_path / "whole.pt")
    with pytest.raises(CutShortError):
        linear_run(tmp_path / "cut.pt", stop)
    assert (tmp_path / "cut.pt").exists() == (stop >= 4)
    found = linear_run(tmp_path / "cut.pt")
    assert all(torch.equal(found[name], expected[name]) for name in expected)


def test_an_unfinished_folder_is_found_again_for_the_same_inputs_only(tmp_path: Path) -> None:
    source, output = tmp_path / "in", tmp_path / "out" / "x.npz"
    source.write_text("一")
    folders = []
    for content, option in (("一", 1), ("一", 1), ("一", 2), ("二", 1)):
        source.write_text(content)
        with pytest.raises(CutShortError), loop.unfinished(output, source, option) as folder:
            folders.append(folder)
            raise CutShortError
    assert folders[0] == folders[1]
    assert len(set(folders)) == 3
    assert all(folder.is_dir() for folder in folders)
    with loop.unfinished(output, source, 1) as folder:
        assert folder == folders[3]
    assert not folders[3].exists()


# --- F1 ------------------------------------------------------------------------------------------


def certain(texts: data.Texts) -> Any:
    """Return probabilities that are sure of the gold tags."""
    return np.eye(len(TAGS), dtype=np.float16)[texts.token_tags]


def test_f1_of_gold_is_one_and_of_nothing_zero(arrays: Path) -> None:
    texts = data.read_texts(data.read_arrays(arrays), "gold")
    found = certain(texts)
    assert set(ensemble.f1(found, texts).values()) == {1.0}
    assert set(ensemble.f1(found[:, [0] * len(TAGS)] * 0, texts).values()) == {0.0}


def test_f1_counts_spans_of_documents(arrays: Path) -> None:
    texts = data.read_texts(data.read_arrays(arrays), "dev")
    found = certain(texts)
    found[-1] = found[-2]  # the place is one token longer
    scores = ensemble.f1(found, texts)
    assert scores["ORG"] == 1
    assert (scores["PLACE"], scores["micro"]) == (0, 0.5)


def test_an_entity_does_not_go_over_the_end_of_a_document() -> None:
    flat = np.ones(2, bool), np.array([1, 2], np.int8), np.arange(2)
    texts = data.Texts(np.array([5, 6], np.int32), *flat, np.array([0, 1, 2]))
    scores = ensemble.f1(certain(texts), texts)
    assert scores["ORG"] == 1
    assert [path.tolist() for path in decode([np.log(certain(texts) + 1e-3)])] == [[1, 2]]


def test_teachers_are_ranked_by_f1() -> None:
    scores = [{"f1": {"micro": value}} for value in (0.5, 0.9, 0.7)]
    assert teacher.ranked(scores) == [1, 2, 0]


def test_the_mean_of_the_networks_is_taken_at_the_tokens(arrays: Path, bert: Path) -> None:
    lesson = teacher.read_lesson(data.read_arrays(arrays), "gold")
    torch.manual_seed(2)
    both = [networks.TeacherTagger(networks.read_encoder(bert, HEADS)) for _ in range(2)]
    found = [
        ensemble.probabilities(nets, lesson.texts, lesson.windows, positions)
        for nets, positions in (([both[0]], 600), ([both[1]], 5000), (both, 2000))
    ]
    np.testing.assert_allclose(found[2], (found[0] + found[1]) / 2, atol=1e-3)
    np.testing.assert_allclose(found[2].sum(axis=1), 1, atol=1e-3)


# --- the stages ----------------------------------------------------------------------------------


def test_every_stage_writes_what_it_promises_and_nothing_else(stages: Path) -> None:
    names = {path.name for path in stages.iterdir()}
    assert names == {"encoder.npz", "teachers", "silver.npz", "student.npz", "refined.npz"}
    teachers = {path.name for path in (stages / "teachers").iterdir()}
    assert teachers == {"0.npz", "1.npz", "2.npz", "best.npz", "scores.json"}


def test_the_encoder_changed(stages: Path, bert: Path) -> None:
    before = networks.half(networks.read_encoder(bert, HEADS))
    after = data.read_arrays(stages / "encoder.npz")
    assert set(after) == set(before)
    assert all(after[name].dtype == np.float16 for name in after)
    assert all(np.isfinite(after[name]).all() for name in after)
    assert not np.array_equal(after["word.weight"], before["word.weight"])


def test_the_best_teacher_is_the_one_with_the_highest_score(stages: Path) -> None:
    scores = json.loads((stages / "teachers" / "scores.json").read_text())
    best = teacher.ranked(scores["teachers"])[0]
    folder = stages / "teachers"
    assert (folder / "best.npz").read_bytes() == (folder / f"{best}.npz").read_bytes()
    assert set(scores["ensemble"]) == {"micro", "ORG", "PLACE", "MONEY", "CAPACITY"}
    assert [row["epochs"] for row in scores["teachers"]] == [5, 5, 5]
    weights = data.read_arrays(folder / "best.npz")
    assert {name.partition(".")[0] for name in weights} == {"enc", "head"}


def test_a_teacher_that_goes_on_learns_more(stages: Path, arrays: Path, tmp_path: Path) -> None:
    options = ["--epochs", "3", "--rate", "1e-3", "--positions", "1000", "--heads", str(HEADS)]
    start, output = stages / "refined.npz", tmp_path / "adapted.npz"
    distil("adapt", arrays, start, "--output", output, *options)
    assert [path.name for path in tmp_path.iterdir()] == ["adapted.npz"]
    lesson = teacher.read_lesson(data.read_arrays(arrays), "gold")
    losses = []
    for path in (start, output):
        network = networks.load_teacher(data.read_arrays(path), HEADS).eval()
        with torch.no_grad():
            losses.append(teacher.tag_loss(network, lesson, np.arange(4), smoothing=0.0).item())
    assert losses[1] < 0.9 * losses[0]


@pytest.fixture(scope="module")
def piece_teacher(
    tmp_path_factory: pytest.TempPathFactory, arrays: Path, piece_encoder: Path
) -> Path:
    """The file of a teacher over the encoder of pieces."""
    output = tmp_path_factory.mktemp("piece_teacher") / "pieces.npz"
    options = ["--epochs", "8", "--rate", "1e-3", "--positions", "1000", "--heads", str(HEADS)]
    distil("adapt", arrays, piece_encoder, "--output", output, *options)
    return output


def test_a_teacher_learns_over_an_encoder_of_pieces(piece_teacher: Path, arrays: Path) -> None:
    lesson = teacher.read_lesson(data.read_arrays(arrays), "gold")
    weights = data.read_arrays(piece_teacher)
    assert weights["enc._extra_state"].dtype == np.uint8
    network = networks.load_teacher(weights, HEADS).eval()
    with torch.no_grad():
        loss = teacher.tag_loss(network, lesson, np.arange(4), smoothing=0.0).item()
    assert loss < 0.8 * np.log(len(TAGS))


def test_silver_of_two_teachers_is_their_mean(
    stages: Path, piece_teacher: Path, arrays: Path, tmp_path: Path
) -> None:
    two = [stages / "refined.npz", piece_teacher]
    found = []
    for name, teachers in (("one", two[:1]), ("two", two[1:]), ("both", two)):
        output = tmp_path / f"{name}.npz"
        distil("label", arrays, *teachers, "--output", output, "--positions", "2000")
        found.append(data.read_arrays(output)["unlabelled"].astype(np.float32))
    np.testing.assert_allclose(found[2], (found[0] + found[1]) / 2, atol=1e-3)
    assert not np.allclose(found[0], found[1], atol=1e-2)


def test_silver_is_a_distribution_for_every_token(stages: Path, arrays: Path) -> None:
    found, source = data.read_arrays(stages / "silver.npz"), data.read_arrays(arrays)
    assert set(found) == set(silver.SETS)
    for name in found:
        assert found[name].shape == (len(source[f"{name}.keys"]), len(TAGS))
        np.testing.assert_allclose(found[name].astype(np.float32).sum(axis=1), 1, atol=0.01)


def test_the_student_learns_what_it_is_told(arrays: Path, tmp_path: Path) -> None:
    source = data.read_arrays(arrays)
    sure = {name: certain(data.read_texts(source, name)) for name in ("gold", "dev")}
    sure["unlabelled"] = np.eye(len(TAGS), dtype=np.float16)[
        np.zeros(len(source["unlabelled.keys"]), dtype=int)
    ]
    gold = student.read_stream(source, sure, "gold", torch.device("cpu"))
    torch.manual_seed(0)
    network = networks.Student(16, (1,), 0.0, (500, 500, 500), (8, 8, 8))
    starts = torch.arange(0, len(gold.keys) - 64, 64)
    window = gold.windows(starts, 64)
    groups = loop.parameter_groups(network, 0.02)
    losses: list[float] = []

    def loss(_: int) -> Any:
        value = student.student_loss(network, window, window, hard=0.5)
        losses.append(value.item())
        return value

    loop.Training(network, groups, loop.Plan(30, 3), tmp_path / "c.pt").run(loss, "test")
    assert losses[-1] < losses[0] / 4


def test_windows_of_the_student_cover_the_texts() -> None:
    options = student.StudentOptions(batch=3, gold_batch=5, window=10)
    draw = student.Draw(tokens=100, gold_tokens=30, options=options)
    torch.manual_seed(0)
    for step in range(6):
        starts, gold_starts = draw(step)
        assert len({int(start) % 10 for start in starts}) == 1
        assert len(set(starts.tolist())) == 3
        assert ((starts >= 0) & (starts + 10 <= 100)).all()
        assert gold_starts.shape == (5,)
        assert ((gold_starts >= 0) & (gold_starts + 10 <= 30)).all()


def test_texts_shorter_than_a_window_will_do() -> None:
    draw = student.Draw(tokens=4, gold_tokens=3, options=student.StudentOptions(window=10))
    starts, gold_starts = draw(0)
    keys, ones = torch.arange(4), torch.ones(4, 9)
    window = student.Stream(keys, ones, keys, keys).windows(starts, 10)
    assert window.keys.shape == (1, 10)
    assert (gold_starts == 0).all()


def test_stages_repeat_themselves(stages: Path, arrays: Path, tmp_path: Path) -> None:
    options = ["--output", tmp_path / "student.npz", *SMALL_STUDENT]
    distil("student", arrays, stages / "silver.npz", *options)
    one, two = (data.read_arrays(path / "student.npz") for path in (stages, tmp_path))
    assert all(np.array_equal(one[name], two[name]) for name in one)


def test_teachers_that_are_there_are_not_trained_again(
    stages: Path, arrays: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = teacher.fine_tune
    calls: list[Any] = []

    def cut_short(*arguments: Any, **options: Any) -> None:
        calls.append(arguments)
        if len(calls) == 3:
            raise CutShortError
        whole(*arguments, **options)

    monkeypatch.setattr(teacher, "fine_tune", cut_short)
    command = ["teach", arrays, stages / "encoder.npz", "--output", tmp_path / "t", *SMALL_TEACH]
    with pytest.raises(CutShortError):
        distil(*command)
    assert not (tmp_path / "t").exists()
    distil(*command)
    assert len(calls) == 3 + 2
    one, two = (
        data.read_arrays(path / "best.npz") for path in (stages / "teachers", tmp_path / "t")
    )
    assert all(np.array_equal(one[name], two[name]) for name in one)
    assert [path.name for path in tmp_path.iterdir()] == ["t"]


def test_one_teacher_labels_as_a_folder_of_one(arrays: Path, stages: Path, tmp_path: Path) -> None:
    options = ["--positions", "2000"]
    teachers = stages / "teachers"
    best = json.loads((teachers / "scores.json").read_text(encoding="utf-8"))["teachers"]
    number = max(range(len(best)), key=lambda i: best[i]["f1"]["micro"])
    distil("label", arrays, teachers, "--best", "1", "--output", tmp_path / "a.npz", *options)
    one = teachers / f"{number}.npz"
    distil("label", arrays, one, "--output", tmp_path / "b.npz", *options)
    first, second = (data.read_arrays(tmp_path / name) for name in ("a.npz", "b.npz"))
    assert all(np.array_equal(first[name], second[name]) for name in ("unlabelled", "gold"))


def test_without_probabilities_the_student_learns_the_tags(
    arrays: Path, stages: Path, tmp_path: Path
) -> None:
    best = stages / "teachers" / "best.npz"
    options = ["--no-gold", "--positions", "2000", "--output", tmp_path / "silver.npz"]
    distil("label", arrays, best, *options)
    silver, source = data.read_arrays(tmp_path / "silver.npz"), data.read_arrays(arrays)
    assert [*silver] == ["unlabelled"]
    stream = student.read_stream(source, silver, "gold", torch.device("cpu"))
    assert torch.equal(stream.soft.argmax(dim=1), stream.tags)
    np.testing.assert_allclose(stream.soft.float().sum(dim=1), 1, atol=1e-2)
    assert 0.95 < stream.soft.max() < 0.98
    distil(
        "student", arrays, tmp_path / "silver.npz", "--output", tmp_path / "s.npz", *SMALL_STUDENT
    )


def test_an_unknown_tag_has_no_loss() -> None:
    soft = student.smoothed(torch.tensor([data.MISSING, 0])).float()
    assert soft[0].tolist() == [0.0] * len(TAGS)
    assert soft[1].argmax() == 0


def test_a_file_without_the_unlabelled_texts_is_refused(arrays: Path) -> None:
    source = data.read_arrays(arrays)
    with pytest.raises(KeyError, match="unlabelled"):
        student.read_stream(source, {}, "unlabelled", torch.device("cpu"))


# --- averages ------------------------------------------------------------------------------------


def test_the_mean_of_networks(tmp_path: Path) -> None:
    one, two = ({"a": np.array([1.0, n]), "b": np.full((2, 2), n)} for n in (2.0, 5.0))
    for name, arrays in (("one", one), ("two", two)):
        data.write_arrays(tmp_path / f"{name}.npz", arrays)
    distil("average", tmp_path / "one.npz", tmp_path / "two.npz", "--output", tmp_path / "mean.npz")
    mean = data.read_arrays(tmp_path / "mean.npz")
    assert mean["a"].tolist() == [1.0, 3.5]
    assert mean["b"].tolist() == [[3.5, 3.5]] * 2
    assert mean["a"].dtype == np.float16


@pytest.mark.parametrize("other", [{"a": np.zeros(3)}, {"b": np.zeros(2)}, {}])
def test_networks_of_different_sizes_have_no_mean(tmp_path: Path, other: dict[str, Any]) -> None:
    data.write_arrays(tmp_path / "one.npz", {"a": np.zeros(2)})
    data.write_arrays(tmp_path / "two.npz", other)
    paths = tmp_path / "one.npz", tmp_path / "two.npz"
    with pytest.raises(ValueError, match=r"two\.npz and .*one\.npz are networks"):
        distil("average", *paths, "--output", tmp_path / "mean.npz")
    assert not (tmp_path / "mean.npz").exists()


# --- pipelines -----------------------------------------------------------------------------------


def assembled(*arguments: str | Path) -> Language:
    """Run `training.assemble`; the pipeline that its last argument names."""
    result = CliRunner().invoke(assemble.app, [str(argument) for argument in arguments])
    if result.exception:
        raise result.exception
    return spacy.load(arguments[-1])


@pytest.fixture
def in_root(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(ROOT)


@pytest.fixture
def quantized_pipeline(stages: Path, segmenter: Path, tmp_path: Path, in_root: None) -> Path:
    """The student in 8-bit integers."""
    nlp = assembled(
        *("student", stages / "student.npz", "--gold", TINY),
        *("--segmenter", segmenter, "--output", tmp_path / "float"),
    )
    quantize.quantize(nlp, TEXTS).to_disk(tmp_path / "small")
    return tmp_path / "small"


@pytest.mark.usefixtures("in_root")
def test_the_student_becomes_a_pipeline(stages: Path, segmenter: Path, tmp_path: Path) -> None:
    options = ["--gold", TINY, "--segmenter", segmenter, "--output", tmp_path / "sm"]
    nlp = assembled("student", stages / "student.npz", *options)
    assert nlp.get_pipe("ner").transitions is not None  # type: ignore[attr-defined]
    doc = nlp(TEXTS[0])
    assert doc.text == TEXTS[0]
    assert len(list(doc.sents)) > 2


@pytest.mark.usefixtures("in_root")
def test_the_teacher_becomes_a_pipeline(
    stages: Path, segmenter: Path, bert: Path, tmp_path: Path
) -> None:
    options = ["--vocabulary", bert / "tokenizer.json", "--segmenter", segmenter]
    best = stages / "teachers" / "best.npz"
    nlp = assembled("teacher", best, *options, "--output", tmp_path / "trf")
    doc = nlp(TEXTS[0])
    assert doc.text == TEXTS[0]
    model = nlp.get_pipe("ner").model  # type: ignore[attr-defined]
    index = {piece: i for i, piece in enumerate(read_pieces(bert / "tokenizer.json"))}
    plain = nlp.make_doc(TEXTS[1])
    (expected,) = model.predict([plain])
    network = networks.load_teacher(data.read_arrays(best), HEADS).eval()
    (window,) = assemble_windows(plain, index)
    with torch.no_grad():
        scores = network(torch.tensor([window.indices]))[0][window.firsts].numpy()
    np.testing.assert_allclose(scores, expected, atol=1e-3)
    again = disassemble.weights(model, "zhinvest.Tagger.v1")
    arrays = data.read_arrays(best)
    assert again.keys() == set(arrays)
    assert all(np.array_equal(again[name], arrays[name]) for name in arrays)


@pytest.mark.usefixtures("in_root")
def test_two_teachers_become_a_pipeline_of_their_mean(
    stages: Path, piece_teacher: Path, segmenter: Path, bert: Path, tmp_path: Path
) -> None:
    refined = stages / "refined.npz"
    options = ["--vocabulary", bert / "tokenizer.json", "--segmenter", segmenter]
    options += ["--pieces", piece_teacher, "--share", "0.75"]
    nlp = assembled("teacher", refined, *options, "--output", tmp_path / "trf")
    model = nlp.get_pipe("ner").model  # type: ignore[attr-defined]
    plain = nlp.make_doc(TEXTS[1])
    (found,) = model.predict([plain])
    index = {piece: i for i, piece in enumerate(read_pieces(bert / "tokenizer.json"))}
    (window,) = assemble_windows(plain, index)
    rows = torch.tensor([window.indices])
    files = refined, piece_teacher
    both = [networks.load_teacher(data.read_arrays(path), HEADS).eval() for path in files]
    with torch.no_grad():
        first, second = (network(rows)[0][window.firsts].numpy() for network in both)
        expected = 0.75 * first + 0.25 * second
    np.testing.assert_allclose(found, expected, atol=0.15)  # weights are kept in 7 and 8 bits
    for path, pieces in ((refined, False), (piece_teacher, True)):
        again = disassemble.weights(model, "zhinvest.Tagger.v1", pieces=pieces)
        arrays = data.read_arrays(path)
        assert again.keys() == set(arrays)
        for name in set(arrays) - {"head.bias"}:  # of two biases their mean is left
            step = np.abs(arrays[name].astype(np.float32)).max() / 63
            np.testing.assert_allclose(again[name], arrays[name], atol=step, err_msg=name)
    for number, (scores, network) in enumerate(zip((first, second), both, strict=True)):
        tagger: Any = spacy.load(tmp_path / "trf").get_pipe("ner")
        keep({("characters", "pieces")[number]}, tagger)
        (alone,) = tagger.model.predict([plain])
        bias = assemble.linear_layer(tagger.model).get_param("b")
        own = scores - network.head.bias.detach().numpy()
        np.testing.assert_allclose(alone - bias, own, atol=0.15)


@pytest.mark.usefixtures("in_root")
def test_the_small_network_joins_the_mean(
    stages: Path,
    piece_teacher: Path,
    segmenter: Path,
    bert: Path,
    tmp_path: Path,
    quantized_pipeline: Path,
) -> None:
    small = spacy.load(quantized_pipeline)
    options = ["--vocabulary", bert / "tokenizer.json", "--segmenter", segmenter, "--share", "0.75"]
    options = ["teacher", stages / "refined.npz", *options, "--pieces", piece_teacher]
    pair = assembled(*options, "--output", tmp_path / "pair")
    joining = ["--small", quantized_pipeline, "--small-share", "0.2"]
    nlp = assembled(*options, *joining, "--output", tmp_path / "joined")

    def scores(pipeline: Language) -> Any:
        model = pipeline.get_pipe("ner").model  # type: ignore[attr-defined]
        return np.vstack(model.predict([pipeline.make_doc(text) for text in TEXTS]))

    np.testing.assert_allclose(scores(nlp), 0.8 * scores(pair) + 0.2 * scores(small), atol=0.06)
    assert nlp.get_pipe("ner").cfg == pair.get_pipe("ner").cfg  # type: ignore[attr-defined]
    before, after = (
        disassemble.weights(pipeline.get_pipe("ner").model, "zhinvest.Tagger.v1", pieces=True)  # type: ignore[attr-defined]
        for pipeline in (pair, nlp)
    )
    for name, array in before.items():
        np.testing.assert_allclose(after[name], array, atol=1e-5, err_msg=name)
    assert not [part for part in parts_of(small.get_pipe("ner")) if "small" in part]  # type: ignore[arg-type]
    assert set(parts_of(nlp.get_pipe("ner"))) >= {  # type: ignore[arg-type]
        "small network alone",
        "without the small network",
    }
    learned = spacy.load(tmp_path / "joined")
    example = Example.from_dict(learned.make_doc("投资五亿元"), {"entities": [(2, 5, "MONEY")]})
    learned.update([example], sgd=Adam(0.01))
    parts = zip(
        *(pipeline.get_pipe("ner").model.walk() for pipeline in (nlp, learned)),  # type: ignore[attr-defined]
        strict=True,
    )
    changed = {one.name: one.to_bytes() != other.to_bytes() for one, other in parts}
    assert changed["char_encoder"] and changed["piece_encoder"] and changed["linear"]
    assert not changed["quantized_tagger"]
    keep({"small network"}, nlp.get_pipe("ner"))  # type: ignore[arg-type]
    bias = assemble.linear_layer(nlp.get_pipe("ner").model).get_param("b")  # type: ignore[attr-defined]
    np.testing.assert_allclose(scores(nlp) - bias, scores(small), atol=0.25)


@pytest.mark.usefixtures("in_root")
def test_one_teacher_takes_no_small_network(
    stages: Path, segmenter: Path, bert: Path, tmp_path: Path, quantized_pipeline: Path
) -> None:
    options = ["--vocabulary", bert / "tokenizer.json", "--segmenter", segmenter]
    with pytest.raises(CorpusError, match="added to two encoders"):
        assembled(
            *("teacher", stages / "refined.npz", *options),
            *("--small", quantized_pipeline, "--output", tmp_path / "trf"),
        )


@pytest.mark.usefixtures("in_root")
def test_one_teacher_has_no_pieces(
    stages: Path, segmenter: Path, bert: Path, tmp_path: Path
) -> None:
    options = ["--vocabulary", bert / "tokenizer.json", "--segmenter", segmenter]
    nlp = assembled("teacher", stages / "refined.npz", *options, "--output", tmp_path / "trf")
    model = nlp.get_pipe("ner").model  # type: ignore[attr-defined]
    with pytest.raises(CorpusError, match="no encoder of pieces"):
        disassemble.weights(model, "zhinvest.Tagger.v1", pieces=True)


# --- the command line ----------------------------------------------------------------------------


@pytest.mark.filterwarnings("ignore:.*found in sys.modules")
@pytest.mark.parametrize(
    "stage", ["pretrain", "pieces", "teach", "adapt", "average", "label", "refine", "student"]
)
def test_help(stage: str, monkeypatch: pytest.MonkeyPatch, capsys: Any) -> None:
    monkeypatch.setattr("sys.argv", ["distil", stage, "--help"])
    with pytest.raises(SystemExit) as ended:
        runpy.run_module("training.distil", run_name="__main__")
    assert ended.value.code == 0
    assert "--output" in capsys.readouterr().out


def test_the_stages_need_no_spacy() -> None:
    modules = ["spacy", "thinc", "opencc", "spacy_pkuseg", "safetensors", "srsly"]
    stages = ["pretrain", "teacher", "silver", "student", "__main__"]
    code = f"import sys; sys.modules |= dict.fromkeys({modules})\n"
    code += "".join(f"import training.distil.{stage}\n" for stage in stages)
    subprocess.run([sys.executable, "-c", code], cwd=ROOT, check=True)
