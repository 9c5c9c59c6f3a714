"""Tests of texts of any length: cut into pieces, and spans put back where they were."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from spacy.language import Language

from zhinvest.documents import Document
from zhinvest.reading import PIECE, cut_text, read_texts
from zhinvest.scorer import MICRO, Span, count_spans, total

SENTENCES = st.text(alphabet="上海投资 。；，\n", max_size=200)


# --- cutting --------------------------------------------------------------------------------------


@given(SENTENCES | st.text(), st.integers(1, 30))
def test_pieces_join_to_the_text_within_the_limit(text: str, limit: int) -> None:
    pieces = list(cut_text(text, limit))
    assert "".join(piece for _, piece in pieces) == text
    assert all(len(piece) <= limit for _, piece in pieces)
    assert all(text[start:].startswith(piece) for start, piece in pieces)
    assert all(piece for _, piece in pieces[:-1])


@given(SENTENCES, st.integers(2, 30))
def test_pieces_are_not_smaller_than_half_the_limit(text: str, limit: int) -> None:
    pieces = [piece for _, piece in cut_text(text, limit)]
    assert all(len(piece) > limit // 2 for piece in pieces[:-1])


@pytest.mark.parametrize(
    ("text", "pieces"),
    [
        ("", [""]),
        ("0123456789", ["0123456789"]),
        ("0123456789a", ["0123456789", "a"]),
        ("01234\n6，8。a", ["01234\n", "6，8。a"]),
        ("01234。6，89a", ["01234。", "6，89a"]),
        ("01234；6，89a", ["01234；", "6，89a"]),
        ("01234，6 89a", ["01234，", "6 89a"]),
        ("01234 6789a", ["01234 ", "6789a"]),
        ("01\n3456789a", ["01\n3456789", "a"]),
        ("012345。78。a", ["012345。78。", "a"]),
    ],
)
def test_where_a_text_is_cut(text: str, pieces: list[str]) -> None:
    assert [piece for _, piece in cut_text(text, 10)] == pieces


# --- reading --------------------------------------------------------------------------------------


def test_one_list_for_each_text_in_order(reader: Language, gold: list[Document]) -> None:
    texts = ["", gold[0].text, " \n", gold[1].text, "\x00"]
    found = list(read_texts(reader, texts, batch_size=2))
    assert len(found) == len(texts)
    assert [found[i] for i in (0, 2, 4)] == [[], [], []]
    assert found[1] == next(read_texts(reader, [gold[0].text]))
    assert found[3] == next(read_texts(reader, [gold[1].text]))
    assert found[1] != found[3]


def test_no_text_no_list(reader: Language) -> None:
    assert list(read_texts(reader, [])) == []


def test_a_long_text_gives_the_spans_of_its_parts(reader: Language, gold: list[Document]) -> None:
    text, wanted = "", list[Span]()
    while len(text) < 3 * PIECE:
        for document in gold:
            wanted += [(s + len(text), e + len(text), label) for s, e, label in document.ents]
            text += document.text + "\n"
    (found,) = read_texts(reader, [text])
    assert found == sorted(found)
    assert total([count_spans(wanted, found)])[MICRO].f1 > 0.9
    assert found[-1][1] > 2 * PIECE


def test_texts_are_read_as_they_come(reader: Language) -> None:
    taken: list[int] = []

    def texts() -> list[str]:
        for number in range(50):
            taken.append(number)
            yield "上海"

    results = read_texts(reader, texts(), batch_size=4)
    next(results)
    assert len(taken) < 20


def test_lone_surrogates_keep_their_place(reader: Language, gold: list[Document]) -> None:
    document = gold[0]
    assert "\ufffd" not in document.text
    (replaced,) = read_texts(reader, ["\ufffd\n" + document.text + "\ufffd"])
    (surrogate,) = read_texts(reader, ["\ud83d\n" + document.text + "\udfff"])
    assert surrogate == replaced
    found = {document.text[start - 2 : end - 2] for start, end, _ in surrogate}
    assert {document.text[start:end] for start, end, _ in document.ents} & found


@given(st.lists(st.sampled_from(["\ud83d", "\udfff", "\x00"]) | st.text(max_size=8)).map("".join))
def test_spans_lie_in_any_text(reader: Language, text: str) -> None:
    (spans,) = read_texts(reader, [text])
    assert all(0 <= start < end <= len(text) for start, end, _ in spans)
