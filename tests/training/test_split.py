"""Tests of the fixed split: it partitions the corpus, evenly, and relatives stay together."""

import json
from collections import Counter
from pathlib import Path

import pytest
from typer.testing import CliRunner

from tests.conftest import ROOT
from training.sequences import sequences, shared
from training.split import CROWDED, HELD_OUT, main, relatives, split
from zhinvest.documents import CorpusError, Document, read_documents, write_documents
from zhinvest.normalise import normalise

CORPUS = read_documents(ROOT / "corpus" / "articles.jsonl")
SPLITS: dict[str, list[str]] = json.loads(
    (ROOT / "corpus" / "splits.json").read_text(encoding="utf-8")
)
SHARES = {"train": 0.8, "dev": 0.1, "test": 0.1}


def article(id: str, text: str, *names: str, kind: str = "flash") -> Document:
    ents = [(text.index(name), text.index(name) + len(name), "ORG") for name in names]
    return Document(id, text, sorted(ents), {"kind": kind})


def distinct(size: int, kind: str = "flash") -> list[Document]:
    """Articles that have no eight characters and no name in common."""
    return [
        article(f"{kind}-{i}", "".join(chr(0x4E00 + i * 20 + k) for k in range(20)), kind=kind)
        for i in range(size)
    ]


# --- the committed split -------------------------------------------------------------------------


def test_the_parts_partition_the_corpus() -> None:
    ids = [id for part in SPLITS.values() for id in part]
    assert sorted(ids) == sorted(document.id for document in CORPUS)
    assert len(ids) == len(set(ids))


@pytest.mark.parametrize("part", SHARES)
def test_the_parts_have_their_sizes(part: str) -> None:
    assert len(SPLITS[part]) / len(CORPUS) == pytest.approx(SHARES[part], abs=0.015)


@pytest.mark.parametrize("part", SHARES)
def test_every_kind_is_in_every_part(part: str) -> None:
    kinds = Counter(d.meta["kind"] for d in CORPUS if d.id in set(SPLITS[part]))
    assert kinds.keys() == {d.meta["kind"] for d in CORPUS}


@pytest.mark.parametrize("part", HELD_OUT)
def test_kinds_are_even_in_what_is_held_out(part: str) -> None:
    kinds = Counter(d.meta["kind"] for d in CORPUS if d.id in set(SPLITS[part]))
    share = len(SPLITS[part]) / len(CORPUS)
    everywhere = Counter(d.meta["kind"] for d in CORPUS)
    assert all(abs(kinds[kind] - share * count) < 4 for kind, count in everywhere.items())


def test_no_family_is_in_two_parts() -> None:
    part = {id: name for name, ids in SPLITS.items() for id in ids}
    families: dict[int, set[str]] = {}
    for document, family in zip(CORPUS, relatives(CORPUS), strict=True):
        families.setdefault(family, set()).add(part[document.id])
    assert all(len(parts) == 1 for parts in families.values())


def test_no_organisation_that_two_articles_of_few_names_name_is_in_two_parts() -> None:
    part = {id: name for name, ids in SPLITS.items() for id in ids}
    holders: dict[str, set[str]] = {}
    for document in CORPUS:
        names = {document.text[start:end] for start, end, label in document.ents if label == "ORG"}
        for name in names if len(names) <= CROWDED else ():
            holders.setdefault(normalise(name), set()).add(document.id)
    pairs = [{part[id] for id in ids} for ids in holders.values() if len(ids) == 2]
    assert len(pairs) > 100
    assert all(len(parts) == 1 for parts in pairs)


# --- families ------------------------------------------------------------------------------------


def test_articles_that_name_the_same_organisation_are_relatives() -> None:
    first = article("1", "青川重工投产", "青川重工")
    second = article("2", "贷款来自青川重工和远山银行", "青川重工", "远山银行")
    third = article("3", "遠山銀行開業", "遠山銀行")
    other = article("4", "青川重工未标注")
    one, two, three, four = relatives([first, second, third, other])
    assert one == two == three != four


def test_articles_with_common_sequences_are_relatives() -> None:
    one, two, three = distinct(3)
    copy = Document("copy", one.text[:9] + two.text[:10], [], {})
    assert len({*relatives([one, copy])}) == 1
    assert len({*relatives([one, two, three])}) == 3
    assert len({*relatives([one, two, copy, three])}) == 2


def test_an_organisation_that_many_articles_name_makes_no_relatives() -> None:
    texts = ["新华社报道一", "二：新华社消息", "三月，据新华社"]
    documents = [article(str(i), text, "新华社") for i, text in enumerate(texts)]
    assert len({*relatives(documents)}) == 3
    assert len({*relatives(documents[:2])}) == 1


def test_an_article_that_names_many_organisations_has_no_relatives_by_one() -> None:
    letters = [chr(0x4E00 + i) for i in range(CROWDED)]
    few, many = (
        article("1", "".join(letters), *letters),
        article("2", "".join([*letters, "厂"]), *letters, "厂"),
    )
    third = article("3", letters[0], letters[0])
    assert len({*relatives([few, third])}) == 1
    assert len({*relatives([many, third])}) == 2


def test_a_place_makes_no_relatives() -> None:
    one, two = (Document(id, f"{id}在太原", [(2, 4, "PLACE")]) for id in "12")
    assert len({*relatives([one, two])}) == 2


def test_no_articles_have_no_families() -> None:
    assert relatives([]) == []


# --- splitting -----------------------------------------------------------------------------------


def test_kinds_are_spread_evenly() -> None:
    documents = distinct(30, "flash") + [
        Document(f"park-{i}", chr(0x6F00 + i) * 20, [], {"kind": "park"}) for i in range(20)
    ]
    parts = split(documents)
    kinds = {name: Counter(id.split("-")[0] for id in ids) for name, ids in parts.items()}
    assert kinds["dev"] == kinds["test"] == {"flash": 3, "park": 2}
    assert kinds["train"] == {"flash": 24, "park": 16}


def test_the_split_is_fixed_by_its_seed() -> None:
    documents = distinct(40)
    assert split(documents, 1) == split(documents, 1) != split(documents, 2)
    assert all(sorted(ids, key=lambda id: int(id[6:])) == ids for ids in split(documents).values())


def test_relatives_stay_together() -> None:
    documents = distinct(40)
    pairs = [
        Document(d.id, d.text + name, [(20, 20 + len(name), "ORG")], d.meta)
        for i, d in enumerate(documents)
        for name in [f"{i // 2}号公司"]
    ]
    for ids in split(pairs).values():
        numbers = {int(id[6:]) for id in ids}
        assert {n ^ 1 for n in numbers} == numbers


def test_too_few_articles_are_refused() -> None:
    with pytest.raises(ValueError, match="n_splits=10"):
        split(distinct(5))


# --- sequences -----------------------------------------------------------------------------------


def test_sequences_are_those_of_the_reading_form() -> None:
    assert sequences("甲乙丙丁戊己庚辛壬") == {"甲乙丙丁戊己庚辛", "乙丙丁戊己庚辛壬"}
    assert sequences("產業園區\n投資 12億元") == sequences("产业园区投资１２亿元")
    assert sequences("短") == frozenset()


def test_the_share_is_of_the_shorter_text() -> None:
    long, part = "".join(map(chr, range(0x4E00, 0x4E20))), "".join(map(chr, range(0x4E00, 0x4E09)))
    assert shared([sequences(long), sequences(part)]) == {(0, 1): 1.0}
    assert shared([sequences(long), sequences("无关" * 8), frozenset()]) == {}


# --- command line --------------------------------------------------------------------------------


def test_the_command_writes_what_split_returns(tmp_path: Path) -> None:
    import typer

    write_documents(tmp_path / "a.jsonl", distinct(20))
    app = typer.Typer()
    app.command()(main)
    output = tmp_path / "out" / "splits.json"
    result = CliRunner().invoke(app, [str(tmp_path / "a.jsonl"), "--output", str(output)])
    assert result.exit_code == 0, result.output
    assert json.loads(output.read_text(encoding="utf-8")) == split(distinct(20))
    assert "train 16, dev 2, test 2" in result.output


def test_a_faulty_corpus_is_refused(tmp_path: Path) -> None:
    (tmp_path / "a.jsonl").write_text("{}\n", encoding="utf-8")
    with pytest.raises(CorpusError, match=r"a.jsonl:1"):
        main(tmp_path / "a.jsonl", tmp_path / "splits.json")
    assert not (tmp_path / "splits.json").exists()
