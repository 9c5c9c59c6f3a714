"""Tests of training as a user types it: it learns, repeats itself, begins as told, and logs."""

import json
import os
import re
import socket
import struct
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import spacy
import spacy.cli
import typer
from spacy.language import Language
from spacy.tokens import Doc
from typer.testing import CliRunner

from tests.conftest import ROOT, SMALL, TINY, run
from training.tok2vec import main as tok2vec
from zhinvest.documents import Document, read_documents, write_documents
from zhinvest.evaluation.scores import evaluate
from zhinvest.labels import LABELS
from zhinvest.scorer import doc_spans

GOLD = read_documents(TINY)


def options(gold: Path, segmenter: Path, **changes: Any) -> list[str]:
    """Return the options of a training run of a few steps; `a__b` in `changes` stands for a.b."""
    settings = SMALL | {"training.max_steps": "4", "training.eval_frequency": "2"}
    settings |= {
        "paths.train": str(gold),
        "paths.dev": str(gold),
        "paths.segmenter": str(segmenter),
    }
    settings |= {key.replace("__", "."): str(value) for key, value in changes.items()}
    return [f"--{key}={value}" for key, value in settings.items()]


def train(config: str, output: Path, arguments: list[str]) -> Language:
    """Run `spacy train` in this process; the last pipeline."""
    command = ["train", str(ROOT / "configs" / config), "--output", str(output), *arguments]
    result = CliRunner().invoke(spacy.cli.app, command)
    assert result.exit_code == 0, result.output
    return spacy.load(output / "model-last")


def weights(folder: Path) -> dict[str, bytes]:
    """Return the weights of the trained components of a pipeline."""
    return {name: (folder / name / "model").read_bytes() for name in ("tok2vec", "ner")}


def tok2vec_arrays(nlp: Language) -> list[Any]:
    """Return every array of weights of the component tok2vec."""
    model = nlp.get_pipe("tok2vec").model  # type: ignore[attr-defined]
    return [node.get_param(name) for node in model.walk() for name in node.param_names]


def same(first: list[Any], second: list[Any]) -> bool:
    return all(np.array_equal(a, b) for a, b in zip(first, second, strict=True))


# --- learning ------------------------------------------------------------------------------------


def test_the_tiny_corpus_is_learnt(pipeline: Language) -> None:
    scores = evaluate(pipeline, GOLD)
    assert scores["micro"].f > 0.8, scores
    assert all(scores[label].f > 0.5 for label in LABELS)


def test_the_trained_pipeline_has_entities_words_and_sentences(pipeline: Language) -> None:
    assert pipeline.pipe_names == ["tok2vec", "ner", "words", "sentencizer"]
    for document in GOLD:
        doc = pipeline(document.text)
        assert doc.text == document.text
        assert len(doc) < len(pipeline.make_doc(document.text))
        assert len(list(doc.sents)) > 2
        assert all(sent.text.rstrip()[-1] in "。！？；" for sent in list(doc.sents)[:-1])


def test_best_and_last_are_kept(pipeline_folder: Path) -> None:
    assert {path.name for path in pipeline_folder.parent.iterdir()} == {"model-best", "model-last"}


def test_the_meta_has_our_scores(pipeline_folder: Path) -> None:
    performance = spacy.util.load_meta(pipeline_folder / "meta.json")["performance"]
    assert performance["ents_f"] > 0.8
    assert {label: row["support"] for label, row in performance["ents_per_type"].items()} == {
        label: sum(ent[2] == label for document in GOLD for ent in document.ents)
        for label in LABELS
    }


def test_words_first_trains(
    tmp_path: Path, gold_spacy: Path, segmenter: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: Any) -> None:
        raise AssertionError("nothing may be downloaded")

    monkeypatch.setattr(socket.socket, "connect", refuse)
    arguments = [o for o in options(gold_spacy, segmenter) if ".embed." not in o]
    nlp = train("sm_words.cfg", tmp_path, arguments)
    assert nlp.pipe_names == ["tok2vec", "ner"]
    doc = nlp("上海的工厂今天开工。")
    assert [token.text for token in doc] == ["上海", "的", "工厂", "今天", "开工", "。"]
    assert set(nlp.get_pipe("ner").labels) == set(LABELS)  # type: ignore[attr-defined]


# --- the same again ------------------------------------------------------------------------------


def test_the_same_seed_gives_the_same_weights(
    tmp_path: Path, gold_spacy: Path, segmenter: Path
) -> None:
    for name, hash_seed in (("one", "1"), ("two", "2")):
        arguments = options(gold_spacy, segmenter, system__seed=7, training__dropout=0.2)
        command = ["spacy", "train", "configs/sm.cfg", "--output", tmp_path / name]
        run(*command, *arguments, PYTHONHASHSEED=hash_seed)
    arguments = options(gold_spacy, segmenter, system__seed=8, training__dropout=0.2)
    train("sm.cfg", tmp_path / "other", arguments)
    one, two, other = (weights(tmp_path / n / "model-last") for n in ("one", "two", "other"))
    assert one == two
    assert one["tok2vec"] != other["tok2vec"]


# --- starting from given weights -----------------------------------------------------------------


@pytest.fixture(scope="module")
def given(pipeline_folder: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """File of the tok2vec weights of the trained pipeline."""
    path = tmp_path_factory.mktemp("given") / "deep" / "tok2vec.bin"
    app = typer.Typer()
    app.command()(tok2vec)
    result = CliRunner().invoke(app, [str(pipeline_folder), "--output", str(path)])
    assert result.exit_code == 0, result.output
    return path


STILL = {"training__optimizer__learn_rate": 0, "training__optimizer__use_averages": "false"}
"""Options with which training changes nothing, so that what is written is what it began with."""


def test_training_begins_with_the_weights_given(
    tmp_path: Path, gold_spacy: Path, segmenter: Path, given: Path, pipeline: Language
) -> None:
    arguments = options(gold_spacy, segmenter, training__max_steps=1, **STILL)
    without = train("sm.cfg", tmp_path / "without", arguments)
    with_given = train("sm.cfg", tmp_path / "with", [*arguments, f"--paths.init_tok2vec={given}"])
    assert same(tok2vec_arrays(with_given), tok2vec_arrays(pipeline))
    assert not same(tok2vec_arrays(without), tok2vec_arrays(pipeline))


def test_weights_of_another_width_are_refused(
    tmp_path: Path, gold_spacy: Path, segmenter: Path, given: Path
) -> None:
    arguments = options(gold_spacy, segmenter, components__tok2vec__model__encode__width=16)
    command = ["train", str(ROOT / "configs/sm.cfg"), "--output", str(tmp_path), *arguments]
    result = CliRunner().invoke(spacy.cli.app, [*command, f"--paths.init_tok2vec={given}"])
    assert result.exit_code == 1


# --- measuring -----------------------------------------------------------------------------------


def test_spacy_evaluate_prints_our_scores(
    tmp_path: Path, pipeline: Language, pipeline_folder: Path
) -> None:
    halved = [Document(d.id, d.text, d.ents[::2]) for d in GOLD]
    write_documents(tmp_path / "gold.jsonl", halved)
    run("training.convert", "gold", tmp_path / "gold.jsonl", "--output", tmp_path / "gold.spacy")
    command = ["evaluate", str(pipeline_folder), str(tmp_path / "gold.spacy")]
    output = tmp_path / "scores.json"
    result = CliRunner().invoke(spacy.cli.app, [*command, "--output", str(output)])
    assert result.exit_code == 0, result.output
    ours = evaluate(pipeline, halved)
    assert 0.2 < ours["micro"].p < 0.8
    for heading, value in (("P", ours["micro"].p), ("R", ours["micro"].r), ("F", ours["micro"].f)):
        assert re.search(rf"NER {heading} +{value * 100:.2f}\b", result.output)
    per_type = json.loads(output.read_text(encoding="utf-8"))["ents_per_type"]
    assert {label: row["support"] for label, row in per_type.items()} == {
        label: ours[label].support for label in LABELS
    }
    assert all(per_type[label]["f"] == pytest.approx(ours[label].f) for label in LABELS)


def test_texts_and_docs_give_the_same_spans(pipeline: Language) -> None:
    docs: Iterator[Doc] = pipeline.pipe([document.text for document in GOLD], batch_size=3)
    one_by_one = [doc_spans(pipeline(document.text)) for document in GOLD]
    assert [doc_spans(doc) for doc in docs] == one_by_one


# --- logging to Weights & Biases -----------------------------------------------------------------


@pytest.fixture
def proxy() -> Iterator[socket.socket]:
    """A port of this machine that takes note of who calls."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        server.setblocking(False)
        yield server


def called(server: socket.socket) -> bool:
    try:
        server.accept()
    except BlockingIOError:
        return False
    return True


def logged(path: Path) -> Iterator[bytes]:
    """Yield the records of a LevelDB log: blocks of 32 KiB, in them pieces of records.

    A piece is a checksum (4 bytes), its length (2 bytes, little endian), its type (whole, first,
    middle or last) and its data. The first block begins with a header of 7 bytes.
    """
    data, position, parts = path.read_bytes(), 7, b""
    while position + 7 <= len(data):
        if (left := 32768 - position % 32768) < 7:
            position += left
            continue
        length, kind = struct.unpack_from("<HB", data, position + 4)
        parts += data[position + 7 : position + 7 + length]
        position += 7 + length
        if kind in {1, 4}:
            yield parts
            parts = b""


def history(path: Path) -> list[dict[str, Any]]:
    """Return what a run logged at each step."""
    from wandb.proto.wandb_internal_pb2 import Record

    records = [Record.FromString(record) for record in logged(path)]
    return [
        {
            item.key or ".".join(item.nested_key): json.loads(item.value_json)
            for item in r.history.item
        }
        for r in records
        if r.WhichOneof("record_type") == "history"
    ]


@pytest.fixture
def nobody(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Make the environment that of somebody without an account, in an empty home."""
    for name in list(os.environ):
        if name.startswith(("WANDB", "XDG")) or name.lower() in {"no_proxy", "netrc"}:
            monkeypatch.delenv(name)
    (tmp_path / "home").mkdir()
    monkeypatch.setenv("HOME", str(tmp_path / "home"))


@pytest.mark.usefixtures("nobody")
def test_a_run_without_an_account_is_logged_to_a_folder_alone(
    tmp_path: Path,
    gold_spacy: Path,
    segmenter: Path,
    proxy: socket.socket,
) -> None:
    address = f"http://127.0.0.1:{proxy.getsockname()[1]}"
    proxies = dict.fromkeys(("http_proxy", "https_proxy", "HTTP_PROXY", "HTTPS_PROXY"), address)
    command = ["spacy", "train", ROOT / "configs/wandb.cfg", *options(gold_spacy, segmenter)]
    output = run(*command, cwd=tmp_path, **proxies)
    assert re.search(r"^ +0 +4 ", output, re.MULTILINE)  # the console has the last step too
    (written,) = (tmp_path / "wandb").glob("offline-run-*/run-*.wandb")
    steps = history(written)
    scores = [step["ents_f"] for step in steps if "ents_f" in step]
    losses = [step["loss_ner"] for step in steps if "loss_ner" in step]
    assert len(scores) == len(losses) == 3
    assert losses[-1] > 0
    assert not called(proxy)
    with socket.create_connection(proxy.getsockname()):
        assert called(proxy)  # so a call would have been noticed
