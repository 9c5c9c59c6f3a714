"""The kinds of article that a pipeline is measured on separately.

What a gold file says of an article in its `meta` is used as it stands; script, noise and length
are read off the text where it says nothing.
"""

import re
from collections.abc import Sequence
from typing import Final

from zhinvest.documents import Document
from zhinvest.normalise import GLOSS, HAN, MARKUP, normalise, simplify

_TRADITIONAL: Final = 0.05
"""An article is in traditional script when so many of its Han characters would change."""

_LENGTHS: Final = ((300, "under 300"), (1000, "300 to 999"))
_LONGEST: Final = "1,000 and more"
_NOISE: Final = {
    "glosses": re.compile(rf"{HAN}{GLOSS}"),
    "full-width digits": re.compile("[０-９]"),
    "tags": re.compile(MARKUP),
}


def slices(document: Document) -> dict[str, str]:
    """Return the slices that an article belongs to: source, kind, script, noise, length."""
    meta, text = document.meta, document.text
    return {
        "source": str(meta.get("src") or "").partition(":")[0] or _family(document.id),
        "kind": str(meta.get("kind") or "not stated"),
        "script": str(meta.get("script") or script(text)),
        "noise": _listed(meta["noise"]) if "noise" in meta else noise(text),
        "length": next((name for most, name in _LENGTHS if len(text) < most), _LONGEST),
    }


def script(text: str) -> str:
    """Return `hant` where a fair share of the Han characters are traditional, else `hans`."""
    han = "".join(re.findall(HAN, text))
    changed = sum(a != b for a, b in zip(han, simplify(han), strict=False))
    return "hant" if han and changed / len(han) > _TRADITIONAL else "hans"


def noise(text: str) -> str:
    """Return the kinds of noise that `text` shows, joined by ` + `, or `none`."""
    return _listed([name for name, pattern in _NOISE.items() if pattern.search(text)])


def surfaces(documents: Sequence[Document]) -> set[tuple[str, str]]:
    """Return the surfaces of all entities, in reading form, each with its label."""
    return {
        (normalise(document.text[start:end]), label)
        for document in documents
        for start, end, label in document.ents
    }


def _listed(names: object) -> str:
    """Return `names`, one or a list of them, in one order whatever theirs."""
    several = names if isinstance(names, list) else [names or ""]
    return " + ".join(sorted(map(str, several))) or "none"


def _family(name: str) -> str:
    return re.sub(r"[-_]?\d+$", "", name) or "not stated"
