"""Files in and out: encodings recognised, text taken out of HTML, nothing half written."""

import codecs
import re
from collections.abc import Iterable
from html.parser import HTMLParser
from pathlib import Path
from secrets import token_hex
from stat import S_IMODE
from typing import Final

from zhinvest.normalise import HAN

_BREAKING_TAGS: Final = {
    *("address", "article", "aside", "blockquote", "body", "br", "caption", "center", "dd"),
    *("details", "dialog", "div", "dl", "dt", "fieldset", "figcaption", "figure", "footer", "form"),
    *("h1", "h2", "h3", "h4", "h5", "h6", "header", "hgroup", "hr", "legend", "li", "main", "menu"),
    *("nav", "ol", "optgroup", "option", "p", "pre", "search", "section", "summary", "table"),
    *("td", "th", "tr", "ul"),
}
_UNSEEN_TAGS: Final = {"head", "noscript", "script", "style", "template", "title"}
_HEAD_TAGS: Final = {"base", "basefont", "bgsound", "html", "link", "meta", *_UNSEEN_TAGS}
"""What may stand in a head: HTML Living Standard, 13.2.6.4.4."""

_WIDE: Final = rf"(?:{HAN}|[\u3001-\u303f\uff01-\uff60])"
_WRAPPED: Final = re.compile(rf"(?<={_WIDE})[ \t\f]*[\r\n][ \t\f\r\n]*(?={_WIDE})")
"""A line break within Chinese text, with the blanks around it."""

_BLANKS: Final = re.compile(r"[ \t\f\r\n]+")
_UNSHOWN: Final = dict.fromkeys(
    [*range(9), 11, 12, *range(14, 32), 127, *range(0xD800, 0xE000)], "\ufffd"
)
_SURROGATE: Final = re.compile("[\ud800-\udfff]")


class FileError(ValueError):
    """A file whose content cannot be read; the message gives the reason."""


def decode(data: bytes) -> str:
    """Decode UTF-8 (with or without byte-order mark), UTF-16 with its mark, or GB18030.

    Raises:
        FileError: neither encoding fits; the message gives the position of the first fault.
    """
    if data.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return _decode_strictly(data, "utf-16")
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as utf8_error:
        try:
            return data.decode("gb18030")
        except UnicodeDecodeError as error:
            raise FileError(
                f"neither UTF-8 (fault at byte {utf8_error.start}) "
                f"nor GB18030 (fault at byte {error.start})"
            ) from error


def _decode_strictly(data: bytes, encoding: str) -> str:
    try:
        return data.decode(encoding)
    except UnicodeDecodeError as error:
        raise FileError(f"not valid {encoding.upper()}: fault at byte {error.start}") from error


def without_surrogates(text: str) -> str:
    """Return `text` with every lone surrogate, which no encoding carries, as U+FFFD."""
    return _SURROGATE.sub("\ufffd", text)


def shown(text: str) -> str:
    """Return `text`, as long as it was, without control characters and lone surrogates."""
    return text.translate(_UNSHOWN)


def html_text(html: str) -> str:
    """Return the text that a browser would show of `html`, one line for each block.

    White space within a block is one blank, except in `pre`. A line break between two Han
    characters or full-width marks of one running text is nothing: browsers may show a blank there,
    but the text was only wrapped. Between two elements it stays a blank, for it may part two names.
    """
    parser = _PageParser()
    parser.feed(html)
    parser.close()
    parser.end_block()
    return "\n".join(parser.lines)


class _PageParser(HTMLParser):
    """Collects the lines that are seen: one for each block, those of `pre` as they are."""

    def __init__(self) -> None:
        super().__init__()
        self.lines: list[str] = []
        self._block: list[str] = []
        self._unseen: list[str] = []
        self._in_pre = False

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag == "body":
            self._unseen.clear()  # whatever the head left open
        elif tag not in _HEAD_TAGS:
            self._end_head()
        if tag in _UNSEEN_TAGS:
            self._unseen.append(tag)
        self._break_at(tag, in_pre=True)

    def handle_endtag(self, tag: str) -> None:
        if tag in self._unseen:
            del self._unseen[self._unseen.index(tag) :]
        self._break_at(tag, in_pre=False)

    def handle_data(self, data: str) -> None:
        if data.strip():
            self._end_head()
        if not self._unseen:
            self._block.append(data if self._in_pre else _WRAPPED.sub("", data))

    def end_block(self) -> None:
        """Add what was read since the last block to the lines."""
        text = "".join(self._block)
        self._block.clear()
        lines = text.splitlines() if self._in_pre else [_BLANKS.sub(" ", text)]
        self.lines += filter(None, map(str.strip, lines))

    def _end_head(self) -> None:
        """End the head at what cannot stand in it, for a page may leave </head> out."""
        if {*self._unseen} == {"head"}:
            self._unseen.clear()

    def _break_at(self, tag: str, *, in_pre: bool) -> None:
        if tag in _BREAKING_TAGS and not self._unseen:
            self.end_block()
            if tag == "pre":
                self._in_pre = in_pre

    def parse_marked_section(self, i: int, report: bool = True) -> int:
        """Skip `<![...]>`, which browsers read as a comment and the base class may refuse."""
        return self.parse_bogus_comment(i)


def write_text(path: Path, text: str) -> None:
    """Write `text` as UTF-8 to `path`, whole or not at all; line ends stay as they are."""
    write_bytes(path, text.encode("utf-8"))


def write_bytes(path: Path, data: bytes) -> None:
    """Write `data` to `path` as `write_parts` does."""
    write_parts(path, [data])


def write_parts(path: Path, parts: Iterable[bytes]) -> None:
    """Write `parts` to `path` as they come, through a temporary file, so that all is there or none.

    A link is followed; what is no regular file (a device, a pipe) is written to, not replaced.
    A file that is replaced keeps its mode; a new one has the mode of any new file.
    """
    if path.exists() and not path.is_file():
        with path.open("wb") as file:
            file.writelines(parts)
        return
    path = path.resolve()
    path.parent.mkdir(parents=True, exist_ok=True)
    beside = path.with_name(f".{path.name}.{token_hex(4)}")
    try:
        with beside.open("xb") as file:
            if path.exists():
                beside.chmod(S_IMODE(path.stat().st_mode))
            file.writelines(parts)
        beside.replace(path)
    except BaseException:
        beside.unlink(missing_ok=True)
        raise
