"""The stages of distillation from the command line; PyTorch is loaded when one runs."""

from pathlib import Path
from typing import Annotated

import typer

app = typer.Typer(no_args_is_help=True, pretty_exceptions_enable=False)

Arrays = Annotated[Path, typer.Argument(help="The .npz file of training.arrays.")]
Heads = Annotated[int, typer.Option(help="Attention heads of the encoder.")]
Seed = Annotated[int, typer.Option(help="Seed of all that is random.")]


@app.command()
def pretrain(
    arrays: Arrays,
    bert: Annotated[Path, typer.Option(help="Folder with model.safetensors to begin with.")],
    output: Annotated[Path, typer.Option(help="The .npz file of the encoder to write.")],
    epochs: Annotated[float, typer.Option(help="Times that all texts are read.")] = 5,
    steps: Annotated[int | None, typer.Option(help="Steps, instead of epochs.")] = None,
    batch: Annotated[int, typer.Option(help="Windows in a batch.")] = 192,
    window: Annotated[int, typer.Option(help="Characters of a window.")] = 512,
    rate: Annotated[float, typer.Option(help="Highest learning rate.")] = 6e-4,
    heads: Heads = 12,
    seed: Seed = 0,
) -> None:
    """Train the encoder to restore masked characters of the unlabelled texts."""
    from training.distil import pretrain as stage

    options = stage.PretrainOptions(epochs, batch, window, rate, heads, steps, seed)
    stage.pretrain(arrays, bert, output, options)


@app.command()
def teach(
    arrays: Arrays,
    encoder: Annotated[Path, typer.Argument(help="The .npz file of the encoder.")],
    output: Annotated[Path, typer.Option(help="The folder of the teachers to write.")],
    positions: Annotated[int, typer.Option(help="Characters in a batch.")] = 16_000,
    layer_decay: Annotated[float, typer.Option(help="Rate of a layer to the one above.")] = 0.9,
    smoothing: Annotated[float, typer.Option(help="Label smoothing.")] = 0.02,
    average_decay: Annotated[float, typer.Option(help="Decay of averaged weights.")] = 0.99,
    steps: Annotated[int | None, typer.Option(help="Most steps of each teacher.")] = None,
    heads: Heads = 12,
    seed: Seed = 0,
) -> None:
    """Train the teachers on the public sets and the gold, and measure them on dev."""
    from training.distil import teacher as stage

    options = stage.TeachOptions(
        positions, layer_decay, smoothing, average_decay, heads, steps, seed
    )
    stage.teach(arrays, encoder, output, options)


@app.command()
def adapt(
    arrays: Arrays,
    start: Annotated[Path, typer.Argument(help="The .npz file of a teacher to go on from.")],
    output: Annotated[Path, typer.Option(help="The .npz file of the teacher to write.")],
    epochs: Annotated[int, typer.Option(help="Times that the gold is read.")] = 1,
    rate: Annotated[float, typer.Option(help="Highest learning rate.")] = 7e-5,
    positions: Annotated[int, typer.Option(help="Characters in a batch.")] = 4000,
    steps: Annotated[int | None, typer.Option(help="Most steps.")] = None,
    heads: Heads = 12,
    seed: Seed = 0,
) -> None:
    """Train a teacher on with more gold, which a CPU can do in an hour."""
    from training.distil import teacher as stage

    recipe = stage.Recipe(epochs, rate, after_public=False)
    options = stage.TeachOptions(positions, heads=heads, steps=steps, seed=seed)
    stage.adapt(arrays, start, output, recipe, options)


@app.command()
def pieces(
    bert: Annotated[
        Path, typer.Option(help="Folder with model.safetensors and tokenizer.json of pieces.")
    ],
    vocabulary: Annotated[Path, typer.Option(help="tokenizer.json of the encoder of characters.")],
    output: Annotated[Path, typer.Option(help="The .npz file of the encoder to write.")],
    heads: Heads = 12,
    seed: Seed = 0,
) -> None:
    """Write an encoder of pieces as one that a teacher can begin with, like that of pretrain."""
    from training.distil import pieces as stage

    stage.write_encoder(bert, vocabulary, output, heads, seed)


@app.command()
def average(
    networks: Annotated[list[Path], typer.Argument(help=".npz files of networks of one kind.")],
    output: Annotated[Path, typer.Option(help="The .npz file of their mean to write.")],
) -> None:
    """Write the mean weights of networks that learned on from the same weights."""
    from training.distil import average as stage

    stage.average(networks, output)


@app.command()
def label(
    arrays: Arrays,
    teachers: Annotated[
        list[Path], typer.Argument(help="Folder of the teachers, or .npz files of some.")
    ],
    output: Annotated[Path, typer.Option(help="The .npz file of probabilities to write.")],
    best: Annotated[int, typer.Option(help="Teachers of a folder that are asked.")] = 3,
    positions: Annotated[int, typer.Option(help="Characters in a batch.")] = 120_000,
    heads: Heads = 12,
    gold: Annotated[
        bool, typer.Option(help="The gold too; without, the student learns its tags alone.")
    ] = True,
) -> None:
    """Label the unlabelled texts, and the gold, with the teachers' mean probabilities."""
    from training.distil import silver as stage

    sets = stage.SETS if gold else (stage.UNLABELLED,)
    stage.label(arrays, teachers, output, best=best, positions=positions, heads=heads, sets=sets)


@app.command()
def refine(
    arrays: Arrays,
    silver: Annotated[Path, typer.Argument(help="The .npz file of probabilities.")],
    teachers: Annotated[Path, typer.Argument(help="The folder of the teachers.")],
    output: Annotated[Path, typer.Option(help="The .npz file of the refined teacher to write.")],
    epochs: Annotated[float, typer.Option(help="Times that the unlabelled texts are read.")] = 1,
    batch: Annotated[int, typer.Option(help="Stretches of unlabelled texts in a batch.")] = 64,
    positions: Annotated[int, typer.Option(help="Characters of gold in a batch.")] = 12_000,
    rate: Annotated[float, typer.Option(help="Highest learning rate.")] = 1.5e-4,
    layer_decay: Annotated[float, typer.Option(help="Rate of a layer to the one above.")] = 0.95,
    hard: Annotated[float, typer.Option(help="Weight of the loss by gold tags.")] = 0.5,
    steps: Annotated[int | None, typer.Option(help="Steps, instead of epochs.")] = None,
    heads: Heads = 12,
    seed: Seed = 0,
) -> None:
    """Train the best teacher on with the teachers' probabilities and the gold."""
    from training.distil import refine as stage

    options = stage.RefineOptions(
        epochs=epochs,
        batch=batch,
        positions=positions,
        rate=rate,
        layer_decay=layer_decay,
        hard=hard,
        steps=steps,
        heads=heads,
        seed=seed,
    )
    stage.refine(arrays, silver, teachers, output, options)


@app.command()
def student(
    arrays: Arrays,
    silver: Annotated[Path, typer.Argument(help="The .npz file of probabilities.")],
    output: Annotated[Path, typer.Option(help="The .npz file of the student to write.")],
    width: Annotated[int, typer.Option(help="Width of the layers.")] = 192,
    dilation: Annotated[
        list[int] | None,
        typer.Option(help="Distance of the tokens that a layer joins; one for each layer."),
    ] = None,
    dropout: Annotated[float, typer.Option(help="Dropout.")] = 0.1,
    steps: Annotated[int, typer.Option(help="Steps.")] = 5500,
    batch: Annotated[int, typer.Option(help="Windows of unlabelled texts in a batch.")] = 192,
    gold_batch: Annotated[int, typer.Option(help="Windows of gold in a batch.")] = 48,
    window: Annotated[int, typer.Option(help="Tokens of a window.")] = 512,
    rate: Annotated[float, typer.Option(help="Highest learning rate.")] = 2e-3,
    hard: Annotated[float, typer.Option(help="Weight of the loss by gold tags.")] = 0.5,
    start: Annotated[
        Path | None, typer.Option(help="The .npz file of a student to go on from.")
    ] = None,
    seed: Seed = 0,
) -> None:
    """Train the student on the teachers' probabilities and the gold."""
    from training.distil import student as stage

    dilations = tuple(dilation or stage.StudentOptions.dilations)
    options = stage.StudentOptions(
        width, dilations, dropout, steps, batch, gold_batch, window, rate, hard, seed
    )
    stage.train_student(arrays, silver, output, options, start)


if __name__ == "__main__":
    app()
