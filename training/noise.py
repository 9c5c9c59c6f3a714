"""Noise as real articles carry it, put into annotated ones: `python -m training.noise --help`.

`corpus/noised.jsonl` is built from `corpus/articles.jsonl` by `apply` and published beside it;
training reads copies made by `vary`. The same noise while training is `zhinvest.noise.v1`
(`spacy train --code training/noise.py`).
"""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from functools import partial
from itertools import groupby, zip_longest
from pathlib import Path
from random import Random
from typing import Annotated, Final

import spacy
import typer
from spacy.language import Language
from spacy.tokens import Doc
from spacy.tokens import Span as DocSpan
from spacy.training import Example
from spacy.util import registry

from training.commands import run
from training.convert import CHARACTERS, lost_entities
from training.furniture import advertise, furnish
from training.rewording import reword
from training.script import USAGES, convert, gloss
from training.typography import tag, widen, wrap
from zhinvest.cli import BESIDES, load_pipeline
from zhinvest.documents import CorpusError, Document, read_documents, write_documents
from zhinvest.evaluation.scores import evaluate
from zhinvest.scorer import MICRO, Span

Noise = Callable[[Document, Random], Document]
"""Returns its document noised, the entities carried along."""

NOISES: Final[Mapping[str, Noise]] = {
    "reword": reword,
    "furniture": furnish,
    "advert": advertise,
    **{script: partial(convert, script=script) for script in USAGES},
    "width": widen,
    "gloss": gloss,
    "tags": tag,
    "breaks": wrap,
}
"""All kinds, in the order in which they are put on: the later find what the earlier did."""

SUFFIX: Final = "-noised"
"""What the id of a noised article has behind that of its source."""

RECIPES: Final[Sequence[tuple[tuple[str, ...], int]]] = (
    (("hant-cn",), 4),
    (("hant-cn", "gloss"), 6),
    (("hant-cn", "gloss", "furniture", "tags"), 5),
    (("hant-cn", "gloss", "advert", "breaks"), 5),
    (("hant-tw",), 6),
    (("hant-tw", "furniture", "width"), 4),
    (("hant-hk",), 5),
    (("hant-hk", "advert", "breaks"), 3),
    (("tags", "breaks"), 4),
    (("tags", "width", "furniture"), 5),
    (("breaks", "width", "advert"), 5),
    (("furniture", "advert"), 6),
    (("furniture", "tags", "breaks"), 5),
    (("advert", "tags", "width"), 4),
    (("reword",), 18),
    (("reword", "furniture"), 6),
    (("reword", "advert", "breaks"), 4),
    (("reword", "tags", "width"), 4),
)
"""Kinds, and number of articles of the corpus that are noised by them."""

_SIMPLIFIED: Final = "hans"
SHORTEST: Final = 350
"""An article with fewer characters would be little but furniture and advertising."""

_MISSING: Final = "missing"
_MOST_KINDS: Final = 3

app = typer.Typer(no_args_is_help=True, pretty_exceptions_enable=False)


@app.command()
def apply(
    articles: Annotated[Path, typer.Argument(help="JSONL file of clean articles.")],
    output: Annotated[Path, typer.Option(help="The JSONL file of noised articles to write.")],
    seed: Annotated[int, typer.Option(help="Chooses articles and noise.")] = 0,
) -> None:
    """Noise some of the articles, chosen over all kinds of articles."""
    forms = noised_articles(read_documents(articles), seed)
    write_documents(output, forms)
    scripts = Counter(document.meta["script"] for document in forms)
    noises = Counter(noise for document in forms for noise in document.meta["noise"])
    typer.echo(f"{output}: {len(forms)} articles; {_shown(scripts)}; {_shown(noises)}")


@app.command()
def vary(
    annotated: Annotated[list[Path], typer.Argument(help="JSONL files of annotated documents.")],
    output: Annotated[Path, typer.Option(help="The JSONL file of noised copies to write.")],
    share: Annotated[float, typer.Option(help="Share of the documents that get a copy.")] = 0.6,
    seed: Annotated[int, typer.Option(help="Chooses documents and noise.")] = 0,
) -> None:
    """Write noised copies of a share of the documents, to be trained on beside them."""
    documents = [document for path in annotated for document in read_documents(path)]
    copies = noised_copies(documents, share, seed)
    write_documents(output, copies)
    typer.echo(f"{output}: copies of {len(copies)} of {len(documents)} documents")


@app.command()
def cost(
    model: Annotated[str, typer.Argument(help="Name or folder of a pipeline.")],
    gold: Annotated[Path, typer.Argument(help="JSONL file of clean annotated articles.")],
    seed: Annotated[int, typer.Option(help="Chooses the noise.")] = 0,
) -> None:
    """Measure a pipeline on clean articles and on the same articles with each kind of noise.

    Furniture and advertising bring entities of their own, most of them easy.
    """
    nlp, articles = load_pipeline(model, exclude=BESIDES), read_documents(gold)
    clean = evaluate(nlp, articles)[MICRO].f
    typer.echo(f"clean      {clean:.3f}")
    for kind in NOISES:
        copies = [noised(article, {kind}, Random(f"{seed}:{article.id}")) for article in articles]
        f = evaluate(nlp, copies)[MICRO].f
        typer.echo(f"{kind:<10} {f:.3f} {f - clean:+.3f}")


def _shown(counts: Counter[str]) -> str:
    return ", ".join(f"{key} {count}" for key, count in sorted(counts.items()))


def noised(document: Document, kinds: Iterable[str], rng: Random) -> Document:
    """Return `document` with noise of these kinds.

    Glosses stand behind traditional characters: without a script they come with that of the
    mainland.

    Raises:
        ValueError: a kind is not known, or there are two scripts.
    """
    chosen = checked(kinds)
    scripts = chosen & USAGES.keys()
    if len(scripts) > 1:
        raise ValueError(f"one script at most, found {sorted(scripts)}")
    if "gloss" in chosen and not scripts:
        chosen |= {"hant-cn"}
    for kind, noise in NOISES.items():
        if kind in chosen:
            document = noise(document, rng)
    return document


def checked(kinds: Iterable[str]) -> set[str]:
    """Return `kinds` as a set.

    Raises:
        ValueError: one is not known.
    """
    chosen = set(kinds)
    if unknown := chosen - NOISES.keys():
        raise ValueError(f"unknown noise {sorted(unknown)}, known are {list(NOISES)}")
    return chosen


def noised_articles(documents: Sequence[Document], seed: int = 0) -> list[Document]:
    """Return noised forms of some `documents`, by RECIPES, in the order of their sources.

    The choice depends on `seed`, ids, kinds, scripts and on which articles are long enough, the
    noise on `seed` and the article alone: editing one article changes one noised article.

    Raises:
        CorpusError: there are fewer simplified articles than RECIPES asks for.
    """
    rng = Random(seed)
    recipes = [kinds for kinds, count in RECIPES for _ in range(count)]
    rng.shuffle(recipes)
    chosen = _by_turns(documents, rng)
    if len(chosen) < len(recipes):
        raise CorpusError([f"{len(chosen)} simplified articles for {len(recipes)} recipes"])
    kinds_of = {document.id: kinds for document, kinds in zip(chosen, recipes, strict=False)}
    return [
        _article(document, kinds_of[document.id], seed)
        for document in documents
        if document.id in kinds_of
    ]


def noised_copies(documents: Iterable[Document], share: float, seed: int = 0) -> list[Document]:
    """Return noised copies of a `share` of the documents, each with one to three kinds of noise.

    A short document gets no furniture or advertising; one that is in traditional script stays in
    it. A copy of which a character token would cut an entity is left out.
    """
    nlp = spacy.blank("zh", config=CHARACTERS)
    copies = []
    for document in documents:
        rng = Random(f"{seed}:{document.id}")
        if rng.random() >= share:
            continue
        copy = noised(document, _drawn(_fitting(document), rng), rng)
        if not lost_entities(nlp.make_doc(copy.text), copy):
            copies.append(replace(copy, id=document.id + SUFFIX))
    return copies


def _fitting(document: Document) -> list[str]:
    """Return the kinds of noise that suit a document."""
    unfit: set[str] = set() if len(document.text) >= SHORTEST else {"furniture", "advert"}
    if document.meta.get("script", _SIMPLIFIED) != _SIMPLIFIED:
        unfit |= {"gloss", *USAGES}
    return [kind for kind in NOISES if kind not in unfit]


def _drawn(kinds: Sequence[str], rng: Random) -> set[str]:
    """Return one to three of `kinds`, at most one of them a script."""
    drawn = rng.sample(kinds, rng.randint(1, min(_MOST_KINDS, len(kinds))))
    scripts = [kind for kind in drawn if kind in USAGES]
    return set(drawn) - set(scripts[1:])


def _by_turns(documents: Iterable[Document], rng: Random) -> list[Document]:
    """Return simplified articles, none short, in an order that takes each kind by turns."""
    groups: dict[str, list[Document]] = {}
    for document in sorted(documents, key=lambda document: document.id):
        if document.meta.get("script") == _SIMPLIFIED and len(document.text) >= SHORTEST:
            groups.setdefault(str(document.meta.get("kind")), []).append(document)
    for group in groups.values():
        rng.shuffle(group)
    return [document for turn in zip_longest(*groups.values()) for document in turn if document]


def _article(document: Document, kinds: Sequence[str], seed: int) -> Document:
    """Return the noised article of the corpus that is made of `document`."""
    result = noised(document, kinds, Random(f"{seed}:{document.id}"))
    script = next((kind for kind in kinds if kind in USAGES), _SIMPLIFIED)
    noise = [kind for kind in kinds if kind not in USAGES]
    meta = {**document.meta, "script": script, "noise": noise}
    return replace(result, id=document.id + SUFFIX, meta=meta)


@registry.augmenters("zhinvest.noise.v1")
def make_noise_augmenter(
    level: float, kinds: list[str], seed: int = 0
) -> Callable[[Language, Example], Iterator[Example]]:
    """Return an augmenter that noises a share of the examples.

    Each of those gets one to three of `kinds`, at most one of them a script. Entities and missing
    annotation are kept, other annotation is not. An example in which the tokenizer would cut an
    entity after noise (words first) passes as it is.

    Args:
        level: share of the examples, 0 to 1.
        kinds: keys of NOISES.
        seed: of the one random generator of this augmenter.

    Raises:
        ValueError: a kind is not known, there is none, or the level is no share.
    """
    if not 0 <= level <= 1 or not kinds:
        raise ValueError(f"level must be 0 to 1 and kinds not empty, found {level} and {kinds}")
    known, rng = sorted(checked(kinds)), Random(seed)

    def augment(nlp: Language, example: Example) -> Iterator[Example]:
        yield noised_example(nlp, example, known, rng) if rng.random() < level else example

    return augment


def noised_example(nlp: Language, example: Example, kinds: Sequence[str], rng: Random) -> Example:
    """Return `example` noised by some of `kinds`, or as it is if an entity would be cut."""
    drawn = _drawn(kinds, rng)
    document = noised(_document_of(example.reference), drawn, rng)
    reference = nlp.make_doc(document.text)
    if not _annotate(reference, document.ents):
        return example
    return Example(nlp.make_doc(document.text), reference)


def _document_of(doc: Doc) -> Document:
    """Return a reference with its entities, and stretches without annotation as MISSING ones."""
    ents: list[Span] = [(ent.start_char, ent.end_char, ent.label_) for ent in doc.ents]
    words = (token for token in doc if not token.is_space)
    for annotated, run_of_tokens in groupby(words, key=lambda token: bool(token.ent_iob)):
        if not annotated:
            tokens = list(run_of_tokens)
            ents.append((tokens[0].idx, tokens[-1].idx + len(tokens[-1]), _MISSING))
    return Document("", doc.text, sorted(ents))


def _annotate(doc: Doc, ents: Iterable[Span]) -> bool:
    """Set entities and missing annotation of `doc`; False if its tokens cut an entity."""
    spans: list[DocSpan] = []
    unknown: set[int] = set()
    for start, end, label in ents:
        mode = "expand" if label == _MISSING else "strict"
        span = doc.char_span(start, end, label, alignment_mode=mode)
        if span is None:
            return False
        if label == _MISSING:
            unknown |= set(range(span.start, span.end))
        else:
            spans.append(span)
    unknown -= {i for span in spans for i in range(span.start, span.end)}
    doc.set_ents(spans, missing=[doc[i : i + 1] for i in sorted(unknown)], default="outside")
    return True


if __name__ == "__main__":
    run(app)
