"""Weights trained outside spaCy to a spaCy pipeline: `python -m training.assemble --help`.

`training.distil` trains with PyTorch alone, where a GPU is; this puts what it gave into the
components of `configs/sm_distilled.cfg` and `configs/trf.cfg`.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, Final

import numpy as np
import spacy
import typer
from spacy.language import Language
from spacy.training import Example
from spacy.util import load_config, load_model_from_config
from thinc.api import Config, Model

from training.commands import run
from training.convert import to_doc
from training.distil.data import read_vocabulary
from zhinvest.documents import CorpusError, read_documents
from zhinvest.embed import TABLES

Arrays = Mapping[str, Any]
"""Arrays of 32-bit floats by the name of the weight in PyTorch."""

STUDENT_TABLES: Final = ("uni", "bi", "tri")
"""PyTorch's names of the student's tables, in the order of `zhinvest.embed.TABLES`."""

SHARES: Final = "shares"
"""Attribute of what a transformer's scores are made of: the share of each part in the mean."""

PARTS: Final = {
    "characters": "char_encoder",
    "pieces": "piece_encoder",
    "small network": "quantized_tagger",
}
"""What the scores of a transformer may be made of, and the names of thinc's nodes."""

app = typer.Typer(no_args_is_help=True, pretty_exceptions_enable=False)

Weights = Annotated[Path, typer.Argument(help="The .npz file that training.distil wrote.")]
Gold = Annotated[
    list[Path],
    typer.Option(help="JSONL of articles in which the decoder's transitions are counted."),
]
Segmenter = Annotated[Path, typer.Option(help="Folder of the pkuseg model.")]
Output = Annotated[Path, typer.Option(help="Folder of the pipeline to write.")]


@app.command()
def student(weights: Weights, gold: Gold, segmenter: Segmenter, output: Output) -> None:
    """Build the small pipeline from the distilled student's weights."""
    arrays = read_weights(weights)
    width = {"components.ner.model.tok2vec.encode.width": len(arrays["mixn.weight"])}
    nlp = blank_pipeline("sm_distilled", segmenter, width, gold)
    fill_student(nlp.get_pipe("ner").model, arrays)  # type: ignore[attr-defined]
    nlp.to_disk(output)


@app.command()
def teacher(
    weights: Weights,
    segmenter: Segmenter,
    output: Output,
    vocabulary: Annotated[Path, typer.Option(help="tokenizer.json of the encoder of characters.")],
    pieces: Annotated[
        Path | None, typer.Option(help="The .npz file of a second teacher, which reads pieces.")
    ] = None,
    share: Annotated[
        float, typer.Option(min=0, max=1, help="Share of the first of two in their mean.")
    ] = 0.5,
    small: Annotated[
        str | None, typer.Option(help="A pipeline of training.quantize, whose scores count too.")
    ] = None,
    small_share: Annotated[
        float, typer.Option(min=0, max=1, help="Its share in the mean of all.")
    ] = 0.25,
) -> None:
    """Build the transformer pipeline from the weights of a teacher, or of two.

    Two give the weighted mean of their scores, with those of a small pipeline if one is given.
    """
    teachers = [read_weights(path) for path in (weights, pieces) if path is not None]
    if pieces is None:
        nlp = blank_pipeline("trf", segmenter, _encoder_sizes(teachers[0], "enc."))
    else:
        sizes = _encoder_sizes(teachers[0], "enc.", "*.characters.")
        sizes |= _encoder_sizes(teachers[1], "enc.encoder.", "*.pieces.")
        nlp = blank_pipeline("trf_pair", segmenter, sizes)
    model = nlp.get_pipe("ner").model  # type: ignore[attr-defined]
    shares = [1.0] if pieces is None else [share, 1 - share]
    fill_teachers(model, teachers, read_vocabulary(vocabulary), shares)
    if small is not None:
        nlp = joined(nlp, spacy.load(small, exclude=["words", "figures"]), small_share)
    nlp.to_disk(output)


def _encoder_sizes(arrays: Arrays, prefix: str, place: str = "") -> dict[str, Any]:
    """Return the sizes of an encoder but its heads, as overrides of a config."""
    vocab, width = arrays[f"{prefix}word.weight"].shape
    depth = sum(name.endswith("qkv.bias") for name in arrays)
    positions = len(arrays[f"{prefix}pos.weight"])
    sizes = {"vocab_size": vocab, "width": width, "depth": depth, "positions": positions}
    return {f"components.ner.model.tok2vec.{place}{name}": size for name, size in sizes.items()}


def read_weights(path: Path) -> Arrays:
    """Read an .npz file, its floats as 32-bit floats."""
    with np.load(path) as arrays:
        found = {name: arrays[name] for name in arrays.files}
    return {n: a.astype(np.float32) if a.dtype.kind == "f" else a for n, a in found.items()}


def blank_pipeline(
    config: str, segmenter: Path, overrides: dict[str, Any], gold: Sequence[Path] = ()
) -> Language:
    """Return the pipeline of configs/`config`.cfg, initialised with the articles of `gold`."""
    settings = load_config(
        Path("configs") / f"{config}.cfg",
        overrides={"paths.segmenter": str(segmenter), **overrides},
    )
    nlp = load_model_from_config(settings.interpolate(), auto_fill=True)
    docs = [to_doc(nlp, document) for path in gold for document in read_documents(path)]
    docs = docs or [nlp.make_doc("投资五亿元")]
    nlp.initialize(lambda: [Example(nlp.make_doc(doc.text), doc) for doc in docs])
    return nlp


@dataclass(frozen=True)
class Layers:
    """The layers of a Tagger over NgramHashEmbed and DilatedWindowEncoder, from below.

    The first of `maxouts` and `norms` belongs to the embeddings, the others to the windows.
    """

    tables: Model[Any, Any]
    maxouts: list[Model[Any, Any]]
    norms: list[Model[Any, Any]]
    windows: Model[Any, Any]
    linear: Model[Any, Any]


def student_layers(model: Model[Any, Any]) -> Layers:
    """Return the layers of the small pipeline's network."""
    tok2vec = model.get_ref("tok2vec")
    embed, encode = tok2vec.get_ref("embed"), tok2vec.get_ref("encode")
    (tables,), (windows,) = (
        _nodes(embed, "ngram_hash_embed"),
        _nodes(encode, "dilated_window_encoder"),
    )
    maxouts, norms = (
        [*_nodes(embed, kind), *_nodes(encode, kind)] for kind in ("maxout", "layernorm")
    )
    return Layers(tables, maxouts, norms, windows, linear_layer(model))


def fill_student(model: Model[Any, Any], arrays: Arrays) -> None:
    """Copy the student's weights into the network of the small pipeline."""
    layers = student_layers(model)
    for table, name in zip(TABLES, STUDENT_TABLES, strict=True):
        layers.tables.set_param(table, arrays[f"{name}.weight"])
    names = student_names(len(layers.maxouts))
    for (name, norm_name), maxout, norm in zip(names, layers.maxouts, layers.norms, strict=True):
        _fill_maxout(maxout, arrays[f"{name}.weight"], arrays[f"{name}.bias"])
        norm.set_param("G", arrays[f"{norm_name}.weight"])
        norm.set_param("b", arrays[f"{norm_name}.bias"])
    _fill_linear(layers.linear, arrays)


def student_names(count: int) -> list[tuple[str, str]]:
    """Return PyTorch's names of the first `count` maxout layers and of their normalisations."""
    return [("mix", "mixn"), *((f"conv.{i}", f"norm.{i}") for i in range(count - 1))]


def _nodes(model: Model[Any, Any], name: str) -> list[Model[Any, Any]]:
    return [node for node in model.walk() if node.name == name]


def fill_teachers(
    model: Model[Any, Any],
    teachers: Sequence[Arrays],
    characters: list[str],
    shares: Sequence[float],
) -> None:
    """Copy the weights of teachers and the vocabulary into a Tagger model over their encoders.

    The `shares` of the teachers in the mean stay with the model, for `training.disassemble`.
    """
    import torch

    for encoder, arrays in zip(encoders(model), teachers, strict=True):
        encoder.attrs["characters"] = characters
        inner = {k: torch.from_numpy(v) for k, v in arrays.items() if k.startswith("enc.")}
        state = {name.removeprefix("enc."): tensor for name, tensor in inner.items()}
        encoder.layers[0].shims[0]._model.load_state_dict(state)
    model.get_ref("tok2vec").attrs[SHARES] = list(shares)
    pairs = list(zip(shares, teachers, strict=True))
    matrices = [share * arrays["head.weight"] for share, arrays in pairs]
    biases = [share * arrays["head.bias"] for share, arrays in pairs]
    _fill_linear(
        linear_layer(model), {"head.weight": np.hstack(matrices), "head.bias": sum(biases)}
    )


def joined(nlp: Language, small: Language, share: float) -> Language:
    """Return the transformer pipeline `nlp` with the scores of `small` in its mean.

    The tables of the small network are rounded to 7 bits, so that they can be compressed.

    Raises:
        CorpusError: `nlp` has one encoder alone.
    """
    added: Model[Any, Any] = small.get_pipe("ner").model  # type: ignore[attr-defined]
    tagger: Any = nlp.get_pipe("ner")
    config = Config(nlp.config).copy()
    tok2vec = config["components"]["ner"]["model"]["tok2vec"]
    if "*" not in tok2vec:
        raise CorpusError(["a small network is added to two encoders, of characters and pieces"])
    tok2vec["*"]["small"] = {**small.config["components"]["ner"]["model"], "frozen": True}
    copy = load_model_from_config(config)
    copy.from_bytes(nlp.to_bytes(), exclude=["ner", "config"])
    result: Any = copy.get_pipe("ner")
    result.cfg.update(tagger.cfg)
    (node,) = _nodes(result.model, PARTS["small network"])
    node.from_bytes(added.to_bytes())
    node.attrs["frozen"] = True
    for table in TABLES:
        node.layers[0].set_param(table, _rounded(node.layers[0].get_param(table)))
    for new, old in zip(encoders(result.model), encoders(tagger.model), strict=True):
        new.attrs["characters"] = old.attrs["characters"]
        new.layers[0].shims[0]._model.load_state_dict(old.layers[0].shims[0]._model.state_dict())
    result.model.initialize(X=[copy.make_doc("投资五亿元")])
    linear = linear_layer(tagger.model)
    weights, bias = ((1 - share) * np.asarray(linear.get_param(name)) for name in "Wb")
    matrix = np.hstack([weights, share * np.eye(node.get_dim("nO"), dtype=np.float32)])
    _fill_linear(linear_layer(result.model), {"head.weight": matrix, "head.bias": bias})
    shares = tagger.model.get_ref("tok2vec").attrs[SHARES]
    result.model.get_ref("tok2vec").attrs[SHARES] = [*((1 - share) * s for s in shares), share]
    return copy


def _rounded(table: Any) -> Any:
    """Return `table` in steps of a power of two, at most 63 to either side of 0."""
    step = np.float32(2.0 ** np.ceil(np.log2(np.abs(table).max() / 63)))
    return np.round(table / step) * step


def encoders(model: Model[Any, Any]) -> list[Model[Any, Any]]:
    """Return the encoders of a Tagger's model: of characters, then of pieces if there is one."""
    return [node for kind in ("characters", "pieces") for node in _nodes(model, PARTS[kind])]


def columns(model: Model[Any, Any]) -> dict[str, slice]:
    """Return the columns of the last layer's matrix that each of PARTS has, if it is there."""
    found, start = {}, 0
    for part, name in PARTS.items():
        for node in _nodes(model, name):
            found[part] = slice(start, start + node.get_dim("nO"))
            start = found[part].stop
    return found


def linear_layer(model: Model[Any, Any]) -> Model[Any, Any]:
    """Return the layer that gives the scores of the tags."""
    return _nodes(model, "linear")[0]


def _fill_maxout(node: Model[Any, Any], weight: Any, bias: Any) -> None:
    shape = node.get_param("W").shape
    node.set_param("W", weight.reshape(shape))
    node.set_param("b", bias.reshape(shape[:2]))


def _fill_linear(node: Model[Any, Any], arrays: Arrays) -> None:
    node.set_param("W", arrays["head.weight"])
    node.set_param("b", arrays["head.bias"])


if __name__ == "__main__":
    run(app)
