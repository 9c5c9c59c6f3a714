"""Take the tok2vec weights out of a trained pipeline: `python -m training.tok2vec --help`.

The file is what `spacy pretrain` writes: a config's `[initialize] init_tok2vec` reads it.
"""

from pathlib import Path
from typing import Annotated

import spacy
import typer

from training.commands import run
from zhinvest.files import write_bytes


def main(
    pipeline: Annotated[Path, typer.Argument(help="Folder of a trained pipeline.")],
    output: Annotated[Path, typer.Option(help="The file to write.")],
) -> None:
    """Write the weights of the component `tok2vec` to a file."""
    nlp = spacy.load(pipeline, exclude=["ner", "words", "sentencizer"])
    tok2vec = nlp.get_pipe("tok2vec")
    write_bytes(output, tok2vec.model.to_bytes())  # type: ignore[attr-defined]


if __name__ == "__main__":
    run(main)
