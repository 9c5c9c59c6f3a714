"""How far two annotators agree: `python -m training.agreement --help`."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Any

import typer
from sklearn.metrics import cohen_kappa_score

from training.commands import run
from zhinvest.documents import CorpusError, Document, read_documents
from zhinvest.files import write_text
from zhinvest.scorer import count_spans, total


def main(
    first: Annotated[Path, typer.Argument(help="JSONL of one annotator.")],
    second: Annotated[Path, typer.Argument(help="JSONL of the other, over the same articles.")],
    output: Annotated[Path | None, typer.Option(help="Write the figures here as JSON.")] = None,
) -> None:
    """Print strict F1 for each label and Cohen's kappa over characters."""
    figures = json.dumps(agreement(read_documents(first), read_documents(second)), indent=2)
    if output:
        write_text(output, figures + "\n")
    typer.echo(figures)


def agreement(first: Sequence[Document], second: Sequence[Document]) -> dict[str, Any]:
    """Return `f1` (per label and micro), `spans` of either annotator, and `kappa`.

    Kappa is Cohen's, over the characters' tags (B-, I- and label, or O).

    Raises:
        CorpusError: the two do not hold the same articles with the same texts.
    """
    pairs = _pairs(first, second)
    totals = total([count_spans(a.ents, b.ents) for a, b in pairs])
    tags_a = [tag for a, _ in pairs for tag in character_tags(a)]
    tags_b = [tag for _, b in pairs for tag in character_tags(b)]
    return {
        "articles": len(pairs),
        "f1": {label: round(counts.f1, 4) for label, counts in totals.items()},
        "spans": {label: [counts.gold, counts.predicted] for label, counts in totals.items()},
        "kappa": round(float(cohen_kappa_score(tags_a, tags_b)), 4),
    }


def character_tags(document: Document) -> list[str]:
    """Return one tag for each character: `B-ORG`, `I-ORG` and so on, or `O`."""
    tags = ["O"] * len(document.text)
    for start, end, label in document.ents:
        tags[start:end] = [f"B-{label}", *[f"I-{label}"] * (end - start - 1)]
    return tags


def _pairs(
    first: Sequence[Document], second: Sequence[Document]
) -> list[tuple[Document, Document]]:
    others = {document.id: document for document in second}
    problems = [f"{d.id}: in one annotation only" for d in first if d.id not in others]
    problems += [f"{i}: in one annotation only" for i in others.keys() - {d.id for d in first}]
    pairs = [(document, others[document.id]) for document in first if document.id in others]
    problems += [f"{a.id}: the texts differ" for a, b in pairs if a.text != b.text]
    if problems:
        raise CorpusError(problems)
    return pairs


if __name__ == "__main__":
    run(main)
