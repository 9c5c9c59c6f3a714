"""Train and measure the word segmentation model: `python -m training.segmenter --help`."""

import json
import random
import tempfile
from collections.abc import Iterable, Sequence
from contextlib import chdir
from itertools import accumulate
from pathlib import Path
from typing import Annotated, Any

import numpy as np
import spacy_pkuseg
import typer

from training.commands import run
from training.public import read_uner_words
from zhinvest.files import write_text
from zhinvest.normalise import normalise
from zhinvest.scorer import Counts

app = typer.Typer(no_args_is_help=True, pretty_exceptions_enable=False)
Words = Annotated[list[Path], typer.Argument(help="UNER files (IOB2): their words are used.")]


@app.command()
def train(
    words: Words,
    output: Annotated[Path, typer.Option(help="Folder for the pkuseg model.")],
    test: Annotated[Path, typer.Option(help="UNER file on which pkuseg reports its progress.")],
    iterations: Annotated[int, typer.Option(help="Passes over the sentences.")] = 20,
) -> None:
    """Train a spacy-pkuseg model on the words of UNER files, in their normalised form."""
    sentences = [sentence for path in words for sentence in read_uner_words(path)]
    output = output.resolve()
    with tempfile.TemporaryDirectory() as folder:
        train_file = _write_sentences(Path(folder) / "train.txt", sentences)
        test_file = _write_sentences(Path(folder) / "test.txt", read_uner_words(test))
        random.seed(0)  # pkuseg shuffles the sentences by Python's generator
        with chdir(folder):  # pkuseg leaves its temporary files in the current folder
            spacy_pkuseg.train(str(train_file), str(test_file), str(output), train_iter=iterations)
    round_weights(output / "weights.npz")


def round_weights(path: Path, decimals: int = 2) -> None:
    """Round the weights of a pkuseg model and compress them: a fifth of the size, the same F1."""
    with np.load(path) as arrays:
        sizes, weights = arrays["sizes"], arrays["w"]
    np.savez_compressed(path, sizes=sizes, w=weights.round(decimals))


@app.command()
def evaluate(
    model: Annotated[Path, typer.Argument(help="Folder of a pkuseg model.")],
    words: Words,
    output: Annotated[Path | None, typer.Option(help="Write the scores here as JSON.")] = None,
) -> None:
    """Print word segmentation precision, recall and F1 of a model on UNER files."""
    segmenter = spacy_pkuseg.pkuseg(str(model), user_dict=None)
    sentences = [_normalised(sentence) for path in words for sentence in read_uner_words(path)]
    counts = score_segmentation(segmenter, sentences)
    scores = {"p": counts.precision, "r": counts.recall, "f": counts.f1, "support": counts.gold}
    if output:
        write_text(output, json.dumps(scores, indent=2) + "\n")
    typer.echo(json.dumps(scores))


def score_segmentation(segmenter: Any, sentences: Iterable[Sequence[str]]) -> Counts:
    """Compare the segmenter's words with the given ones; a word counts by both its ends."""
    result = Counts()
    for words in sentences:
        gold, found = _ends(words), _ends(segmenter.cut("".join(words)))
        result += Counts(len(gold & found), len(found), len(gold))
    return result


def _ends(words: Sequence[str]) -> set[tuple[int, int]]:
    ends = list(accumulate(map(len, words)))
    return set(zip([0, *ends], ends, strict=False))


def _normalised(sentence: Iterable[str]) -> list[str]:
    return ["".join(normalise(word).split()) for word in sentence if word.strip()]


def _write_sentences(path: Path, sentences: Iterable[Iterable[str]]) -> Path:
    write_text(path, "".join(" ".join(_normalised(s)) + "\n" for s in sentences))
    return path


if __name__ == "__main__":
    run(app)
