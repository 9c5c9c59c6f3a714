"""Tests of the tagger: its decoder, its gold and its loss, and that it learns."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import product
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import spacy
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from spacy.language import Language
from spacy.tokens import Doc, Span
from spacy.training import Example
from spacy.vocab import Vocab
from thinc.api import Model

from tests.tiny_tagger import examples, learn, tiny_model
from zhinvest.documents import Document
from zhinvest.evaluation.scores import evaluate
from zhinvest.labels import LABELS
from zhinvest.scorer import doc_spans
from zhinvest.tagger import TAGS, Tagger, _parts, gold_tags
from zhinvest.tags import decode, tag_spans, transition_scores

TINY_MODEL = tiny_model(
    32, 2, {"@architectures": "spacy.MaxoutWindowEncoder.v2", "depth": 2, "window_size": 1}
)
PATH = st.lists(st.integers(0, len(TAGS) - 1), max_size=12)


def scores(longest: int) -> st.SearchStrategy[Any]:
    """Arrays of scores that are no ties, of up to `longest` tokens."""
    numbers = st.floats(-8, 8, width=32)
    return st.integers(0, longest).flatmap(
        lambda length: arrays(np.float32, (length, len(TAGS)), elements=numbers)
    )


def is_valid(path: Any) -> bool:
    """Return whether every tag that continues an entity follows one of the same label."""
    for before, tag in zip(["O", *(TAGS[i] for i in path)], (TAGS[i] for i in path), strict=False):
        if tag[0] == "I" and before[1:] != tag[1:]:
            return False
    return True


@pytest.fixture
def nlp(characters: Language) -> Language:
    """A pipeline with a tiny tagger, not initialised."""
    characters.add_pipe("zhinvest_tagger", name="ner", config={"model": TINY_MODEL})
    return characters


def tagger(nlp: Language) -> Tagger:
    pipe = nlp.get_pipe("ner")
    assert isinstance(pipe, Tagger)
    return pipe


@pytest.fixture
def ready(nlp: Language, gold: list[Document]) -> Language:
    """A pipeline with a tiny tagger, initialised and not trained."""
    found = examples(nlp, gold)
    nlp.initialize(lambda: found)
    return nlp


# --- decoding ------------------------------------------------------------------------------------


def test_tags_are_in_pairs() -> None:
    assert TAGS[0] == "O"
    assert [(TAGS[i], TAGS[i + 1]) for i in range(1, len(TAGS), 2)] == [
        (f"B-{label}", f"I-{label}") for label in LABELS
    ]


@given(st.lists(scores(9), max_size=4))
def test_paths_are_valid_and_as_long_as_the_text(batch: list[Any]) -> None:
    paths = decode(batch)
    assert [len(path) for path in paths] == [len(array) for array in batch]
    assert all(is_valid(path) for path in paths)


@given(scores(3))
def test_the_path_is_the_best_valid_one(array: Any) -> None:
    (path,) = decode([array])
    paths = product(range(len(TAGS)), repeat=len(array))
    sums = [float(array[range(len(array)), list(p)].sum()) for p in paths if is_valid(p)]
    found = float(array[range(len(array)), path].sum())
    assert found == pytest.approx(max(sums), abs=1e-4)


def test_a_valid_path_of_best_tags_is_the_answer() -> None:
    wanted = [0, 1, 2, 2, 3, 0, 5, 6]
    (path,) = decode([np.eye(len(TAGS), dtype=np.float32)[wanted]])
    assert path.tolist() == wanted


def test_what_continues_nothing_is_put_right() -> None:
    array = np.zeros((2, len(TAGS)), dtype=np.float32)
    array[0, [0, 1]] = 1.0, 0.5
    array[1, [0, 2]] = 0.2, 3.0
    assert [path.tolist() for path in decode([array])] == [[1, 2]]


def test_nothing_to_decode() -> None:
    empty = np.zeros((0, len(TAGS)), dtype=np.float32)
    transitions = np.zeros((len(TAGS), len(TAGS)), dtype=np.float32)
    assert decode([]) == decode([], transitions) == []
    assert [len(path) for path in decode([empty])] == [0]
    assert [len(path) for path in decode([empty], transitions)] == [0]


TRANSITIONS = arrays(np.float32, (len(TAGS), len(TAGS)), elements=st.floats(-4, 4, width=32))


def path_sum(array: Any, transitions: Any, path: list[int]) -> float:
    pairs = list(zip([0, *path], path, strict=False))
    return float(array[range(len(path)), path].sum() + sum(transitions[pair] for pair in pairs))


@given(scores(3), TRANSITIONS)
def test_with_transitions_the_path_is_the_best_valid_one(array: Any, transitions: Any) -> None:
    (path,) = decode([array], transitions)
    assert is_valid(path)
    paths = [list(p) for p in product(range(len(TAGS)), repeat=len(array)) if is_valid(p)]
    best = max(path_sum(array, transitions, p) for p in paths)
    assert path_sum(array, transitions, path.tolist()) == pytest.approx(best, abs=1e-4)


@given(scores(40), TRANSITIONS)
def test_a_long_path_is_better_than_one_with_another_tag(array: Any, transitions: Any) -> None:
    (path,) = decode([array], transitions)
    assert is_valid(path)
    best = path_sum(array, transitions, path.tolist())
    for place in range(0, len(path), 7):
        for tag in range(len(TAGS)):
            other = [*path[:place].tolist(), tag, *path[place + 1 :].tolist()]
            if is_valid(other):
                assert path_sum(array, transitions, other) <= best + 1e-2


def test_transitions_decide_where_scores_do_not() -> None:
    array = np.zeros((3, len(TAGS)), dtype=np.float32)
    array[0, 1], array[1, [1, 2]], array[2, 2] = 5.0, (3.1, 3.0), 5.0
    transitions = np.zeros((len(TAGS), len(TAGS)), dtype=np.float32)
    assert decode([array])[0].tolist() == [1, 1, 2]
    transitions[1, 1] = -1.0
    assert decode([array], transitions)[0].tolist() == [1, 2, 2]


def test_transitions_are_counted() -> None:
    found = transition_scores([np.array([0, 1, 2, 0]), np.array([1, -1, 2])])
    counts = np.ones((len(TAGS), len(TAGS)))
    for pair in [(0, 0), (0, 1), (1, 2), (2, 0), (0, 1)]:
        counts[pair] += 1
    joint = counts / counts.sum()
    expected = np.log(joint / np.outer(joint.sum(axis=1), joint.sum(axis=0)))
    np.testing.assert_allclose(found, expected, rtol=1e-5)


@pytest.mark.parametrize(
    ("path", "spans"),
    [
        ([], []),
        ([0, 0], []),
        ([1], [(0, 1, "ORG")]),
        ([1, 2, 2], [(0, 3, "ORG")]),
        ([1, 1, 2, 0], [(0, 1, "ORG"), (1, 3, "ORG")]),
        ([3, 4, 5, 0, 7], [(0, 2, "PLACE"), (2, 3, "MONEY"), (4, 5, "CAPACITY")]),
    ],
)
def test_spans_of_a_path(path: list[int], spans: list[tuple[int, int, str]]) -> None:
    assert tag_spans(np.array(path, dtype=np.int64)) == spans


@given(PATH.filter(is_valid))
def test_spans_spell_the_path(path: list[int]) -> None:
    again = [0] * len(path)
    for start, end, label in tag_spans(np.array(path, dtype=np.int64)):
        begin = TAGS.index(f"B-{label}")
        again[start:end] = [begin] + [begin + 1] * (end - start - 1)
    assert again == path


# --- gold ----------------------------------------------------------------------------------------


def example(nlp: Language, text: str, entities: list[str]) -> Example:
    """Return an example with BILUO tags, or "-", for each token."""
    doc = nlp.make_doc(text)
    return Example.from_dict(doc, {"entities": entities})


def test_gold_tags_spell_the_entities(characters: Language) -> None:
    tags = ["B-ORG", "I-ORG", "L-ORG", "U-PLACE", "O", "B-MONEY", "L-MONEY"]
    found = gold_tags(example(characters, "青云社沪投五元", tags))
    assert [TAGS[i] for i in found] == [
        *("B-ORG", "I-ORG", "I-ORG"),
        *("B-PLACE", "O", "B-MONEY", "I-MONEY"),
    ]


def test_missing_tokens_are_masked(characters: Language) -> None:
    assert gold_tags(example(characters, "沪投五元", ["U-PLACE", "O", "-", "-"])) == [3, 0, -1, -1]


def test_other_labels_are_outside(characters: Language) -> None:
    found = gold_tags(example(characters, "张三投", ["B-PERSON", "L-PERSON", "O"]))
    assert found == [0, 0, 0]


def test_gold_of_the_corpus_gives_its_entities_back(
    characters: Language, gold: list[Document]
) -> None:
    for document, found in zip(gold, examples(characters, gold), strict=True):
        path = np.array(gold_tags(found))
        spans = [(found.x[s:e], label) for s, e, label in tag_spans(path)]
        assert [(s.start_char, s.end_char, label) for s, label in spans] == document.ents


# --- loss ----------------------------------------------------------------------------------------


def test_the_gradient_is_that_of_the_loss(nlp: Language) -> None:
    batch = [
        example(nlp, "青云在沪投", ["B-ORG", "L-ORG", "O", "U-PLACE", "-"]),
        example(nlp, "五元", ["-", "O"]),
    ]
    random = np.random.default_rng(0)
    outputs: list[Any] = [random.normal(size=(len(e.x), len(TAGS))) for e in batch]
    _, gradients = tagger(nlp).get_loss(batch, outputs)
    small = 1e-5
    for array, gradient in zip(outputs, gradients, strict=True):
        for place in np.ndindex(array.shape):
            array[place] += small
            above, _ = tagger(nlp).get_loss(batch, outputs)
            array[place] -= 2 * small
            below, _ = tagger(nlp).get_loss(batch, outputs)
            array[place] += small
            assert gradient[place] == pytest.approx((above - below) / (2 * small), abs=1e-4)


def test_missing_tokens_have_neither_loss_nor_gradient(nlp: Language) -> None:
    batch = [example(nlp, "五元钱", ["-", "O", "-"])]
    outputs: list[Any] = [np.ones((3, len(TAGS)), dtype="f")]
    loss, (gradient,) = tagger(nlp).get_loss(batch, outputs)
    assert loss == pytest.approx(np.log(len(TAGS)), abs=1e-5)
    assert not np.asarray(gradient)[[0, 2]].any()
    outputs[0][[0, 2]] = 9 * np.arange(len(TAGS))
    assert tagger(nlp).get_loss(batch, outputs)[0] == pytest.approx(loss)


def test_large_scores_do_not_overflow(nlp: Language) -> None:
    batch = [example(nlp, "五", ["O"])]
    outputs: list[Any] = [np.full((1, len(TAGS)), 1e4, dtype="f")]
    loss, (gradient,) = tagger(nlp).get_loss(batch, outputs)
    assert np.isfinite(loss)
    assert np.isfinite(np.asarray(gradient)).all()


# --- the component -------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def trained(gold: list[Document]) -> Iterator[Language]:
    """A pipeline that knows the tiny corpus by heart."""
    yield learn(TINY_MODEL, gold, 60)


def test_a_tiny_tagger_learns_the_tiny_corpus(trained: Language, gold: list[Document]) -> None:
    result = evaluate(trained, gold)
    assert result["micro"].f > 0.9, result


def test_losses_fall(ready: Language, gold: list[Document]) -> None:
    found = examples(ready, gold)
    optimizer = ready.create_optimizer()
    losses = [ready.update(found, sgd=optimizer)["ner"] for _ in range(5)]
    assert losses[-1] < losses[0]


def test_bytes_come_back(trained: Language, nlp: Language, gold: list[Document]) -> None:
    nlp.from_bytes(trained.to_bytes())
    for document in gold:
        before, after = trained(document.text), nlp(document.text)
        assert [(e.start, e.end, e.label_) for e in before.ents] == [
            (e.start, e.end, e.label_) for e in after.ents
        ]
    assert nlp.meta["labels"]["ner"] == list(LABELS)


def test_the_folder_comes_back(trained: Language, tmp_path: Path, gold: list[Document]) -> None:
    trained.to_disk(tmp_path)
    again = spacy.load(tmp_path)
    text = gold[0].text
    assert [str(e) for e in again(text).ents] == [str(e) for e in trained(text).ents]


def test_labels_are_fixed(nlp: Language) -> None:
    assert tagger(nlp).labels == LABELS
    with pytest.raises(ValueError, match="ORG, PLACE, MONEY, CAPACITY: cannot add 'PERSON'"):
        tagger(nlp).add_label("PERSON")


def test_without_examples_it_says_so(nlp: Language) -> None:
    with pytest.raises(ValueError, match="component 'ner': no example"):
        tagger(nlp).initialize(lambda: [])


def test_other_labels_alone_are_refused(nlp: Language) -> None:
    found = [
        example(nlp, "张三投", ["B-PERSON", "L-PERSON", "O"]),
        example(nlp, "去年", ["B-DATE", "L-DATE"]),
    ]
    with pytest.raises(ValueError, match=r"component 'ner': no entity .* labelled DATE, PERSON$"):
        tagger(nlp).initialize(lambda: found)


def test_other_labels_among_ours_are_named(nlp: Language, gold: list[Document]) -> None:
    others = [example(nlp, "张三投", ["B-PERSON", "L-PERSON", "O"])]
    with pytest.warns(UserWarning, match="'ner' learns ORG, .* labelled PERSON count as no"):
        tagger(nlp).initialize(lambda: examples(nlp, gold) + others)


@pytest.mark.filterwarnings("error::UserWarning")
@pytest.mark.parametrize("tags", [["O", "O"], ["-", "-"], ["U-ORG", "O"], ["B-PLACE", "L-PLACE"]])
def test_our_labels_or_none_are_taken_in_silence(nlp: Language, tags: list[str]) -> None:
    tagger(nlp).initialize(lambda: [example(nlp, "上海", tags)])


def test_transitions_are_counted_in_the_examples(nlp: Language, gold: list[Document]) -> None:
    found = examples(nlp, gold)
    pipe = tagger(nlp)
    pipe.initialize(lambda: found, transition_weight=0.5)
    expected = transition_scores(np.array(gold_tags(example)) for example in found)
    assert pipe.transitions is not None
    np.testing.assert_allclose(pipe.transitions, 0.5 * expected, rtol=1e-5)
    again = spacy.blank("zh").add_pipe("zhinvest_tagger", config={"model": TINY_MODEL})
    again.from_bytes(pipe.to_bytes())  # type: ignore[attr-defined]
    np.testing.assert_allclose(again.transitions, pipe.transitions)  # type: ignore[attr-defined]
    pipe.initialize(lambda: found)
    assert pipe.transitions is None


def test_mentions_of_a_name_share_their_scores(nlp: Language, gold: list[Document]) -> None:
    found = examples(nlp, gold)
    pipe = tagger(nlp)
    pipe.initialize(lambda: found, sharing=0.9)
    again = spacy.blank("zh").add_pipe("zhinvest_tagger", config={"model": TINY_MODEL})
    again.from_bytes(pipe.to_bytes())  # type: ignore[attr-defined]
    assert again.cfg["sharing"] == 0.9  # type: ignore[attr-defined]
    array = np.zeros((5, len(TAGS)), dtype=np.float32)
    array[[0, 1], [1, 2]] = 6.0
    array[2:, 0] = 2.0
    pipe.model = Model("scores", lambda _, docs, is_train: ([array for _ in docs], list))
    assert [ent.text for ent in pipe(nlp.make_doc("青云和青云")).ents] == ["青云", "青云"]
    assert [ent.text for ent in pipe(nlp.make_doc("青云和青山")).ents] == ["青云"]
    pipe.cfg["sharing"] = 0.0
    assert [ent.text for ent in pipe(nlp.make_doc("青云和青云")).ents] == ["青云"]


@pytest.mark.parametrize("text", ["", " ", "\n", " \n\u3000\t", "。"])
def test_texts_without_anything_have_no_entities(trained: Language, text: str) -> None:
    doc = trained(text)
    assert doc.text == text
    assert doc.ents == ()


def test_empty_texts_among_others(trained: Language, gold: list[Document]) -> None:
    texts = ["", gold[0].text, "", " ", gold[1].text]
    docs = list(trained.pipe(texts))
    assert [doc.text for doc in docs] == texts
    assert [bool(doc.ents) for doc in docs] == [False, True, False, False, True]
    assert list(trained.pipe([])) == []


def test_a_batch_gives_what_each_text_gives(trained: Language, gold: list[Document]) -> None:
    texts = [document.text for document in gold]
    together = [[str(e) for e in doc.ents] for doc in trained.pipe(texts)]
    assert together == [[str(e) for e in trained(text).ents] for text in texts]


@pytest.mark.parametrize(
    ("text", "path", "entities"),
    [
        ("青云社", [1, 2, 2], ["青云社"]),
        ("\n青云", [1, 2, 2], []),
        ("青\n云", [1, 2, 2], ["青\n云"]),
        ("青云\n", [1, 2, 2], []),
        ("青云沪", [1, 2, 3], ["青云", "沪"]),
    ],
)
def test_an_entity_has_no_blank_at_its_edges(
    nlp: Language, text: str, path: list[int], entities: list[str]
) -> None:
    doc: Doc = nlp.make_doc(text)
    tagger(nlp).set_annotations([doc], [np.array(path)])
    assert [entity.text for entity in doc.ents] == entities
    assert all(token.ent_iob for token in doc)


@pytest.mark.parametrize(
    ("path", "entities"),
    [
        ([1, 2, 0, 0, 3], ["青云 ORG", "社在 PERSON", "沪 PLACE"]),
        ([1, 2, 2, 0, 0], ["社在 PERSON"]),
        ([0, 0, 1, 2, 0], ["社在 PERSON"]),
        ([0, 0, 3, 3, 3], ["社在 PERSON", "沪 PLACE"]),
        ([1, 2, 2, 2, 2], ["社在 PERSON"]),
        ([0, 0, 0, 0, 0], ["社在 PERSON"]),
    ],
)
def test_what_is_an_entity_already_stays(
    nlp: Language, path: list[int], entities: list[str]
) -> None:
    doc = nlp.make_doc("青云社在沪")
    doc.set_ents([Span(doc, 2, 4, "PERSON", kb_id="Q1", span_id="s1")], default="missing")
    tagger(nlp).set_annotations([doc], [np.array(path)])
    assert [f"{entity.text} {entity.label_}" for entity in doc.ents] == entities
    assert [(e.kb_id_, e.id_) for e in doc.ents if e.label_ == "PERSON"] == [("Q1", "s1")]
    assert all(token.ent_iob for token in doc)


def test_blocked_tokens_stay_blocked(nlp: Language) -> None:
    doc = nlp.make_doc("青云社在沪")
    doc.set_ents([], blocked=[doc[1:3]])
    for _ in range(2):
        tagger(nlp).set_annotations([doc], [np.array([1, 2, 2, 0, 3])])
        assert [entity.text for entity in doc.ents] == ["沪"]
        assert [token.ent_iob_ for token in doc] == ["O", "B", "B", "O", "B"]


def test_what_is_outside_already_may_become_an_entity(nlp: Language) -> None:
    doc = nlp.make_doc("青云")
    doc.set_ents([])
    tagger(nlp).set_annotations([doc], [np.array([1, 2])])
    assert [entity.text for entity in doc.ents] == ["青云"]


def test_an_entity_ruler_in_front_forces_names(
    trained: Language, nlp: Language, gold: list[Document]
) -> None:
    nlp.from_bytes(trained.to_bytes())
    text = gold[0].text
    found = doc_spans(nlp(text))
    start, end, _ = max(found, key=lambda span: span[1] - span[0])
    ruler: Any = nlp.add_pipe("entity_ruler", before="ner")
    ruler.add_patterns([{"label": "WORK", "pattern": text[start + 1 : end]}])
    forced = [span for span in doc_spans(nlp(text)) if span[2] == "WORK"]
    assert (start + 1, end, "WORK") in forced
    free = [span for span in found if not any(a < span[1] and span[0] < b for a, b, _ in forced)]
    assert doc_spans(nlp(text)) == sorted(free + forced)


def test_scores_are_strict(trained: Language, gold: list[Document]) -> None:
    result = trained.evaluate(examples(trained, gold))
    assert result["ents_f"] == pytest.approx(evaluate(trained, gold)["micro"].f, abs=1e-6)


# --- batches -------------------------------------------------------------------------------------


@given(st.lists(st.integers(0, 30), min_size=1), st.integers(1, 40) | st.none())
def test_docs_are_taken_in_parts_that_fit(lengths: list[int], limit: int | None) -> None:
    docs = [Doc(Vocab(), words=["上"] * length) for length in lengths]
    parts = list(_parts(docs, limit))
    assert [doc for part in parts for doc in part] == docs
    assert all(parts)
    if limit is None:
        assert len(parts) == 1
    else:
        assert all(len(part) == 1 or sum(map(len, part)) <= limit for part in parts)


def test_the_size_of_the_parts_changes_nothing(
    trained: Language, gold: list[Document], monkeypatch: pytest.MonkeyPatch
) -> None:
    texts = [document.text for document in gold]
    whole = [doc_spans(doc) for doc in trained.pipe(texts)]
    assert any(whole)
    monkeypatch.setattr("zhinvest.tagger.CPU_TOKENS", 10)
    assert [doc_spans(doc) for doc in trained.pipe(texts)] == whole
