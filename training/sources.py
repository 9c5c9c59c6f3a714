"""Whole source texts of the annotated documents, read from checkouts of public repositories.

A document's address is ``PREFIX:REST``. Each prefix names one repository and one reader; the
reader applies the clean-up under which the sha256 and the offsets of the document were recorded.
"""

import csv
import hashlib
import html
import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, Final

_TAG: Final = re.compile(r"<[^>]*>")
_SCRIPT: Final = re.compile(r"<script.*?</script>", re.DOTALL | re.IGNORECASE)
_EB_BREAK: Final = re.compile(r"<br\s*/?>|</p>", re.IGNORECASE)
_EB_BLANKS: Final = re.compile(r"[ \t\u00a0\u3000]+")
# A publisher that ends in "-" is a blank form field; any other is the first line of the text.
_EB_ARTICLE: Final = re.compile(r"发布人：(?:[^<]*-\s*</span>)?(?P<article>.*)", re.DOTALL)
_EB_DISCLAIMER: Final = "\n免责声明"
_XWLB_LEAD: Final = re.compile(r"央视网消息[（(]新闻联播[）)]：?")
_FIN_DIGITS: Final = 12

# The tasks, and the column that holds the text where their records are lists.
_FINCUGE_COLUMNS: Final[Mapping[str, int]] = {"finna": 1, "finnl": 0, "finqa": 0}


class SourceError(ValueError):
    """An address that cannot be read: malformed, or its file or record is absent."""


@dataclass(frozen=True)
class Source:
    """A public repository that holds source texts.

    repository is "owner/name", address its web page, licence what the repository says about the
    texts, and commit the 40 hex digits of the version in which every document was found.
    """

    repository: str
    address: str
    licence: str
    commit: str


SOURCES: Final[dict[str, Source]] = {
    "cls": Source(
        repository="echo-stacker/cailianshe-daily-archive",
        address="https://github.com/echo-stacker/cailianshe-daily-archive",
        licence="none; public web feeds, normalized archive for research use",
        commit="8fe1fd6f12a95dee176a0e102487742b4aa360a8",
    ),
    "eb": Source(
        repository="likgjava/eb",
        address="https://github.com/likgjava/eb",
        licence="none stated",
        commit="7470cfbcce2c33c38d76cb757029227202253ea9",
    ),
    "fin": Source(
        repository="wwwxmu/Dataset-of-financial-news-sentiment-classification",
        address="https://github.com/wwwxmu/Dataset-of-financial-news-sentiment-classification",
        licence="none stated",
        commit="9e3166942fed246c193ec67996d5294debfd71e3",
    ),
    "xwlb": Source(
        repository="china-data/xwlb",
        address="https://github.com/china-data/xwlb",
        licence="code MIT; texts all rights reserved by CCTV, for study only",
        commit="710ba229765c537beb474d9eb272fbc097981bc0",
    ),
    "gov": Source(
        repository="johncodes404/china-provincial-gov-reports-2026",
        address="https://github.com/johncodes404/china-provincial-gov-reports-2026",
        licence="none stated; official documents",
        commit="ad4c815c4acefe47240a3afaece74e1eb2011dd3",
    ),
    "fincuge": Source(
        repository="ssymmetry/BBT-FinCUGE-Applications",
        address="https://github.com/ssymmetry/BBT-FinCUGE-Applications",
        licence="none stated",
        commit="654d132de56e85075700358baf558ab4d0cd986f",
    ),
}


def source_text(root: Path, src: str) -> str:
    """Return the whole text of the document at the address src.

    root holds one checkout per prefix: root/cls, root/eb and so on. The recorded start and end
    are character offsets, end exclusive, into the text returned.

    Raises SourceError, naming src, if src is malformed or its file or record is absent.
    """
    prefix, _, rest = src.partition(":")
    try:
        return _reader(prefix)(root / prefix, rest)
    except SourceError as error:
        raise SourceError(f"{src}: {error}") from error
    except (FileNotFoundError, IsADirectoryError, NotADirectoryError) as error:
        raise SourceError(f"{src}: no file {error.filename}") from error


def candidate_addresses(src: str) -> list[str]:
    """Return the addresses that src may mean; the recorded hash tells which it is.

    Some addresses of fincuge leave out the task, and each task has files of the same names.
    """
    prefix, _, rest = src.partition(":")
    if prefix == "fincuge" and "/" not in rest:
        return [f"{prefix}:{task}/{rest}" for task in _FINCUGE_COLUMNS]
    return [src]


def _reader(prefix: str) -> Callable[[Path, str], str]:
    try:
        return _READERS[prefix]
    except KeyError:
        raise SourceError(f"the prefix is none of {', '.join(_READERS)}") from None


def _split(rest: str) -> tuple[str, str]:
    """Return the file and the record of "FILE#RECORD"."""
    name, _, record = rest.rpartition("#")
    if not name or not record:
        raise SourceError("expected FILE#RECORD after the prefix")
    return name, record


def _index(record: str) -> int:
    if not record.isdecimal():
        raise SourceError(f"record {record!r} is not a number")
    return int(record)


def _read_cls(checkout: Path, rest: str) -> str:
    """PATH#ID: the content of the record with that id, without tags and entities."""
    path, record = _split(rest)
    contents = _cls_contents(checkout / path)
    if record not in contents:
        raise SourceError(f"no record with the id {record}")
    return html.unescape(_TAG.sub("", contents[record])).strip()


@cache
def _cls_contents(path: Path) -> dict[str, str]:
    with path.open(encoding="utf-8") as lines:
        items = [json.loads(line) for line in lines if line.strip()]
    return {str(item["id"]): item["content"] for item in items}


def _read_eb(checkout: Path, rest: str) -> str:
    """FILE: the article of the page of that name, in whichever folder of pages it lies."""
    pages = _eb_pages(checkout / "webapp" / "view" / "staticpags")
    if rest not in pages:
        raise SourceError("no page of that name")
    match = _EB_ARTICLE.search(pages[rest].read_text(encoding="utf-8"))
    if match is None:
        raise SourceError("the page holds no article")
    return _eb_lines(match["article"]).partition(_EB_DISCLAIMER)[0]


@cache
def _eb_pages(folder: Path) -> dict[str, Path]:
    return {path.name: path for path in sorted(folder.rglob("*.jsp"))}


def _eb_lines(page: str) -> str:
    """Return the lines a reader of the page sees: runs of blanks made one, empty lines left out."""
    broken = _EB_BREAK.sub("\n", _SCRIPT.sub("", page))
    shown = html.unescape(_TAG.sub("", broken))
    lines = (_EB_BLANKS.sub(" ", line).strip() for line in shown.split("\n"))
    return "\n".join(line for line in lines if line)


def _read_fin(checkout: Path, rest: str) -> str:
    """DIGEST: the body, as it stands, whose sha256 begins with those 12 hex digits."""
    bodies = _fin_bodies(checkout / "test_data.csv")
    if rest not in bodies:
        raise SourceError("no body with that digest")
    return bodies[rest]


@cache
def _fin_bodies(path: Path) -> dict[str, str]:
    bodies = [row["正文"] for row in _csv_rows(path)]
    return {hashlib.sha256(body.encode()).hexdigest()[:_FIN_DIGITS]: body for body in bodies}


def _read_xwlb(checkout: Path, rest: str) -> str:
    """YEAR/FILE#NUM: the content of the item of that number, without the broadcaster's lead."""
    path, record = _split(rest)
    contents = _xwlb_contents(checkout / "assets" / path)
    if record not in contents:
        raise SourceError(f"no item {record} with a text")
    text = html.unescape(_TAG.sub("", contents[record].replace("</p>", "\n"))).strip()
    lead = _XWLB_LEAD.match(text)
    return text[lead.end() :].strip() if lead else text


@cache
def _xwlb_contents(path: Path) -> dict[str, str]:
    items = json.loads(path.read_text(encoding="utf-8"))["videoList"]
    details = {str(item["num"]): item.get("video_detail") or {} for item in items}
    return {num: detail["content"] for num, detail in details.items() if detail.get("content")}


def _read_gov(checkout: Path, rest: str) -> str:
    """FILE#LINE: that line of the report's full text, counted from 0, as it stands."""
    name, record = _split(rest)
    lines = _gov_lines(checkout / "output" / "2026_raw_text" / name)
    index = _index(record)
    if index >= len(lines):
        raise SourceError(f"no line {index}; the report has {len(lines)} lines")
    return lines[index]


@cache
def _gov_lines(path: Path) -> list[str]:
    return [line for row in _csv_rows(path) for line in row["full_text"].split("\n")]


def _csv_rows(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8-sig", newline="") as lines:
        return list(csv.DictReader(lines))


def _read_fincuge(checkout: Path, rest: str) -> str:
    """TASK/FILE#INDEX: the text of that record, counted from 0, as it stands."""
    name, record = _split(rest)
    index = _index(record)
    task, _, file = name.rpartition("/")
    if task not in _FINCUGE_COLUMNS:
        raise SourceError(f"the task {task!r} is none of {', '.join(_FINCUGE_COLUMNS)}")
    records = _fincuge_records(checkout / "FinCUGE_Publish" / task / file)
    if index >= len(records):
        raise SourceError(f"no record {index}; {task}/{file} has {len(records)} records")
    found = records[index]
    text: str = found["input"] if isinstance(found, dict) else found[_FINCUGE_COLUMNS[task]]
    return text


@cache
def _fincuge_records(path: Path) -> list[Any]:
    records: list[Any] = json.loads(path.read_text(encoding="utf-8"))
    return records


_READERS: Final[Mapping[str, Callable[[Path, str], str]]] = {
    "cls": _read_cls,
    "eb": _read_eb,
    "fin": _read_fin,
    "xwlb": _read_xwlb,
    "gov": _read_gov,
    "fincuge": _read_fincuge,
}
