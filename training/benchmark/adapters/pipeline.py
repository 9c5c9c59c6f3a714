"""Any spaCy pipeline by name, with the labels of OntoNotes as ours.

The argument is the name, and after a comma the components to exclude: `zh_ent_invest_sm,words`.
"""

import spacy

from .common import Reader

LABELS = {
    **{label: label for label in ("ORG", "PLACE", "MONEY", "CAPACITY")},
    **dict.fromkeys(("GPE", "LOC", "FAC"), "PLACE"),
    "QUANTITY": "CAPACITY",
}


def load(argument: str) -> Reader:
    """Return the reader."""
    name, *excluded = argument.split(",")
    nlp = spacy.load(name, exclude=excluded)
    try:
        from zhinvest.reading import read_texts
    except ImportError:  # a pipeline that is not ours
        return lambda texts, batch: [
            [(e.start_char, e.end_char, LABELS[e.label_]) for e in doc.ents if e.label_ in LABELS]
            for doc in nlp.pipe(texts, batch_size=batch)
        ]
    return lambda texts, batch: list(read_texts(nlp, texts, batch_size=batch))
