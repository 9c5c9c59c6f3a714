"""The fixed split of the corpus into train, dev and test: `python -m training.split --help`.

Articles that are near relatives (they name the same organisation, which few others name, or share
more than MOST_SHARED of their sequences of characters) stay together; the kinds of article are
spread evenly. An article that names dozens of organisations would be related to half the corpus:
it has relatives by its sequences alone.
"""

import json
from collections import Counter, defaultdict
from collections.abc import Sequence
from functools import partial
from itertools import pairwise
from pathlib import Path
from typing import Annotated, Final

import numpy as np
import typer
from sklearn.model_selection import StratifiedGroupKFold

from training.commands import run
from training.sequences import sequences, shared
from zhinvest.documents import Document, read_documents
from zhinvest.files import write_text
from zhinvest.normalise import normalise

MOST_SHARED: Final = 0.02
"""Two articles that share more of the shorter one's sequences are relatives."""

COMMON: Final = 2
"""An organisation that more articles than these name (an agency, a ministry) makes no relatives."""

CROWDED: Final = 20
"""An article that names more organisations than these has no relatives by one of them."""

HELD_OUT: Final = ("dev", "test")
"""The parts that get one tenth each; the other tenths are train."""
_TENTHS: Final = 10


def main(
    articles: Annotated[Path, typer.Argument(help="JSONL of annotated articles.")],
    output: Annotated[Path, typer.Option(help="Write the ids of each part here as JSON.")],
    seed: Annotated[int, typer.Option(help="Seed of the shuffle.")] = 0,
) -> None:
    """Write the split: 80 % train, 10 % dev, 10 % test."""
    parts = split(read_documents(articles), seed)
    write_text(output, json.dumps(parts, ensure_ascii=False, indent=1) + "\n")
    typer.echo(f"{output}: " + ", ".join(f"{name} {len(ids)}" for name, ids in parts.items()))


def split(documents: Sequence[Document], seed: int = 0) -> dict[str, list[str]]:
    """Return the ids of `train`, `dev` and `test`, each in the order of `documents`.

    Raises:
        ValueError: there are fewer than ten articles of every kind.
    """
    kinds = [str(document.meta.get("kind")) for document in documents]
    folds = StratifiedGroupKFold(_TENTHS, shuffle=True, random_state=seed)
    parts: dict[str, list[str]] = {"train": [], "dev": [], "test": []}
    part = ["train"] * len(documents)
    parted = folds.split(np.zeros(len(documents)), kinds, relatives(documents))
    tenths = sorted((members.tolist() for _, members in parted), key=partial(_unevenness, kinds))
    # Large families have uneven kinds; they are left to train.
    for name, members in zip(HELD_OUT, tenths, strict=False):
        for index in members:
            part[index] = name
    for name, document in zip(part, documents, strict=True):
        parts[name].append(document.id)
    return parts


def _unevenness(kinds: Sequence[str], members: Sequence[int]) -> float:
    """Return by how many articles a kind's number among `members` is off its share, at most."""
    found, everywhere = Counter(kinds[index] for index in members), Counter(kinds)
    share = len(members) / len(kinds)
    return max(abs(found[kind] - share * count) for kind, count in everywhere.items())


def relatives(documents: Sequence[Document]) -> list[int]:
    """Return the family of each of `documents`: the index of a member of it."""
    heads = list(range(len(documents)))

    def head(index: int) -> int:
        while heads[index] != index:
            index = heads[index]
        return index

    for first, second in (*_same_names(documents), *_same_sequences(documents)):
        heads[head(second)] = head(first)
    return [head(index) for index in range(len(documents))]


def _same_names(documents: Sequence[Document]) -> list[tuple[int, int]]:
    holders: dict[str, list[int]] = defaultdict(list)
    for index, document in enumerate(documents):
        names = {document.text[s:e] for s, e, label in document.ents if label == "ORG"}
        if len(names) > CROWDED:
            continue
        for name in {normalise(name) for name in names}:
            holders[name].append(index)
    return [pair for found in holders.values() if len(found) <= COMMON for pair in pairwise(found)]


def _same_sequences(documents: Sequence[Document]) -> list[tuple[int, int]]:
    shares = shared([sequences(document.text) for document in documents])
    return [pair for pair, share in shares.items() if share > MOST_SHARED]


if __name__ == "__main__":
    run(main)
