"""The reading form of a text: simplified script, half width, lower case, no pinyin glosses.

Models, the word segmenter and the figure reader look at this form. Offsets never refer to it.
"""

import re
from functools import cache
from html import unescape
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from opencc import OpenCC

HAN: Final = "[\u3005\u3007\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U000323af]"
"""Regular expression for one Han character, with 々 and 〇."""

_TONED: Final = "āáǎàēéěèīíǐìōóǒòūúǔùǖǘǚǜńňǹḿ"
_NEUTRAL: Final = "de|le|zhe|men|ge|zi|me|ne"
GLOSS: Final = rf"[(（](?:(?=[a-zü]*[{_TONED}])[a-zü{_TONED}]{{1,6}}|{_NEUTRAL})[)）]"
"""Regular expression for a pinyin gloss as converters leave it: `(chǎn)` in `產(chǎn)業(yè)`."""

_GLOSS_AFTER_HAN = re.compile(rf"(?<={HAN}){GLOSS}")

_TAG: Final = r"</?[A-Za-z][ -;=?-~]{0,200}>|\?/p>"
_REFERENCE: Final = r"&(?:[A-Za-z]{2,8}|#\d{1,7}|#[xX][0-9A-Fa-f]{1,6});"
MARKUP: Final = f"{_TAG}|{_REFERENCE}"
"""Regular expression for a tag, or a character by name or number, as left in a copied text."""

_MARKUP = re.compile(MARKUP)

_FULL_TO_HALF_WIDTH: Final = {code: code - 0xFEE0 for code in range(0xFF01, 0xFF5F)}
_MARKS: Final = str.maketrans(
    {"\u3000": " ", "￥": "¥", "￡": "£", "￠": "¢"} | dict.fromkeys("“”「」『』", '"')
)
_WIDTH: Final = _FULL_TO_HALF_WIDTH | _MARKS


@cache
def _simplifier() -> "OpenCC":
    """Return the converter, which is loaded when a text needs it: `zhinvest.files` does without."""
    from opencc import OpenCC

    return OpenCC("t2s")


def simplify(text: str) -> str:
    """Return `text` in simplified script, otherwise as it is, by OpenCC's table t2s."""
    simplified: str = _simplifier().convert(text)
    return simplified


def without_markup(text: str) -> str:
    """Return `text` with a blank for each tag, and the character that a name or number means."""
    return _MARKUP.sub(_meant, text)


def _meant(markup: re.Match[str]) -> str:
    return unescape(markup[0]) if markup[0][0] == "&" else " "


def unify(text: str) -> str:
    """Return `text` in simplified script and half width, without pinyin glosses.

    The result may be shorter than the input; it has no common offsets with it.
    """
    return simplify(_GLOSS_AFTER_HAN.sub("", text)).translate(_WIDTH)


def normalise(text: str) -> str:
    """Return `text` in simplified script, half width and lower case, without pinyin glosses.

    Source of the character table: OpenCC, configuration t2s. The result may be shorter than
    the input (glosses) or longer (lower case of a few letters); it has no common offsets with it.
    """
    return unify(text).lower()
