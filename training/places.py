"""Cities, counties and towns of articles exchanged for others: `python -m training.places --help`.

Names that were in no article are read worst. A copy of an article in which 吴江区 is 埇桥区, 吴江
埇桥 and 吴江区政府 埇桥区政府 shows the same sentences with other names. These come from
https://github.com/modood/Administrative-divisions-of-China; provinces stay as they are.
"""

import json
import re
from collections import defaultdict
from collections.abc import Iterator
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

_REGULAR: Final = re.compile("([\u4e00-\u9fff]{2,4})(市|县|区|镇|乡|街道)")
_IRREGULAR: Final = re.compile("自治|管理|开发|园|林场|农场|直辖|市辖|工业|[市县区镇乡]$")
"""What makes the part in front of the kind no name by itself."""

SUFFIX: Final = "-places"
"""What the id of a copy has behind that of its source."""

_TOWNS: Final = ("镇", "乡", "街道")
_LONGEST: Final = 6
_KEPT: Final = 0.3
"""Share of the names of an article that stay."""

_SHORTEST_BODY: Final = 3
"""An organisation whose name goes on for fewer characters behind a place may be no local one."""


class Divisions:
    """Names of divisions: the part in front of their kind (吴江), by kind (区) and the reverse."""

    def __init__(self, names: Iterator[str]) -> None:
        self.stems: dict[str, list[str]] = defaultdict(list)
        self.kinds: dict[str, set[str]] = defaultdict(set)
        for name in dict.fromkeys(names):
            match = _REGULAR.fullmatch(name)
            if match and not _IRREGULAR.search(match[1]):
                self.stems[match[2]].append(match[1])
                self.kinds[match[1]].add(match[2])

    def find(self, text: str, start: int) -> tuple[int, str, str] | None:
        """Return end, stem and kind of the longest division that begins at `start` of `text`.

        Of cities and counties the stem alone counts too; its kind is then one that it may have.
        """
        for end in range(min(len(text), start + _LONGEST), start + 1, -1):
            name = text[start:end]
            match = _REGULAR.fullmatch(name)
            if match and match[2] in self.kinds.get(match[1], ()):
                return end, match[1], match[2]
            if kinds := sorted(self.kinds.get(name, set()).difference(_TOWNS)):
                return end, name, kinds[0]
        return None


def read_divisions(path: Path) -> Divisions:
    """Read the file `dist/pcas.json`: towns by county by city by province.

    Raises:
        CorpusError: it is no such file.
    """
    try:
        cities = [
            city
            for cities in json.loads(decode(path.read_bytes())).values()
            for city in cities.items()
        ]
        counties = [(name, towns) for _, found in cities for name, towns in found.items()]
    except (ValueError, AttributeError) as error:
        raise CorpusError([f"{path}: no towns by county, city and province: {error}"]) from error
    towns = (town for _, found in counties for town in found)
    names = (*(city for city, _ in cities), *(county for county, _ in counties), *towns)
    return Divisions(iter(names))


def exchange(document: Document, divisions: Divisions, rng: Random) -> Document:
    """Return `document` with most of its cities, counties and towns exchanged, each for one other.

    In a PLACE every division is, in an ORG the one that it begins with.
    """
    others: dict[str, str] = {}
    edits: list[Edit] = []
    for start, end, label in document.ents:
        if label not in ("PLACE", "ORG"):
            continue
        surface = document.text[start:end]
        for at, stop, stem, kind in _found(surface, divisions, only_first=label == "ORG"):
            if stem not in others:
                stays = rng.random() < _KEPT
                others[stem] = stem if stays else rng.choice(divisions.stems[kind])
            new = others[stem] + surface[at + len(stem) : stop]
            edits.append(Edit(start + at, start + stop, new))
    return rewrite(document, edits)


def _found(
    surface: str, divisions: Divisions, *, only_first: bool
) -> Iterator[tuple[int, int, str, str]]:
    """Yield start, end, stem and kind of each division in the name of a place or organisation."""
    at = 0
    while at < len(surface):
        found = divisions.find(surface, at)
        if only_first and (found is None or len(surface) - found[0] < _SHORTEST_BODY):
            return
        if found:
            yield at, *found
            at = found[0]
        else:
            at += 1
        if only_first:
            return


def main(
    annotated: Annotated[list[Path], typer.Argument(help="JSONL files of annotated documents.")],
    divisions: Annotated[Path, typer.Option(help="dist/pcas.json of the divisions' repository.")],
    output: Annotated[Path, typer.Option(help="The JSONL file of copies to write.")],
    share: Annotated[float, typer.Option(help="Share of the documents that get a copy.")] = 0.5,
    seed: Annotated[int, typer.Option(help="Chooses documents and names.")] = 0,
) -> None:
    """Write copies of a share of the documents with other places, to be trained on beside them."""
    names = read_divisions(divisions)
    documents = [document for path in annotated for document in read_documents(path)]
    chosen = Random(seed).sample(documents, round(share * len(documents)))
    copies = (exchange(d, names, Random(f"{seed}:{d.id}")) for d in tqdm(chosen, "places"))
    originals = {document.id: document.text for document in chosen}
    changed = [copy for copy in copies if copy.text != originals[copy.id]]
    write_documents(output, [replace(copy, id=copy.id + SUFFIX) for copy in changed])
    typer.echo(f"{output}: copies of {len(changed)} of {len(documents)} documents")


if __name__ == "__main__":
    run(main)
