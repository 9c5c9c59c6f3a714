"""`zhinvest.WandbLogger.v1`: training logged to Weights & Biases, offline without an account."""

import os
import sys
from collections.abc import Callable
from typing import IO, Any

from requests.utils import get_netrc_auth
from spacy.language import Language
from spacy.util import registry

LogStep = Callable[[dict[str, Any] | None], None]
SetUp = Callable[[Language, IO[str], IO[str]], tuple[LogStep, Callable[[], None]]]


def has_account() -> bool:
    """Return whether a key is configured: in WANDB_API_KEY, or in .netrc by `wandb login`."""
    address = os.environ.get("WANDB_BASE_URL", "https://api.wandb.ai")
    return bool(os.environ.get("WANDB_API_KEY") or get_netrc_auth(address))


@registry.loggers("zhinvest.WandbLogger.v1")
def make_wandb_logger(project_name: str, run_name: str | None = None) -> SetUp:
    """Return a logger that writes scores to the console and to Weights & Biases.

    WANDB_MODE decides where the run goes; where it is not set and no account is configured, the
    run is written to the folder wandb/ only, to be sent later by `wandb sync`.
    """
    from spacy_loggers.wandb import wandb_logger_v4

    def set_up(
        nlp: Language, stdout: IO[str] = sys.stdout, stderr: IO[str] = sys.stderr
    ) -> tuple[LogStep, Callable[[], None]]:
        if "WANDB_MODE" not in os.environ and not has_account():
            os.environ["WANDB_MODE"] = "offline"
        setup: SetUp = wandb_logger_v4(project_name, run_name=run_name)
        return setup(nlp, stdout, stderr)

    return set_up
