"""A tiny tagger that learns the tiny corpus by heart within seconds."""

from __future__ import annotations

from typing import Any

import spacy
from spacy.language import Language
from spacy.training import Example

from training.convert import CHARACTERS, to_doc
from zhinvest.documents import Document


def tiny_model(width: int, maxout_pieces: int, encode: dict[str, Any]) -> dict[str, Any]:
    """Return the config of a model of that width, the architecture and depth being `encode`'s."""
    embed = {
        "@architectures": "zhinvest.NgramHashEmbed.v1",
        "width": width,
        "rows": [500, 2000, 2000],
        "widths": [16, 16, 8],
        "maxout_pieces": maxout_pieces,
    }
    encode = {"width": width, "maxout_pieces": 2, **encode}
    tok2vec = {"@architectures": "spacy.Tok2Vec.v2", "embed": embed, "encode": encode}
    return {"@architectures": "zhinvest.Tagger.v1", "tok2vec": tok2vec}


def examples(nlp: Language, documents: list[Document]) -> list[Example]:
    """Return the documents as examples of `nlp`."""
    docs = [to_doc(nlp, document) for document in documents]
    return [Example(nlp.make_doc(doc.text), doc) for doc in docs]


def learn(model: dict[str, Any], gold: list[Document], updates: int) -> Language:
    """Return a pipeline with a tagger of that model after so many updates with all of `gold`."""
    nlp = spacy.blank("zh", config=CHARACTERS)
    nlp.add_pipe("zhinvest_tagger", name="ner", config={"model": model})
    spacy.util.fix_random_seed(0)
    found = examples(nlp, gold)
    optimizer = nlp.initialize(lambda: found)
    optimizer.learn_rate = 0.01
    for _ in range(updates):
        nlp.update(found, sgd=optimizer)
    return nlp
