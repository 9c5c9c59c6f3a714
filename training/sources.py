"""Public archives of news, and their texts: `python -m training.sources --help`.

The address of a text is ``PREFIX:REST``. Each prefix names one repository and one reader; the
reader applies the clean-up under which the sha256 and the offsets of documents were recorded.
"""

import csv
import hashlib
import html
import json
import os
import re
import subprocess
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import asdict, dataclass
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Annotated, Any, Final

import typer

from training.commands import run
from zhinvest.documents import write_rows

app = typer.Typer(no_args_is_help=True, pretty_exceptions_enable=False)

_TAG: Final = re.compile(r"<[^>]*>")
_SCRIPT: Final = re.compile(r"<script.*?</script>", re.DOTALL | re.IGNORECASE)
_NO_LETTER: Final = re.compile(r"\W+")

_CLS_FOLDERS: Final = ("data", "sources")
_CLS_LAST_DAY: Final = "2026-07-09"

_EB_FOLDER: Final = Path("webapp", "view", "staticpags")
_EB_DATE: Final = re.compile(r"发布时间：(\d{4}-\d\d-\d\d)")
_EB_TITLE: Final = re.compile(r"<title>(.*?)- 【阳光易购】")
_EB_BREAK: Final = re.compile(r"<br\s*/?>|</p>", re.IGNORECASE)
_EB_BLANKS: Final = re.compile(r"[ \t\u00a0\u3000]+")
# A publisher that ends in "-" is a blank form field; any other is the first line of the text.
_EB_ARTICLE: Final = re.compile(r"发布人：(?:[^<]*-\s*</span>)?(?P<article>.*)", re.DOTALL)
_EB_DISCLAIMER: Final = "\n免责声明"

_XWLB_LEAD: Final = re.compile(r"央视网消息[（(]新闻联播[）)]：?")
_XWLB_FIRST_YEAR: Final = "2017"

_GOV_FOLDER: Final = Path("output", "2026_raw_text")
_GOV_REPORTS: Final = "*_政府工作报告.csv"
_GOV_DOMAIN: Final = re.compile("亿元|投资|开工|投产")
_GOV_MENTIONS: Final = 2

_FIN_DIGITS: Final = 12

# The tasks, and the column that holds the text where their records are lists.
_FINCUGE_COLUMNS: Final[Mapping[str, int]] = {"finna": 1, "finnl": 0, "finqa": 0}


class SourceError(ValueError):
    """An address or archive that cannot be had: malformed, absent, or not to be fetched."""


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


@dataclass(frozen=True)
class Record:
    """A text of an archive: id is its address, date and title are empty where none is given."""

    id: str
    date: str
    title: str
    text: str


@dataclass(frozen=True)
class Choice:
    """Which texts of an archive are unlabelled news to train on.

    records gives the texts of a checkout, shortest is the least number of characters; of texts
    whose first `opening` letters and digits are the same, the first is taken.
    """

    records: Callable[[Path], Iterable[Record]]
    shortest: int
    opening: int


@app.command()
def fetch(
    output: Annotated[Path, typer.Option(help="Folder to hold a checkout for each source.")],
    only: Annotated[
        list[str] | None, typer.Option(help="Fetch this source alone: cls, eb ...; repeatable.")
    ] = None,
) -> None:
    """Fetch the sources at their commits, each whole or not at all, unless they are there."""
    if unknown := [name for name in only or () if name not in SOURCES]:
        raise typer.BadParameter(f"{', '.join(unknown)}: none of {', '.join(SOURCES)}")
    for name in only or SOURCES:
        source, checkout = SOURCES[name], output / name
        if _commit(checkout) == source.commit:
            typer.echo(f"{checkout}: at {source.commit} already")
            continue
        typer.echo(f"{checkout}: fetching {source.address} at {source.commit}")
        try:
            _fetch(source, checkout)
        except SourceError as error:
            typer.echo(f"{name}: {error}", err=True)
            raise typer.Exit(1) from error


@app.command()
def texts(
    sources: Annotated[Path, typer.Argument(help="Folder with checkouts: cls, eb, gov, xwlb.")],
    output: Annotated[Path, typer.Option(help="Folder of the JSONL files to write.")],
) -> None:
    """Write the unlabelled news: rows of id (the address), date, title and text."""
    checkouts = {name: sources / name for name in _UNLABELLED}
    if missing := [str(path) for path in checkouts.values() if not path.is_dir()]:
        typer.echo(f"not found: {', '.join(missing)}", err=True)
        raise typer.Exit(1)
    for name, checkout in checkouts.items():
        rows = [asdict(record) for record in unlabelled(name, checkout)]
        if not rows:
            typer.echo(f"{checkout}: no texts", err=True)
            raise typer.Exit(1)
        write_rows(output / f"{name}.jsonl", rows)
        typer.echo(f"{output / name}.jsonl: {len(rows)} texts")


def unlabelled(name: str, checkout: Path) -> Iterator[Record]:
    """Yield the unlabelled news of the archive `name`, each with the text of `source_text`."""
    choice = _UNLABELLED[name]
    seen: set[str] = set()
    for record in choice.records(checkout):
        opening = _NO_LETTER.sub("", record.text)[: choice.opening]
        if len(record.text) >= choice.shortest and opening not in seen:
            seen.add(opening)
            yield record


def _fetch(source: Source, checkout: Path) -> None:
    """Put the commit of `source` into `checkout`, in place of another commit.

    Raises SourceError with git's message, or if `checkout` is there and no git repository.
    """
    if checkout.exists() and _commit(checkout) is None:
        raise SourceError(f"{checkout} is there, and no checkout of a commit: move it away")
    checkout.parent.mkdir(parents=True, exist_ok=True)
    with TemporaryDirectory(prefix=f".{checkout.name}.", dir=checkout.parent) as beside:
        new, old = Path(beside, "new"), Path(beside, "old")
        _git("init", "--quiet", new)
        _git("-C", new, "fetch", "--quiet", "--depth", "1", source.address, source.commit)
        # The hashes are of the texts as committed, whatever line ends the user prefers.
        _git("-C", new, "-c", "core.autocrlf=false", "checkout", "--quiet", source.commit)
        if checkout.exists():
            checkout.rename(old)
        new.rename(checkout)


def _commit(checkout: Path) -> str | None:
    """Return the commit that lies in `checkout`, None where there is none."""
    try:
        return _git("--git-dir", checkout / ".git", "rev-parse", "--verify", "HEAD")
    except SourceError:
        return None


def _git(*arguments: str | Path) -> str:
    """Run git, which is not to ask for a password; raises SourceError with its message."""
    environment = os.environ | {"GIT_TERMINAL_PROMPT": "0"}
    try:
        done = subprocess.run(
            ["git", *arguments], env=environment, capture_output=True, text=True, check=True
        )
    except FileNotFoundError as error:
        raise SourceError("git is not installed") from error
    except subprocess.CalledProcessError as error:
        raise SourceError(error.stderr.strip()) from error
    return done.stdout.strip()


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
    items = _cls_items(checkout / path)
    if record not in items:
        raise SourceError(f"no record with the id {record}")
    return _cls_text(items[record])


def _cls_records(checkout: Path) -> Iterator[Record]:
    """The flashes of the days that were read, folder by folder."""
    paths = (path for name in _CLS_FOLDERS for path in sorted((checkout / name).rglob("*.jsonl")))
    for path in paths:
        if path.stem > _CLS_LAST_DAY:
            continue
        prefix = f"cls:{path.relative_to(checkout).as_posix()}"
        for record, item in _cls_items(path).items():
            yield Record(f"{prefix}#{record}", item["date"], item["title"], _cls_text(item))


def _cls_text(item: Mapping[str, str]) -> str:
    return html.unescape(_TAG.sub("", item["content"])).strip()


@cache
def _cls_items(path: Path) -> dict[str, dict[str, str]]:
    with path.open(encoding="utf-8") as lines:
        items = [json.loads(line) for line in lines if line.strip()]
    kept = ("date", "title", "content")
    return {str(item["id"]): {key: item.get(key) or "" for key in kept} for item in items}


def _read_eb(checkout: Path, rest: str) -> str:
    """FILE: the article of the page of that name, in whichever folder of pages it lies."""
    pages = _eb_pages(checkout / _EB_FOLDER)
    if rest not in pages:
        raise SourceError("no page of that name")
    article = _eb_article(pages[rest].read_text(encoding="utf-8"))
    if article is None:
        raise SourceError("the page holds no article")
    return article


def _eb_records(checkout: Path) -> Iterator[Record]:
    """The pages that hold an article."""
    for name, path in _eb_pages(checkout / _EB_FOLDER).items():
        page = path.read_text(encoding="utf-8")
        article = _eb_article(page)
        if article is not None:
            date, title = (pattern.search(page) for pattern in (_EB_DATE, _EB_TITLE))
            yield Record(f"eb:{name}", date[1] if date else "", title[1] if title else "", article)


def _eb_article(page: str) -> str | None:
    match = _EB_ARTICLE.search(page)
    return _eb_lines(match["article"]).partition(_EB_DISCLAIMER)[0] if match else None


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
    return _xwlb_text(contents[record])


def _xwlb_records(checkout: Path) -> Iterator[Record]:
    """The items of the years that were read."""
    for path in sorted((checkout / "assets").glob("*/*.json")):
        year = path.parent.name
        if year >= _XWLB_FIRST_YEAR:
            for num, content in _xwlb_contents(path).items():
                yield Record(f"xwlb:{year}/{path.name}#{num}", year, "", _xwlb_text(content))


def _xwlb_text(content: str) -> str:
    text = html.unescape(_TAG.sub("", content.replace("</p>", "\n"))).strip()
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
    lines = _gov_lines(checkout / _GOV_FOLDER / name)
    index = _index(record)
    if index >= len(lines):
        raise SourceError(f"no line {index}; the report has {len(lines)} lines")
    return lines[index]


def _gov_records(checkout: Path) -> Iterator[Record]:
    """The paragraphs on investment: words of the domain come twice or more."""
    for path in sorted((checkout / _GOV_FOLDER).glob(_GOV_REPORTS)):
        year = path.name.partition("_")[0]
        for number, line in enumerate(_gov_lines(path)):
            if len(_GOV_DOMAIN.findall(line)) >= _GOV_MENTIONS:
                yield Record(f"gov:{path.name}#{number}", year, "", line)


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

_UNLABELLED: Final[Mapping[str, Choice]] = {
    "cls": Choice(_cls_records, shortest=40, opening=100),
    "eb": Choice(_eb_records, shortest=40, opening=80),
    "gov": Choice(_gov_records, shortest=120, opening=80),
    "xwlb": Choice(_xwlb_records, shortest=80, opening=80),
}
"""Of the 110,897 texts the released pipelines have read, these rules give 110,841, and 219 more."""


if __name__ == "__main__":
    run(app)
