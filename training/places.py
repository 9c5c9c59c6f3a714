"""Cities, counties and towns of articles exchanged for others: `python -m training.places --help`.

Names that were in no article are read worst. A copy of an article in which 吴江区 is 埇桥区, 吴江
埇桥 and 吴江区政府 埇桥区政府 shows the same sentences with other names. These come from
https://github.com/modood/Administrative-divisions-of-China; provinces stay as they are.
"""

import json
import re
from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import replace
from pathlib import Path
from random import Random
from typing import Annotated, Final

import typer
from tqdm import tqdm

from training.commands import run
from training.edits import Edit, rewrite
from zhinvest.documents import CorpusError, Document, read_documents, write_documents
from zhinvest.files import decode
from zhinvest.normalise import HAN

_REGULAR: Final = re.compile("([\u4e00-\u9fff]{2,4})(市|县|区|镇|乡|街道)")
_IRREGULAR: Final = re.compile("自治|管理|开发|园|林场|农场|直辖|市辖|工业|[族市县区镇乡]$")
"""What makes the part in front of the kind no name by itself."""

_WORDS: Final = re.compile(".*[地新矿林]区")
"""Districts whose names end in a word of their own (滨海新区) or are none (阿里地区)."""

_AFTER_STEM: Final = re.compile(
    "$|[^\u4e00-\u9fff]|经济|高新|技术|开发|工业|产业|科技|保税|新区|新城|机场|火?车?站|[港路]"
)
"""What may follow a stem that stands for its division; it is part of a word in 太平洋."""

_PROVINCE: Final = re.compile("(内蒙古|黑龙江|.{2})(省|市|.*自治区|特别行政区)")
_HAN_CHARACTER: Final = re.compile(HAN)
_TOWNS: Final = ("镇", "乡", "街道")
_LONGEST: Final = 6
_KEPT: Final = 0.3
"""Share of the names of an article that stay."""

_SHORTEST_BODY: Final = 3
"""An organisation whose name goes on for fewer characters behind a place may be no local one."""

_DRAWS: Final = 20
"""So often another name is drawn before the name stays."""

SUFFIX: Final = "-places"
"""What the id of a copy has behind that of its source."""


class Divisions:
    """Names of divisions: the part in front of their kind, or stem (吴江), by kind (区), and back.

    `provinces` are those of the provinces, full and short, and 中国: what may stand in front.
    """

    def __init__(self, provinces: Iterable[str], names: Iterable[str]) -> None:
        self.provinces = {"中国"}
        for name in provinces:
            match = _PROVINCE.fullmatch(name)
            self.provinces |= {name, match[1]} if match else {name}
        self._longest = max(map(len, self.provinces))
        self.stems: dict[str, list[str]] = defaultdict(list)
        self.kinds: dict[str, set[str]] = defaultdict(set)
        for name in dict.fromkeys(names):
            match = _REGULAR.fullmatch(name)
            if match is None or _IRREGULAR.search(match[1]) or _WORDS.fullmatch(name):
                continue
            if match[1] not in self.provinces:
                self.stems[match[2]].append(match[1])
                self.kinds[match[1]].add(match[2])

    def find(self, text: str, start: int) -> tuple[int, str, str] | None:
        """Return end, stem and kind of the longest division that begins at `start` of `text`.

        Of a city or county the stem alone is one where nothing goes on that makes a word of it; its
        kind is then one that it may have.
        """
        for end in range(min(len(text), start + _LONGEST), start + 1, -1):
            name = text[start:end]
            match = _REGULAR.fullmatch(name)
            if match and match[2] in self.kinds.get(match[1], ()):
                return end, match[1], match[2]
            kinds = sorted(self.kinds.get(name, set()).difference(_TOWNS))
            if kinds and (_AFTER_STEM.match(text, end) or self.find(text, end)):
                return end, name, kinds[0]
        return None

    def province(self, text: str, start: int) -> int:
        """Return the end of the longest province that begins at `start` of `text`, or `start`."""
        ends = range(min(len(text), start + self._longest), start, -1)
        return next((end for end in ends if text[start:end] in self.provinces), start)


def read_divisions(path: Path) -> Divisions:
    """Read the file `dist/pcas.json`: towns by county by city by province.

    Raises:
        CorpusError: it is no such file.
    """
    try:
        provinces = json.loads(decode(path.read_bytes()))
        cities = [city for found in provinces.values() for city in found.items()]
        counties = [county for _, found in cities for county in found.items()]
        towns = [town for _, found in counties for town in found]
        names = [*(city for city, _ in cities), *(county for county, _ in counties), *towns]
        return Divisions(provinces, names)
    except (ValueError, AttributeError, TypeError) as error:
        raise CorpusError([f"{path}: no towns by county, city and province: {error}"]) from error


def exchange(document: Document, divisions: Divisions, rng: Random) -> Document:
    """Return `document` with most of its cities, counties and towns exchanged, each for one other.

    In a PLACE every division is, in an ORG the one whose full name it begins with.
    """
    finders = {"PLACE": _in_place, "ORG": _in_organisation}
    others: dict[str, str] = {}
    edits: list[Edit] = []
    for start, end, label in document.ents:
        if label not in finders:
            continue
        surface = document.text[start:end]
        for at, stop, stem, kind in finders[label](surface, divisions):
            if stem not in others:
                draws = (rng.choice(divisions.stems[kind]) for _ in range(_DRAWS))
                taken = document.text + " ".join(others.values())
                other = next((name for name in draws if name not in taken), stem)
                others[stem] = stem if rng.random() < _KEPT else other
            new = others[stem] + surface[at + len(stem) : stop]
            edits.append(Edit(start + at, start + stop, new))
    return rewrite(document, edits)


def _in_place(surface: str, divisions: Divisions) -> Iterator[tuple[int, int, str, str]]:
    """Yield start, end, stem and kind of each division in the name of a place.

    One begins where the name does, behind a province or another division, or behind a mark: what
    the characters in 太平洋 and 雄安新区 happen to spell is none.
    """
    at, is_edge = 0, True
    while at < len(surface):
        division = divisions.find(surface, at) if is_edge else None
        province = divisions.province(surface, at) if is_edge else at
        if division and division[0] > province:
            yield at, *division
            at = division[0]
        elif province > at:
            at = province
        else:
            is_edge = not _HAN_CHARACTER.match(surface, at)
            at += 1


def _in_organisation(surface: str, divisions: Divisions) -> Iterator[tuple[int, int, str, str]]:
    """Yield the same of the division whose full name an organisation's begins with, if any."""
    division = divisions.find(surface, 0)
    if division and division[0] > divisions.province(surface, 0):
        end, stem, _ = division
        if end > len(stem) and len(surface) - end >= _SHORTEST_BODY:
            yield 0, *division


def main(
    annotated: Annotated[list[Path], typer.Argument(help="JSONL files of annotated documents.")],
    divisions: Annotated[Path, typer.Option(help="dist/pcas.json of the divisions' repository.")],
    output: Annotated[Path, typer.Option(help="The JSONL file of copies to write.")],
    share: Annotated[
        float, typer.Option(min=0, max=1, help="Share of the documents that get a copy.")
    ] = 0.5,
    seed: Annotated[int, typer.Option(help="Chooses documents and names.")] = 0,
) -> None:
    """Write copies of a share of the documents with other places, to be trained on beside them."""
    names = read_divisions(divisions)
    documents = [document for path in annotated for document in read_documents(path)]
    copies = []
    for document in tqdm(documents, "places"):
        rng = Random(f"places:{seed}:{document.id}")
        if rng.random() < share:
            copy = exchange(document, names, rng)
            if copy.text != document.text:
                copies.append(replace(copy, id=copy.id + SUFFIX))
    write_documents(output, copies)
    typer.echo(f"{output}: copies of {len(copies)} of {len(documents)} documents")


if __name__ == "__main__":
    run(main)
