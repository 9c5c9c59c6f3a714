"""Tests of laying out the assets from a folder that holds them."""

import lzma
from pathlib import Path
from zipfile import ZipFile

import pytest
import typer
from click.testing import Result
from typer.testing import CliRunner

from training.assets import COPIES, MSRA, main
from training.public import read_msra

PACKED = {
    MSRA: "青\tB-ORG\n川\tI-ORG\n\n晋\tB-LOC\n",
    "unlabelled/cls.jsonl.xz": '{"text": "甲"}\n',
    "unlabelled/eb.jsonl.xz": '{"text": "乙"}\n',
}


@pytest.fixture
def shared(tmp_path: Path) -> Path:
    """A folder with a made-up file for every asset."""
    folder = tmp_path / "shared"
    contents = {name: f"内容 {name}\n".encode() for name in COPIES.values()}
    contents |= {name: lzma.compress(text.encode()) for name, text in PACKED.items()}
    for name, content in contents.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(content)
    return folder


def assets(shared: Path, output: Path) -> Result:
    app = typer.Typer()
    app.command()(main)
    return CliRunner().invoke(app, ["--shared", str(shared), "--output", str(output)])


def files(folder: Path) -> set[str]:
    return {str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file()}


def test_every_asset_is_laid_out(shared: Path, tmp_path: Path) -> None:
    output = tmp_path / "assets"
    result = assets(shared, output)
    assert result.exit_code == 0, result.output
    assert files(output) == {*COPIES, "dh_msra.zip", "texts/cls.jsonl", "texts/eb.jsonl"}
    for target, source in COPIES.items():
        assert (output / target).read_bytes() == (shared / source).read_bytes()
    assert (output / "texts/eb.jsonl").read_text(encoding="utf-8") == '{"text": "乙"}\n'


def test_msra_becomes_the_archive_that_is_fetched_elsewhere(shared: Path, tmp_path: Path) -> None:
    assets(shared, tmp_path / "assets")
    with ZipFile(tmp_path / "assets" / "dh_msra.zip") as archive:
        assert archive.namelist() == ["dh_msra.txt"]
    documents = list(read_msra(tmp_path / "assets" / "dh_msra.zip"))
    assert [(d.text, d.ents) for d in documents] == [
        ("青川", [(0, 2, "ORG")]),
        ("晋", [(0, 1, "PLACE")]),
    ]


@pytest.mark.parametrize("missing", [MSRA, *COPIES.values()])
def test_what_is_missing_is_named_and_nothing_is_written(
    shared: Path, tmp_path: Path, missing: str
) -> None:
    (shared / missing).unlink()
    result = assets(shared, tmp_path / "assets")
    assert result.exit_code == 1
    assert result.output == f"not found: {shared / missing}\n"
    assert not (tmp_path / "assets").exists()


def test_the_unlabelled_texts_may_be_missing(shared: Path, tmp_path: Path) -> None:
    for path in shared.glob("unlabelled/*"):
        path.unlink()
    assert assets(shared, tmp_path / "assets").exit_code == 0
    assert files(tmp_path / "assets") == {*COPIES, "dh_msra.zip"}
