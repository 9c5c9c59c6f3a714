"""Files in and out: encodings recognised, text taken out of HTML, nothing half written."""

import codecs
import os
import re
import tempfile
from html.parser import HTMLParser
from pathlib import Path
from typing import Final

_BREAKING_TAGS: Final = {
    *("address", "article", "aside", "blockquote", "br", "dd", "div", "dl", "dt", "figcaption"),
    *("figure", "footer", "form", "h1", "h2", "h3", "h4", "h5", "h6", "header", "hr", "li"),
    *("main", "nav", "ol", "p", "pre", "section", "table", "td", "th", "tr", "ul"),
}
_UNSEEN_TAGS: Final = {"head", "noscript", "script", "style", "template"}
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
    """Return the text that a browser would show of `html`, one line for each block."""
    parser = _PageParser()
    parser.feed(html)
    parser.close()
    lines = (line.strip() for line in "".join(parser.parts).splitlines())
    return "\n".join(line for line in lines if line)


class _PageParser(HTMLParser):
    """Collects the text that is seen, with a line break at both ends of a block."""

    def __init__(self) -> None:
        super().__init__()
        self.parts: list[str] = []
        self._unseen: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag == "body":
            self._unseen.clear()  # a page may leave </head> out
        if tag in _UNSEEN_TAGS:
            self._unseen.append(tag)
        self._break_at(tag)

    def handle_endtag(self, tag: str) -> None:
        if tag in self._unseen:
            del self._unseen[self._unseen.index(tag) :]
        self._break_at(tag)

    def handle_data(self, data: str) -> None:
        if not self._unseen:
            self.parts.append(data)

    def _break_at(self, tag: str) -> None:
        if tag in _BREAKING_TAGS and not self._unseen:
            self.parts.append("\n")

    def parse_marked_section(self, i: int, report: bool = True) -> int:
        """Skip `<![...]>`, which browsers read as a comment and the base class may refuse."""
        return self.parse_bogus_comment(i)


def write_text(path: Path, text: str) -> None:
    """Write `text` as UTF-8 to `path`, whole or not at all; line ends stay as they are."""
    write_bytes(path, text.encode("utf-8"))


def write_bytes(path: Path, data: bytes) -> None:
    """Write `data` to `path` through a temporary file beside it, so that it is whole or absent.

    A link is followed; what is no regular file (a device, a pipe) is written to, not replaced.
    """
    if path.exists() and not path.is_file():
        path.write_bytes(data)
        return
    path = path.resolve()
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(data)
        Path(name).chmod(0o644)
        Path(name).replace(path)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise
