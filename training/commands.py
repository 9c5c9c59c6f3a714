"""How the modules of this folder run from the command line."""

import sys
from collections.abc import Callable
from typing import Any

import typer

from zhinvest.documents import CorpusError


def run(command: typer.Typer | Callable[..., Any]) -> None:
    """Run a typer app or function; faulty data ends it with a message and exit code 1."""
    try:
        if isinstance(command, typer.Typer):
            command()
        else:
            typer.run(command)
    except CorpusError as error:
        sys.exit(str(error))
