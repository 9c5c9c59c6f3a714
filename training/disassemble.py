"""A released pipeline back to weights to go on from: `python -m training.disassemble --help`.

The inverse of `training.assemble` and, up to the rounding of its integers, of `training.quantize`.
"""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Annotated, Any

import numpy as np
import onnx
import spacy
import typer
from onnx import numpy_helper
from thinc.api import Model

from training.assemble import (
    SHARES,
    STUDENT_TABLES,
    columns,
    encoders,
    linear_layer,
    student_layers,
    student_names,
)
from training.commands import run
from training.distil.data import Arrays, write_arrays
from training.quantize import ARCHITECTURE, Floats
from zhinvest.documents import CorpusError
from zhinvest.embed import TABLES


def main(
    pipeline: Annotated[str, typer.Argument(help="Name or folder of a pipeline.")],
    output: Annotated[Path, typer.Option(help="The .npz file to write.")],
    pieces: Annotated[
        bool, typer.Option(help="The teacher that reads pieces, instead of the other one.")
    ] = False,
) -> None:
    """Write the weights of a pipeline by the names that training.distil has for them."""
    nlp = spacy.load(pipeline)
    config = nlp.config["components"].get("ner", {})
    if config.get("factory") != "zhinvest_tagger":
        raise CorpusError([f"{pipeline}: no zhinvest_tagger under the name ner"])
    model = nlp.get_pipe("ner").model  # type: ignore[attr-defined]
    arrays = weights(model, config["model"]["@architectures"], pieces=pieces)
    write_arrays(output, arrays)
    typer.echo(f"{output}: {sum(array.size for array in arrays.values()):,} weights")


def weights(model: Model[Any, Any], architecture: str, *, pieces: bool = False) -> Arrays:
    """Return the weights of a Tagger's model by their names in PyTorch.

    Raises:
        CorpusError: `pieces` are asked for and the model has no encoder of them.
    """
    if architecture == ARCHITECTURE:
        return _quantized(model)
    found = encoders(model)
    if pieces and len(found) == 1:
        raise CorpusError(["no encoder of pieces in this pipeline"])
    return _teacher(model, found, int(pieces)) if found else _student(model)


def _teacher(model: Model[Any, Any], found: Sequence[Model[Any, Any]], number: int) -> Arrays:
    """Return one of the teachers whose mean the model is; of their biases only the mean is left."""
    network: Any = found[number].layers[0].shims[0]
    state = network._model.state_dict().items()
    weight, bias = _params(linear_layer(model), "Wb")
    shares = model.get_ref("tok2vec").attrs.get(SHARES, [1.0])
    place = list(columns(model).values())[number]
    bias = bias / sum(shares[: len(found)])
    head = _named("head", weight[:, place] / shares[number], bias)
    return {f"enc.{name}": tensor.cpu().numpy() for name, tensor in state} | head


def _student(model: Model[Any, Any]) -> Arrays:
    layers = student_layers(model)
    mixed = [_params(layer, "Wb") for layer in layers.maxouts]
    norms = [_params(layer, "Gb") for layer in layers.norms]
    return _tables(layers.tables) | _layers(mixed, norms, _params(layers.linear, "Wb"))


def _quantized(model: Model[Any, Any]) -> Arrays:
    """Return the weights in a graph of `training.quantize`, whose operations are in order."""
    graph = onnx.load_model_from_string(model.attrs["graph"]).graph
    constants = {tensor.name: numpy_helper.to_array(tensor) for tensor in graph.initializer}

    def inputs(operator: str) -> Iterator[list[Any]]:
        for node in graph.node:
            if node.op_type == operator:
                yield [constants.get(name) for name in node.input]

    pieces = [len(node.output) for node in graph.node if node.op_type == "Split"]
    mixed = []
    for n, layer in zip(pieces, inputs("MatMulIntegerToFloat"), strict=True):
        _, factors, _, scales, _, _, bias = layer
        weight = (factors * scales).reshape(len(factors), n, -1).transpose(2, 1, 0)
        mixed.append((weight, bias.reshape(n, -1).T))
    norms = [(scale, bias) for _, scale, bias in inputs("LayerNormalization")]
    ((_, products),) = inputs("MatMul")
    (_, bias) = list(inputs("Add"))[-1]
    return _tables(model.layers[0]) | _layers(mixed, norms, (products.T, bias))


def _tables(layer: Model[Any, Any]) -> dict[str, Floats]:
    named = zip(STUDENT_TABLES, TABLES, strict=True)
    return {f"{name}.weight": np.asarray(layer.get_param(table)) for name, table in named}


def _layers(
    mixed: Sequence[tuple[Floats, Floats]],
    norms: Sequence[tuple[Floats, Floats]],
    head: tuple[Floats, Floats],
) -> dict[str, Floats]:
    """Return the layers by name, those of maxout as matrices of n_in columns."""
    found = _named("head", *head)
    for (name, norm_name), (weight, bias), norm in zip(
        student_names(len(mixed)), mixed, norms, strict=True
    ):
        found |= _named(name, weight.reshape(-1, weight.shape[-1]), bias.reshape(-1))
        found |= _named(norm_name, *norm)
    return found


def _params(layer: Model[Any, Any], names: str) -> tuple[Floats, Floats]:
    weight, bias = (np.asarray(layer.get_param(name)) for name in names)
    return weight, bias


def _named(name: str, weight: Floats, bias: Floats) -> dict[str, Floats]:
    return {f"{name}.weight": weight, f"{name}.bias": bias}


if __name__ == "__main__":
    run(main)
