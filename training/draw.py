"""A part of annotated documents, to go on training with: `python -m training.draw --help`."""

from pathlib import Path
from random import Random
from typing import Annotated

import typer

from training.commands import run
from zhinvest.documents import read_documents, write_documents


def main(
    annotated: Annotated[Path, typer.Argument(help="JSONL file of annotated documents.")],
    output: Annotated[Path, typer.Option(help="The JSONL file to write.")],
    share: Annotated[float, typer.Option(min=0, max=1, help="Share of the documents to draw.")],
    whole: Annotated[
        list[str] | None,
        typer.Option(help="All documents whose id begins so are taken besides; repeatable."),
    ] = None,
    seed: Annotated[int, typer.Option(help="Draws the documents, each by itself.")] = 0,
) -> None:
    """Write a part of the documents, in their order."""
    documents = read_documents(annotated)
    kept = [
        document
        for document in documents
        if Random(f"draw:{seed}:{document.id}").random() < share
        or document.id.startswith(tuple(whole or ()))
    ]
    write_documents(output, kept)
    typer.echo(f"{output}: {len(kept)} of {len(documents)} documents")


if __name__ == "__main__":
    run(main)
