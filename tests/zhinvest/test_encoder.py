"""Tests of the encoder of characters: its windows, its weights in and out, and that it learns."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from spacy.language import Language
from spacy.tokens import Doc
from spacy.training import Example
from thinc.api import Adam, Model

from tests.conftest import ROOT
from tests.tiny_bert import DEPTH, HEADS, WIDTH, bert_weights, read_pieces, write_bert
from training.convert import to_doc
from zhinvest.documents import Document
from zhinvest.encoder import (
    BEGIN,
    BLANK,
    UNKNOWN,
    char_encoder,
    character_index,
    cut_windows,
    load_bert,
)

torch = pytest.importorskip("torch")

from zhinvest.network import attend  # noqa: E402

pytestmark = pytest.mark.usefixtures("one_thread", "exact")

TEXT = "青云科技与滨海新区签约，投资5.2亿元建设年产3GWh的工厂。项目明年投产！"
LIMIT = 480
INDEX = {character: i for i, character in enumerate(["<s>", "<pad>", "</s>", "<unk>", BLANK, "A"])}


@pytest.fixture(scope="module")
def bert(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_bert(tmp_path_factory.mktemp("bert"), [TEXT])


def empty_encoder(bert: Path) -> Model[Any, Any]:
    """Return an encoder of the size of `bert`, with weights of its own."""
    vocab = len(read_pieces(bert / "tokenizer.json"))
    return char_encoder(vocab, WIDTH, DEPTH, HEADS, positions=512, dropout=0.1)


@pytest.fixture
def model(bert: Path) -> Model[Any, Any]:
    """An encoder with the weights of `bert`."""
    encoder = empty_encoder(bert)
    encoder.initialize()
    load_bert(encoder, bert)
    return encoder


def network(model: Model[Any, Any]) -> Any:
    """Return the PyTorch module of an encoder."""
    return model.layers[0].shims[0]._model


# --- windows -------------------------------------------------------------------------------------

WORDS = st.lists(
    st.tuples(
        st.sampled_from(["一", "。", "\n", "12", "x" * 90, "y" * 400, "z" * 900]),
        st.sampled_from([1, 3, 200]),
    ),
    max_size=8,
).map(lambda pairs: [word for word, times in pairs for _ in range(times)])


@given(words=WORDS)
@example(words=["。", *["一"] * 470, "y" * 400, "一"])
@example(words=[*["一"] * 479, "。", *["一"] * 479])
def test_windows_hold_every_token_once_within_the_limit(
    characters: Language, words: list[str]
) -> None:
    doc = Doc(characters.vocab, words=words, spaces=[False] * len(words))
    windows = list(cut_windows(7, doc, INDEX))
    covered = [w.start + k for w in windows for k in range(len(w.firsts))]
    assert covered == list(range(len(doc)))
    for window in windows:
        assert window.doc == 7
        assert 1 < len(window.indices) <= LIMIT
        assert window.indices[0] == BEGIN
        assert window.firsts[0] == 1
        assert window.firsts == sorted(set(window.firsts))
        assert window.firsts[-1] < len(window.indices)


def test_windows_end_where_sentences_end(characters: Language) -> None:
    sentence = "一" * 199 + "。"
    windows = list(cut_windows(0, characters(sentence * 5), INDEX))
    assert [(w.start, len(w.firsts)) for w in windows] == [(0, 400), (400, 400), (800, 200)]


def test_without_sentences_windows_are_full(characters: Language) -> None:
    windows = list(cut_windows(0, characters("一" * 1000), INDEX))
    assert [len(w.firsts) for w in windows] == [479, 479, 42]


def test_a_token_has_a_position_for_each_character_of_its_norm(characters: Language) -> None:
    (window,) = cut_windows(0, characters("產(chǎn)１２GW a"), INDEX)
    assert window.firsts == [1, 2, 4, 6]
    unknown = [UNKNOWN]
    assert window.indices == [BEGIN, *unknown * 5, INDEX["A"]]


def test_an_empty_text_has_no_window(characters: Language) -> None:
    assert list(cut_windows(0, characters(""), INDEX)) == []


@pytest.mark.parametrize(
    ("character", "expected"),
    [
        *[(blank, INDEX[BLANK]) for blank in " \n\t\u3000"],
        *[("A", INDEX["A"]), ("a", INDEX["A"]), ("一", UNKNOWN), ("ß", UNKNOWN)],
    ],
)
def test_index_of_a_character(character: str, expected: int) -> None:
    assert character_index(character, INDEX) == expected
    assert character_index(character, {}) == UNKNOWN


# --- vectors -------------------------------------------------------------------------------------


def test_one_vector_for_each_token(model: Model[Any, Any], characters: Language) -> None:
    docs = [characters(text) for text in (TEXT, "", "青云", TEXT * 60, " ")]
    outputs = model.predict(docs)
    assert [output.shape for output in outputs] == [(len(doc), WIDTH) for doc in docs]
    assert all(np.isfinite(output).all() for output in outputs)
    assert model.predict([]) == []


def test_texts_read_together_are_as_if_alone(model: Model[Any, Any], characters: Language) -> None:
    docs = [characters(text) for text in ("青云", TEXT, TEXT * 40, "投资。")]
    for doc, output in zip(docs, model.predict(docs), strict=True):
        np.testing.assert_allclose(output, model.predict([doc])[0], atol=1e-5)


def test_a_long_text_is_read_window_by_window(model: Model[Any, Any], characters: Language) -> None:
    doc = characters(TEXT * 60)
    assert len(doc) > 4 * LIMIT
    index = {character: i for i, character in enumerate(model.attrs["characters"])}
    (output,) = model.predict([doc])
    windows = list(cut_windows(0, doc, index))
    assert len(windows) > 4
    for window in windows:
        with torch.no_grad():
            vectors = network(model).eval()(torch.tensor([window.indices]))[0].numpy()
        found = output[window.start : window.start + len(window.firsts)]
        np.testing.assert_allclose(found, vectors[window.firsts], atol=1e-5)


def test_characters_see_their_context(model: Model[Any, Any], characters: Language) -> None:
    first, second = model.predict([characters("青云投资"), characters("青云投产")])
    assert not np.allclose(first[0], second[0], atol=1e-4)


# --- learning ------------------------------------------------------------------------------------


def test_gradients_reach_every_weight(model: Model[Any, Any], characters: Language) -> None:
    docs = [characters(text) for text in (TEXT * 30, "", TEXT)]
    outputs, backprop = model.begin_update(docs)
    random = np.random.default_rng(0)
    backprop([random.normal(size=output.shape).astype("f") for output in outputs])
    for name, parameter in network(model).named_parameters():
        assert parameter.grad is not None, name
        assert parameter.grad.abs().max() > 0, name


def test_a_token_without_gradient_changes_nothing(
    model: Model[Any, Any], characters: Language
) -> None:
    docs = [characters(TEXT)]
    outputs, backprop = model.begin_update(docs)
    backprop([np.zeros_like(output) for output in outputs])
    assert all(not parameter.grad.any() for parameter in network(model).parameters())


def test_the_encoder_learns(model: Model[Any, Any], characters: Language) -> None:
    docs = [characters(TEXT), characters("青云。")]
    targets = [np.arange(len(doc))[:, None] % 2 * np.ones((1, WIDTH), dtype="f") for doc in docs]
    optimizer, losses = Adam(0.002), []
    for _ in range(12):
        outputs, backprop = model.begin_update(docs)
        changes = [output - target for output, target in zip(outputs, targets, strict=True)]
        losses.append(sum(float((change**2).sum()) for change in changes))
        backprop(changes)
        model.finish_update(optimizer)
    assert losses[-1] < 0.85 * losses[0]


# --- weights in and out --------------------------------------------------------------------------


def test_bytes_come_back_in_half_precision(
    model: Model[Any, Any], bert: Path, characters: Language
) -> None:
    for parameter in network(model).parameters():
        parameter.data += 1e-5 * torch.randn_like(parameter)  # no longer 16-bit floats
    doc = characters(TEXT * 20)
    data = model.to_bytes()
    again = empty_encoder(bert).from_bytes(data)
    assert again.attrs["characters"] == model.attrs["characters"]
    np.testing.assert_allclose(again.predict([doc])[0], model.predict([doc])[0], atol=5e-3)
    assert all(parameter.dtype == torch.float32 for parameter in network(again).parameters())
    assert again.to_bytes() == data
    numbers = sum(parameter.numel() for parameter in network(model).parameters())
    assert len(data) < 2 * numbers + 50_000


def test_bytes_in_8_bits_come_back_nearly(
    model: Model[Any, Any], bert: Path, characters: Language
) -> None:
    vocab = len(read_pieces(bert / "tokenizer.json"))
    small = char_encoder(vocab, WIDTH, DEPTH, HEADS, positions=512, dropout=0.1, bits=8)
    small.initialize()
    load_bert(small, bert)
    again = empty_encoder(bert).from_bytes(small.to_bytes())
    for name, value in network(again).state_dict().items():
        step = value.abs().flatten(1).amax(1).max() / 127 if value.ndim > 1 else 1e-3
        exact = network(model).state_dict()[name]
        assert (value - exact).abs().max() <= 0.5 * step + 1e-4, name
    doc = characters(TEXT * 20)
    np.testing.assert_allclose(again.predict([doc])[0], model.predict([doc])[0], atol=0.15)
    assert len(small.to_bytes()) < 0.75 * len(model.to_bytes())  # names count in one so small


@pytest.mark.parametrize(("texts", "length"), [(1, 1), (3, 7), (5, 480), (40, 200)])
@pytest.mark.parametrize("padded", [False, True])
def test_attention_a_few_heads_at_a_time_is_attention(
    texts: int, length: int, padded: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("zhinvest.network._SCORES", 2**18)
    torch.manual_seed(0)
    q, k, v = torch.randn(3, texts, 4, length, 6)
    mask = torch.rand(texts, 1, 1, length) < 0.7 if padded else None
    if mask is not None:
        mask[..., 0] = True
    expected = torch.nn.functional.scaled_dot_product_attention(q, k, v, attn_mask=mask)
    torch.testing.assert_close(attend(q, k, v, mask), expected, atol=1e-5, rtol=1e-4)


def test_bert_is_computed_as_bert(model: Model[Any, Any], bert: Path, characters: Language) -> None:
    """Compare with PyTorch's own transformer layers."""
    weights = {k: v.float() for k, v in bert_weights(len(model.attrs["characters"])).items()}
    doc = characters(TEXT)
    (window,) = cut_windows(0, doc, {c: i for i, c in enumerate(model.attrs["characters"])})
    x = reference(weights, torch.tensor([window.indices]))
    np.testing.assert_allclose(model.predict([doc])[0], x[0, window.firsts].numpy(), atol=1e-4)


def test_bfloat16_gives_nearly_the_same(
    model: Model[Any, Any], characters: Language, monkeypatch: pytest.MonkeyPatch
) -> None:
    doc = characters(TEXT)
    (exact,) = model.predict([doc])
    monkeypatch.setattr("zhinvest.network.has_bfloat16", lambda: True)
    (near,) = model.predict([doc])
    assert near.dtype == exact.dtype == np.float32
    assert 0 < np.abs(near - exact).max() < 0.02


def test_training_is_exact_whatever_the_cpu_has(
    model: Model[Any, Any], characters: Language, monkeypatch: pytest.MonkeyPatch
) -> None:
    torch.manual_seed(0)
    (exact,), _ = model([characters(TEXT)], is_train=True)
    monkeypatch.setattr("zhinvest.network.has_bfloat16", lambda: True)
    torch.manual_seed(0)
    (again,), _ = model([characters(TEXT)], is_train=True)
    np.testing.assert_array_equal(again, exact)


@torch.no_grad()
def reference(weights: dict[str, Any], indices: Any) -> Any:
    """Return the vectors of a BERT with `weights` for `indices`: shape (1, positions, WIDTH)."""
    get = {name.removeprefix("embeddings."): value for name, value in weights.items()}
    x = get["word_embeddings.weight"][indices] + get["token_type_embeddings.weight"][0]
    x = x + get["position_embeddings.weight"][: indices.shape[1]]
    norm = get["LayerNorm.weight"], get["LayerNorm.bias"]
    x = torch.nn.functional.layer_norm(x, (WIDTH,), *norm, eps=1e-12)
    for number in range(DEPTH):
        prefix = f"encoder.layer.{number}."
        x = reference_layer({k.removeprefix(prefix): v for k, v in weights.items()})(x)
    return x


def reference_layer(get: dict[str, Any]) -> Any:
    layer = torch.nn.TransformerEncoderLayer(
        WIDTH, HEADS, 4 * WIDTH, activation="gelu", layer_norm_eps=1e-12, batch_first=True
    )
    names = {
        "self_attn.out_proj": "attention.output.dense",
        "linear1": "intermediate.dense",
        "linear2": "output.dense",
        "norm1": "attention.output.LayerNorm",
        "norm2": "output.LayerNorm",
    }
    state = {}
    for kind in ("weight", "bias"):
        heads = [get[f"attention.self.{name}.{kind}"] for name in ("query", "key", "value")]
        state[f"self_attn.in_proj_{kind}"] = torch.cat(heads)
        state |= {f"{ours}.{kind}": get[f"{theirs}.{kind}"] for ours, theirs in names.items()}
    layer.load_state_dict(state)
    return layer.eval()


@pytest.mark.parametrize("missing", ["model.safetensors", "tokenizer.json"])
def test_a_folder_without_one_of_its_files_is_refused(
    tmp_path: Path, bert: Path, missing: str
) -> None:
    for name in {"model.safetensors", "tokenizer.json"} - {missing}:
        (tmp_path / name).write_bytes((bert / name).read_bytes())
    encoder = empty_encoder(bert)
    encoder.initialize()
    with pytest.raises(FileNotFoundError, match=missing):
        load_bert(encoder, tmp_path)


def test_weights_of_another_shape_are_refused(bert: Path) -> None:
    encoder = char_encoder(7, WIDTH, DEPTH, HEADS, positions=512, dropout=0.1)
    encoder.initialize()
    with pytest.raises(RuntimeError, match=r"word\.weight"):
        load_bert(encoder, bert)


# --- in a pipeline -------------------------------------------------------------------------------


@pytest.fixture
def nlp(characters: Language, bert: Path, gold: list[Document]) -> Language:
    """A pipeline with a tagger over the encoder, which begins with `bert`."""
    sizes = {"vocab_size": len(read_pieces(bert / "tokenizer.json")), "positions": 512}
    sizes |= {"width": WIDTH, "depth": DEPTH, "heads": HEADS}
    tok2vec = {"@architectures": "zhinvest.CharEncoder.v1", "dropout": 0.1, **sizes}
    config = {"model": {"@architectures": "zhinvest.Tagger.v1", "tok2vec": tok2vec}}
    characters.add_pipe("zhinvest_tagger", name="ner", config=config)
    characters.config["initialize"]["components"] = {"ner": {"bert": str(bert)}}
    found = [Example(characters.make_doc(d.text), to_doc(characters, d)) for d in gold]
    characters.initialize(lambda: found)
    return characters


def test_a_pipeline_begins_with_the_given_weights(nlp: Language, bert: Path) -> None:
    encoder = nlp.get_pipe("ner").model.get_ref("tok2vec")  # type: ignore[attr-defined]
    assert encoder.attrs["characters"] == read_pieces(bert / "tokenizer.json")
    expected = bert_weights(len(encoder.attrs["characters"]))["embeddings.word_embeddings.weight"]
    assert torch.equal(network(encoder).word.weight.detach(), expected.float())


def test_a_pipeline_trains_and_comes_back(
    nlp: Language, gold: list[Document], tmp_path: Path
) -> None:
    import spacy

    found = [Example(nlp.make_doc(d.text), to_doc(nlp, d)) for d in gold[:3]]
    optimizer = nlp.create_optimizer()
    losses = [nlp.update(found, sgd=optimizer)["ner"] for _ in range(4)]
    assert losses[-1] < losses[0]
    nlp.to_disk(tmp_path)
    again = spacy.load(tmp_path)
    doc = nlp.make_doc(TEXT)
    one, two = (pipe.get_pipe("ner").model.predict([doc])[0] for pipe in (nlp, again))
    np.testing.assert_allclose(one, two, atol=1e-2)


def test_the_encoder_is_registered_without_torch() -> None:
    code = (
        "import sys; sys.modules |= dict.fromkeys(['torch', 'safetensors'])\n"
        "import spacy\n"
        "import zhinvest.encoder, zhinvest.tagger\n"
        "spacy.registry.architectures.get('zhinvest.CharEncoder.v1')\n"
        "nlp = spacy.blank('zh')\n"
        "assert 'zhinvest_tagger' in nlp.factory_names\n"
    )
    subprocess.run([sys.executable, "-c", code], cwd=ROOT, check=True)


def test_importing_the_encoder_does_not_import_the_network() -> None:
    code = "import sys, zhinvest.encoder\nassert 'zhinvest.network' not in sys.modules\n"
    subprocess.run([sys.executable, "-c", code], cwd=ROOT, check=True)


FORKED = """
import multiprocessing
import torch
from zhinvest.network import Encoder

def threads():
    encoder(torch.tensor([[0, 4, 2]]))
    return torch.get_num_threads()

torch.set_num_threads(2)
encoder = Encoder(vocab=8, width=8, depth=1, heads=2, positions=8, dropout=0.0).eval()
assert threads() == 2
with multiprocessing.get_context("fork").Pool(1) as pool:
    print(pool.apply_async(threads).get(timeout=30))
"""


def test_a_forked_process_computes_in_one_thread() -> None:
    """Where the parent has used several, it would wait for ever for theirs."""
    command = [sys.executable, "-c", FORKED]
    result = subprocess.run(command, capture_output=True, text=True, timeout=60, check=True)
    assert result.stdout == "1\n"
