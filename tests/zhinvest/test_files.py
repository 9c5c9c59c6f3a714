"""Tests of encodings, of the text of HTML pages, and of writing whole or not at all."""

import os
from collections.abc import Iterator
from pathlib import Path
from stat import S_IMODE

import pytest
from hypothesis import given
from hypothesis import strategies as st

from zhinvest.files import FileError, decode, html_text, write_bytes, write_parts, write_text

TEXT = "上海金山：產(chǎn)業(yè)園投資１２.5億元😀\r\n"


# --- encodings ------------------------------------------------------------------------------------


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "gb18030"])
def test_encodings(encoding: str) -> None:
    assert decode(TEXT.encode(encoding)) == TEXT


@pytest.mark.parametrize(
    ("data", "text"),
    [
        (b"", ""),
        (b"\xef\xbb\xbf", ""),
        (b"\xef\xbb\xbf\xef\xbb\xbfa", "\ufeffa"),
        (b"\xfe\xff" + "上海".encode("utf-16-be"), "上海"),
        (b"\xff\xfe" + "上海".encode("utf-16-le"), "上海"),
        ("上海".encode("gbk"), "上海"),
        (b"a\x00b", "a\x00b"),
    ],
)
def test_decode(data: bytes, text: str) -> None:
    assert decode(data) == text


@given(st.text())
def test_utf8_is_read_as_utf8(text: str) -> None:
    assert decode(text.encode()) == text.removeprefix("\ufeff")


@given(st.binary())
def test_any_bytes_are_a_text_or_a_file_error(data: bytes) -> None:
    try:
        text = decode(data)
    except FileError:
        text = ""
    text.encode("utf-8")


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"ab\xff\xff", r"neither UTF-8 \(fault at byte 2\) nor GB18030 \(fault at byte 2\)"),
        ("上海".encode()[:-1], r"neither UTF-8 \(fault at byte 3\) nor GB18030"),
        (b"\xff\xfea", "not valid UTF-16: fault at byte 2"),
        (b"\xff\xfe\x00\xd8", "not valid UTF-16: fault at byte"),
    ],
)
def test_rubbish_bytes(data: bytes, reason: str) -> None:
    with pytest.raises(FileError, match=reason):
        decode(data)


# --- HTML -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("html", "text"),
    [
        ("", ""),
        ("上海", "上海"),
        ("<p>上海</p><p>金山</p>", "上海\n金山"),
        ("上海<br>金山<br/>浦东", "上海\n金山\n浦东"),
        ("上海<hr>金山<DIV>浦东</DIV>", "上海\n金山\n浦东"),
        ("<div>上海<div>金山</div>浦东</div>", "上海\n金山\n浦东"),
        ("<b>上</b><span>海</span>", "上海"),
        ("<ul><li>甲<li>乙</ul>", "甲\n乙"),
        ("<table><tr><td>甲</td><td>乙</td></tr></table>", "甲\n乙"),
        ("<p>  上海 \n\n 金山  </p>", "上海金山"),
        ("<p>总投资\r\n\t五亿元，\n落户（\r金山）。\n</p>\n", "总投资五亿元，落户（金山）。"),
        ("<p>总投资\n5\n亿元 \n GWh\nplant</p>", "总投资 5 亿元 GWh plant"),
        ("<p>上海  金山\u3000浦东\xa0\xa0松江</p>", "上海 金山\u3000浦东\xa0\xa0松江"),
        ("<p><b>上海</b>\n<b>金山</b> \n 5 <i> 亿</i></p>", "上海 金山 5 亿"),
        ("上海\n<!-- 注 -->\n金山", "上海 金山"),
        ("甲\n乙<pre>\n上海\n  5  亿\r\n\n金山</pre>丙\n丁", "甲乙\n上海\n5  亿\n金山\n丙丁"),
        ("<pre><div>甲\n乙</div>丙\n丁", "甲\n乙\n丙\n丁"),
        ("</pre>甲\n乙<template><pre></template>丙\n丁", "甲乙丙丁"),
        ("<select><option>甲</option>\n<option>乙</option></select>", "甲\n乙"),
        ("R&amp;D &lt;5&#20159;&gt; 甲&nbsp;乙", "R&D <5亿> 甲\xa0乙"),
        ("<head><title>题</title></head><body>文</body>", "文"),
        ("<head><title>题</title><body>文", "文"),
        ("<!DOCTYPE html><html><head><meta charset=utf-8><title>t</title><p>文</p></html>", "文"),
        ("<html><head><title>题<b>题</title><link><base><style>x</style>文<br>字", "文\n字"),
        ("<head>\n<noscript><img><p>样</p></noscript><template>样</template>\n<h1>文", "文"),
        ("<head><script>x</script><title/><META><header>文<p>字</head>", "文\n字"),
        ("<title>题</title><p>文", "文"),
        ("<head><head><p>文<head><p>字", "文\n字"),
        ("<head/>文", "文"),
        ("甲<script>if (a < b) { x = '<p>' }</script>乙", "甲乙"),
        ("甲<style>p { color: red }</style>乙", "甲乙"),
        ("甲<noscript>请启用</noscript>乙<template><p>样</p></template>丙", "甲乙丙"),
        ("甲<!-- 注 -->乙<!DOCTYPE html>丙<?php x ?>丁", "甲乙丙丁"),
        ("甲<![if !vml]>乙<![endif]>丙", "甲乙丙"),
        ("甲<![foo[乙]]>丙", "甲丙"),
        ("</p></script>甲</div>", "甲"),
        ("5 < 6 亿 & 更多", "5 < 6 亿 & 更多"),
        ("甲<i>R&D", "甲R&D"),
    ],
)
def test_html_text(html: str, text: str) -> None:
    assert html_text(html) == text


@given(st.text(alphabet="<>/!-[]&;?=\"' apbr上海\n", max_size=30))
def test_any_html_gives_lines_without_blank_edges(html: str) -> None:
    lines = html_text(html).split("\n")
    assert lines == [""] or all(line and line == line.strip() for line in lines)


def test_a_page_of_many_paragraphs_is_read_at_once() -> None:
    """A quadratic reader takes minutes for this page."""
    count = 20_000
    wrapped = "<p>上" + "\n" * count + "<b>" + "海\n 金" * count
    assert html_text(wrapped) == "上 " + "海金" * count
    assert html_text("<p>上<b>海</b></p>" * count) == "\n".join(["上海"] * count)
    assert html_text("<div>" * count + "上海") == "上海"


# --- writing --------------------------------------------------------------------------------------


def test_write_text_makes_folders_and_keeps_line_ends(tmp_path: Path) -> None:
    path = tmp_path / "a" / "b" / "text.txt"
    write_text(path, TEXT)
    assert path.read_bytes() == TEXT.encode()


@pytest.fixture
def umask() -> Iterator[int]:
    """A mask that no machine has of itself, in force while a test runs."""
    before = os.umask(0o027)
    yield 0o027
    os.umask(before)


def mode(path: Path) -> int:
    return S_IMODE(path.stat().st_mode)


def test_a_new_file_has_the_mode_of_any_new_file(tmp_path: Path, umask: int) -> None:
    path = tmp_path / "text.txt"
    write_text(path, TEXT)
    assert mode(path) == 0o666 & ~umask


@pytest.mark.parametrize("kept", [0o600, 0o664, 0o755, 0o444])
def test_a_file_that_is_replaced_keeps_its_mode(tmp_path: Path, umask: int, kept: int) -> None:
    path = tmp_path / "text.txt"
    path.touch()
    path.chmod(kept)
    write_text(path, TEXT)
    assert (mode(path), path.read_bytes()) == (kept, TEXT.encode())


def test_write_replaces(tmp_path: Path) -> None:
    path = tmp_path / "text.txt"
    write_text(path, "a long text")
    write_text(path, "短")
    assert path.read_text(encoding="utf-8") == "短"
    assert list(tmp_path.iterdir()) == [path]


def test_text_that_cannot_be_encoded_leaves_the_file(tmp_path: Path) -> None:
    path = tmp_path / "text.txt"
    write_text(path, "before")
    with pytest.raises(UnicodeEncodeError):
        write_text(path, "\ud800")
    assert path.read_text() == "before"
    assert list(tmp_path.iterdir()) == [path]


def test_failure_while_writing_leaves_no_temporary_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "text.txt"
    write_text(path, "before")

    def fail(self: Path, target: Path) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Path, "replace", fail)
    with pytest.raises(OSError, match="No space left"):
        write_bytes(path, b"after")
    assert path.read_text() == "before"
    assert list(tmp_path.iterdir()) == [path]


def test_a_folder_is_not_replaced(tmp_path: Path) -> None:
    (tmp_path / "folder").mkdir()
    with pytest.raises(IsADirectoryError):
        write_text(tmp_path / "folder", TEXT)
    assert [path.name for path in tmp_path.rglob("*")] == ["folder"]


def test_a_link_is_followed(tmp_path: Path) -> None:
    target, link = tmp_path / "target.txt", tmp_path / "link.txt"
    target.touch()
    link.symlink_to(target)
    write_text(link, TEXT)
    assert link.is_symlink()
    assert target.read_bytes() == TEXT.encode()


def test_a_pipe_is_written_to_not_replaced(tmp_path: Path) -> None:
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    end = os.open(pipe, os.O_RDONLY | os.O_NONBLOCK)
    try:
        write_text(pipe, TEXT)
        assert os.read(end, 1000) == TEXT.encode()
    finally:
        os.close(end)
    assert pipe.is_fifo()


def test_parts_are_written_as_they_come_and_the_file_appears_at_the_end(tmp_path: Path) -> None:
    path = tmp_path / "file.txt"
    seen = []

    def parts() -> Iterator[bytes]:
        for part in (b"one\n" * 5000, b"two\n"):
            yield part
            seen.append((path.exists(), max(file.stat().st_size for file in tmp_path.iterdir())))

    write_parts(path, parts())
    assert not any(exists for exists, _ in seen)
    assert seen[0][1] > 0
    assert path.read_bytes() == b"one\n" * 5000 + b"two\n"


def test_a_part_that_fails_leaves_the_old_file_and_no_other(tmp_path: Path) -> None:
    path = tmp_path / "file.txt"
    write_text(path, "before")

    def parts() -> Iterator[bytes]:
        yield b"after"
        raise RuntimeError("no more")

    with pytest.raises(RuntimeError, match="no more"):
        write_parts(path, parts())
    assert path.read_text() == "before"
    assert [*tmp_path.iterdir()] == [path]
