"""A trained small pipeline to 8-bit integers: `python -m training.quantize --help`.

The layers behind the hash embeddings become one graph of ONNX, which `zhinvest.quantized` runs.
The weights of a maxout layer are rounded to 127 steps in each column, and its input to 256
between the extremes that some texts show, the same for every text: static quantization. Weights
of seven bits keep the sum of two products within the 16 bits that CPUs without VNNI have for it;
see https://onnxruntime.ai/docs/performance/model-optimizations/quantization.html.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from random import Random
from typing import Annotated, Any, Final

import numpy as np
import onnx
import spacy
import typer
from numpy.typing import NDArray
from onnx import helper, numpy_helper
from spacy.language import Language
from spacy.tokens import Doc
from spacy.util import load_model_from_config
from thinc.api import Model

from training.assemble import Layers, student_layers
from training.commands import run
from zhinvest.documents import Document, read_documents
from zhinvest.embed import TABLES
from zhinvest.quantized import KEPT, ROWS, SCORES
from zhinvest.tags import TAGS
from zhinvest.windows import join

Floats = NDArray[np.float32]

ARCHITECTURE: Final = "zhinvest.QuantizedTagger.v1"
_LARGEST: Final = 63
_INTEGERS: Final = 255
_OPERATORS: Final = 18
_FORMAT: Final = 9
_EXTENSIONS: Final = "com.microsoft"
_EPSILON: Final = 1e-12
_END: Final = 2**31 - 1


@dataclass(frozen=True)
class Steps:
    """How numbers become integers from 0 to 255: number = step * (integer - zero)."""

    step: np.float32
    zero: np.uint8


def main(
    pipeline: Annotated[Path, typer.Argument(help="Folder of a pipeline of sm_distilled.cfg.")],
    gold: Annotated[list[Path], typer.Option(help="JSONL of articles to see the ranges on.")],
    output: Annotated[Path, typer.Option(help="Folder of the pipeline to write.")],
    most: Annotated[int, typer.Option(help="Articles that are drawn from each file.")] = 500,
) -> None:
    """Write the pipeline with its network in 8-bit integers."""
    nlp = spacy.load(pipeline)
    texts = [document.text for path in gold for document in drawn(read_documents(path), most)]
    quantized = quantize(nlp, texts)
    quantized.to_disk(output)
    size = len(quantized.get_pipe("ner").model.attrs["graph"])  # type: ignore[attr-defined]
    typer.echo(f"{output}: a graph of {size / 1e6:.1f} MB")


def drawn(documents: Sequence[Document], most: int) -> list[Document]:
    """Return at most `most` of the documents, the same ones each time."""
    return Random(0).sample(documents, min(most, len(documents)))


def quantize(nlp: Language, texts: Iterable[str]) -> Language:
    """Return a copy of the pipeline whose `ner` has a quantized network; `texts` show its ranges.

    Numbers beyond what was seen in `texts` are cut off.
    """
    tagger: Any = nlp.get_pipe("ner")
    layers = student_layers(tagger.model)
    config = nlp.config.copy()
    sizes = {name: layers.tables.attrs[name] for name in ("rows", "widths")}
    config["components"]["ner"]["model"] = {"@architectures": ARCHITECTURE, **sizes}
    copy = load_model_from_config(config)
    copy.from_bytes(nlp.to_bytes(), exclude=["ner", "config"])
    quantized: Any = copy.get_pipe("ner")
    quantized.cfg.update(tagger.cfg)
    for table in TABLES:
        quantized.model.layers[0].set_param(table, layers.tables.get_param(table))
    steps = input_steps(layers, [nlp.make_doc(text) for text in texts])
    quantized.model.attrs["graph"] = graph(layers, steps)
    quantized.model.attrs["margin"] = max(layers.windows.attrs["dilations"])
    return copy


def input_steps(layers: Layers, docs: Sequence[Doc]) -> list[Steps]:
    """Return the steps of the input of each maxout layer, from its extremes over `docs`."""
    extremes = np.zeros((len(layers.maxouts), 2), dtype=np.float32)
    for doc in docs:
        for extreme, rows in zip(extremes, inputs(layers, doc), strict=True):
            extreme[:] = min(extreme[0], rows.min()), max(extreme[1], rows.max())
    ranges = [(low, np.float32((high - low) / _INTEGERS)) for low, high in extremes]
    return [Steps(step, np.uint8(round(-low / step))) for low, step in ranges]


def inputs(layers: Layers, doc: Doc) -> Iterator[Floats]:
    """Yield what each maxout layer reads: the embeddings, then the rows that are joined."""
    ops: Any = layers.tables.ops
    rows = layers.tables.predict([doc]).dataXd
    yield rows
    rows = layers.norms[0].predict(layers.maxouts[0].predict(rows))
    dilations = layers.windows.attrs["dilations"]
    for distance, layer in zip(dilations, layers.windows.layers, strict=True):
        yield rows
        rows = rows + layer.predict(join(ops, rows, [(0, len(doc))], distance))


def graph(layers: Layers, steps: Sequence[Steps]) -> bytes:
    """Return the layers behind the tables as a graph of ONNX; `steps` are those of their inputs."""
    distances = [0, *layers.windows.attrs["dilations"]]
    writer = Writer()
    rows = ROWS
    for distance, maxout, norm, step in zip(
        distances, layers.maxouts, layers.norms, steps, strict=True
    ):
        values = writer.joined(writer.integers(rows, distance, step), distance)
        change = writer.maxout(values, step, maxout, norm)
        rows = writer.add("Add", rows, change) if distance else change
    weights, bias = (np.asarray(layers.linear.get_param(name)) for name in "Wb")
    products = writer.add("MatMul", rows, writer.constant(weights.T))
    writer.add("Add", products, writer.constant(bias), name=SCORES)
    return writer.serialized(columns=layers.maxouts[0].get_dim("nI"))


class Writer:
    """Collects the operations and constants of a graph, and gives each a name."""

    def __init__(self) -> None:
        self.operations: list[onnx.NodeProto] = []
        self.constants: list[onnx.TensorProto] = []

    def constant(self, value: Any) -> str:
        """Add an array or a number; return its name."""
        name = f"constant{len(self.constants)}"
        array = np.asarray(value)
        self.constants.append(numpy_helper.from_array(np.array(array, order="C"), name))
        return name

    def add(self, operator: str, *inputs: str, name: str = "", **attributes: Any) -> str:
        """Add an operation of one output; return the output's name."""
        name = name or f"{operator}{len(self.operations)}"
        self.operations.append(helper.make_node(operator, inputs, [name], **attributes))
        return name

    def integers(self, rows: str, distance: int, steps: Steps) -> str:
        """Add the rows as integers, with `distance` rows of zeros before and behind them."""
        if distance:
            rows = self.add("Pad", rows, self.constant([distance, 0, distance, 0]))
        return self.add(
            "QuantizeLinear", rows, self.constant(steps.step), self.constant(steps.zero)
        )

    def joined(self, rows: str, distance: int) -> str:
        """Add each row with those `distance` before and behind it; for 0 each row alone."""
        if not distance:
            return rows
        ends = [(0, -2 * distance), (distance, -distance), (2 * distance, _END)]
        return self.add("Concat", *(self.slice(rows, *bounds) for bounds in ends), axis=1)

    def slice(self, rows: str, start: int, end: int) -> str:
        """Add the choice of the rows from `start` to `end`."""
        return self.add("Slice", rows, *(self.constant([bound]) for bound in (start, end, 0)))

    def maxout(
        self, values: str, steps: Steps, maxout: Model[Any, Any], norm: Model[Any, Any]
    ) -> str:
        """Add a normalised maxout layer over integers; rows that are no token give zeros."""
        weights, bias = by_piece(maxout)
        scales = np.abs(weights).max(axis=0) / _LARGEST
        scales[scales == 0] = 1
        factors = np.round(weights / scales).astype(np.int8)
        zeros = np.zeros(len(scales), dtype=np.int8)
        product = self.add(
            "MatMulIntegerToFloat",
            *(values, self.constant(factors), self.constant(steps.step), self.constant(scales)),
            *(self.constant(steps.zero), self.constant(zeros), self.constant(bias)),
            domain=_EXTENSIONS,
        )
        pieces = [f"{product}.{piece}" for piece in range(maxout.get_dim("nP"))]
        split = helper.make_node("Split", [product], pieces, axis=1, num_outputs=len(pieces))
        self.operations.append(split)
        scaling = self.constant(norm.get_param("G")), self.constant(norm.get_param("b"))
        normal = self.add(
            "LayerNormalization", self.add("Max", *pieces), *scaling, axis=-1, epsilon=_EPSILON
        )
        return self.add("Mul", normal, KEPT)

    def serialized(self, columns: int) -> bytes:
        """Return the graph from rows of so many columns to scores, as bytes."""
        shapes = {ROWS: columns, KEPT: 1, SCORES: len(TAGS)}
        rows, kept, scores = (
            helper.make_tensor_value_info(name, onnx.TensorProto.FLOAT, ["n", size])
            for name, size in shapes.items()
        )
        built = helper.make_graph(self.operations, "tagger", [rows, kept], [scores], self.constants)
        versions = [helper.make_opsetid("", _OPERATORS), helper.make_opsetid(_EXTENSIONS, 1)]
        model = helper.make_model(built, opset_imports=versions, ir_version=_FORMAT)
        data: bytes = model.SerializeToString()
        return data


def by_piece(maxout: Model[Any, Any]) -> tuple[Floats, Floats]:
    """Return weights (n_in, n_pieces * n_out) and biases of a maxout layer, piece after piece."""
    weight, bias = np.asarray(maxout.get_param("W")), np.asarray(maxout.get_param("b"))
    return weight.transpose(2, 1, 0).reshape(weight.shape[2], -1), bias.T.reshape(-1)


if __name__ == "__main__":
    run(main)
