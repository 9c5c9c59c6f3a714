"""Tests of exchanged places: what is exchanged for what, and that nothing else changes."""

import json
from pathlib import Path
from random import Random

import pytest

from training.places import Divisions, exchange, main, read_divisions
from zhinvest.documents import CorpusError, Document, read_documents, write_documents

TREE: dict[str, dict[str, dict[str, list[str]]]] = {
    "江苏省": {"苏州市": {"吴江区": ["震泽镇", "松陵街道"], "昆山市": ["巴城镇"]}},
    "安徽省": {"宿州市": {"埇桥区": ["符离镇", "三八街道"], "泗县": ["墩集镇"], "市辖区": []}},
    "广西壮族自治区": {"桂林市": {"龙胜各族自治县": ["乐江镇", "江底乡", "九门回族乡"]}},
    "天津市": {"市辖区": {"河北区": [], "滨海新区": []}},
    "河北省": {"保定市": {"安新县": [], "太平县": []}},
    "西藏自治区": {"阿里地区": {"共和县": []}},
}
CITIES = [city for cities in TREE.values() for city in cities.items()]
COUNTIES = [county for _, counties in CITIES for county in counties.items()]
DIVISIONS = Divisions(
    TREE,
    [
        *(city for city, _ in CITIES),
        *(county for county, _ in COUNTIES),
        *(town for _, towns in COUNTIES for town in towns),
    ],
)


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "pcas.json"
    path.write_text(json.dumps(TREE, ensure_ascii=False), encoding="utf-8")
    return path


def article(*parts: str | tuple[str, str], id: str = "a") -> Document:
    """An article of text and entities (surface, label)."""
    text, ents = "", []
    for part in parts:
        surface, label = part if isinstance(part, tuple) else (part, "")
        if label:
            ents.append((len(text), len(text) + len(surface), label))
        text += surface
    return Document(id, text, ents, {})


def exchanged(*parts: str | tuple[str, str]) -> list[Document]:
    """The article with other names, by twenty draws."""
    return [exchange(article(*parts), DIVISIONS, Random(seed)) for seed in range(20)]


def test_a_county_becomes_another_of_its_kind() -> None:
    found = {d.text for d in exchanged("在", ("吴江区", "PLACE"), "开工")}
    assert found == {"在吴江区开工", "在埇桥区开工"}


def test_full_and_short_form_stay_together_and_figures_stay() -> None:
    parts = ("昆山市", "PLACE"), "投", ("5亿元", "MONEY"), "，", ("昆山", "PLACE"), "谓之苏州昆山"
    for document in exchanged(*parts):
        city, amount, short = (document.text[start:end] for start, end, _ in document.ents)
        assert (city, amount) == (short + "市", "5亿元")
        assert document.text == f"{city}投5亿元，{short}谓之苏州昆山"


def test_of_a_chain_every_division_changes_and_the_province_stays() -> None:
    found = {d.text for d in exchanged(("江苏省苏州市吴江区震泽镇", "PLACE"))}
    assert len(found) > 6
    for text in found:
        assert text.startswith("江苏省")
        assert [text[i] for i in (5, 8, 11)] == list("市区镇")


def test_an_organisation_is_called_after_another_place() -> None:
    found = {d.text for d in exchanged(("吴江区财政局", "ORG"), "和", ("吴江农商银行", "ORG"))}
    assert found == {"吴江区财政局和吴江农商银行", "埇桥区财政局和吴江农商银行"}


def test_an_organisation_of_a_province_stays() -> None:
    assert {d.text for d in exchanged(("河北省昆山财政局", "ORG"))} == {"河北省昆山财政局"}


def test_places_within_organisations_stay() -> None:
    assert {d.text for d in exchanged(("中信银行吴江支行", "ORG"))} == {"中信银行吴江支行"}


@pytest.mark.parametrize(
    "name",
    [
        "市辖区",
        "龙胜各族自治县",
        "泗县",
        "震泽",
        "江苏省",
        "河北省",
        "河北",
        "阿里地区",
        "滨海新区",
    ],
)
def test_what_is_no_regular_name_stays(name: str) -> None:
    assert {d.text for d in exchanged((name, "PLACE"))} == {name}


@pytest.mark.parametrize("name", ["雄安新区", "南太平洋", "太平洋", "中华人民共和国", "黑龙江"])
def test_what_characters_happen_to_spell_stays(name: str) -> None:
    assert {d.text for d in exchanged((name, "PLACE"))} == {name}


@pytest.mark.parametrize("name", ["中国江苏昆山", "江苏省·昆山", "安徽埇桥区昆山"])
def test_behind_a_province_a_division_or_a_mark_a_division_changes(name: str) -> None:
    assert any(not d.text.endswith("昆山") for d in exchanged((name, "PLACE")))


def test_names_that_are_none_are_not_drawn() -> None:
    drawn = {stem for stems in DIVISIONS.stems.values() for stem in stems}
    assert not drawn & {"阿里地", "滨海新", "九门回族", "河北", "市辖"}
    assert {"吴江", "埇桥", "昆山"} <= drawn


def test_no_two_places_become_one() -> None:
    for document in exchanged(("昆山市", "PLACE"), "、", ("苏州市", "PLACE")):
        one, two = (document.text[start:end] for start, end, _ in document.ents)
        assert one != two


def test_file(file: Path) -> None:
    stems = read_divisions(file).stems
    assert {kind: sorted(found) for kind, found in stems.items()} == {
        kind: sorted(found) for kind, found in DIVISIONS.stems.items()
    }
    assert DIVISIONS.stems["区"] == ["吴江", "埇桥"]


@pytest.mark.parametrize(
    "content", ["", "[]", '{"江苏省": ["苏州市"]}', '{"江苏省": {"苏州市": {"吴江区": 5}}}']
)
def test_another_file(content: str, tmp_path: Path) -> None:
    path = tmp_path / "other.json"
    path.write_text(content, encoding="utf-8")
    with pytest.raises(CorpusError, match=r"other\.json: no towns by county"):
        read_divisions(path)


def test_command(file: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path, output = tmp_path / "articles.jsonl", tmp_path / "copies.jsonl"
    articles = [article("在", ("吴江区", "PLACE"), id=str(i)) for i in range(30)]
    write_documents(path, [*articles, article("无", id="none")])
    main([path], file, output, share=1.0)
    copies = read_documents(output)
    assert 10 < len(copies) < 30
    assert {d.text for d in copies} == {"在埇桥区"}
    assert all(d.id.endswith("-places") and d.id != "none-places" for d in copies)
    assert f"copies of {len(copies)} of 31" in capsys.readouterr().out
    first = output.read_bytes()
    main([path], file, output, share=1.0)
    assert output.read_bytes() == first
