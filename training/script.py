"""Traditional script as used on the mainland, in Taiwan and in Hong Kong, and pinyin glosses.

Conversion is that of OpenCC, pinyin that of pypinyin.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from random import Random
from typing import Final

from opencc import OpenCC
from pypinyin import Style, pinyin

from training.edits import Edit, rewrite, stretches
from zhinvest.documents import Document
from zhinvest.normalise import GLOSS, HAN

_CORNERS: Final = str.maketrans("“”‘’", "「」『』")
_COMMON: Final = str.maketrans("爲羣峯裏啓衆麪着牀喫綫", "為群峰裡啟眾麵著床吃線")
"""The forms of OpenCC's standard that converters on the mainland do not write, and theirs."""

_GLOSSED_SHARE: Final = (0.15, 0.6)
_BRACKETS: Final = ("()", "()", "（）")


@dataclass(frozen=True)
class Usage:
    """How a region writes: OpenCC configuration, others for some labels, and characters."""

    configuration: str
    by_label: Mapping[str, str] = field(default_factory=dict)
    characters: Mapping[int, int] = field(default_factory=dict)


USAGES: Final[Mapping[str, Usage]] = {
    "hant-cn": Usage("s2t", characters=_COMMON),
    "hant-tw": Usage("s2twp", dict.fromkeys(("ORG", "MONEY", "CAPACITY"), "s2tw"), _CORNERS),
    "hant-hk": Usage("s2hk", characters=_CORNERS),
}
"""By script. For Taiwan words change as well, but in names only those of places (老挝, 寮國)."""


def convert(document: Document, rng: Random, *, script: str) -> Document:
    """Return `document` in traditional script as used in `script`; `rng` is not drawn from.

    Every entity and every stretch between is converted by itself, for the length may change.
    """
    usage = USAGES[script]
    edits: list[Edit] = []
    for start, end, label in stretches(document):
        converter = converter_of(usage.by_label.get(label, usage.configuration))
        converted: str = converter.convert(document.text[start:end])
        edits.append(Edit(start, end, converted.translate(usage.characters)))
    return rewrite(document, edits)


@cache
def converter_of(configuration: str) -> OpenCC:
    """Return OpenCC's converter of that name, made once."""
    return OpenCC(configuration)


def gloss(document: Document, rng: Random) -> Document:
    """Return `document` with pinyin behind traditional characters, as converters leave it.

    A converter glosses a character everywhere or nowhere; how many depends on the converter. A
    gloss is part of its character: behind the last one of a name it belongs to the name.
    """
    share, (left, right) = rng.uniform(*_GLOSSED_SHARE), rng.choice(_BRACKETS)
    glossed = {
        char: f"{char}{left}{reading}{right}"
        for char in sorted(set(document.text))
        if (reading := _reading(char)) and rng.random() < share
    }
    found = (m for m in re.finditer(HAN, document.text) if m[0] in glossed)
    return rewrite(document, [Edit(m.start(), m.end(), glossed[m[0]]) for m in found])


@cache
def _reading(char: str) -> str | None:
    """Return the pinyin of a traditional character, or None if it is none or has none."""
    if not re.fullmatch(HAN, char) or converter_of("t2s").convert(char) == char:
        return None
    reading: str = pinyin(char, style=Style.TONE)[0][0]
    return reading if re.fullmatch(GLOSS, f"({reading})") else None
