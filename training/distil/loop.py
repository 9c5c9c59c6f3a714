"""Training in steps: rates, averaged weights, and checkpoints to go on from."""

import io
import shutil
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import torch
from torch import Tensor, nn
from tqdm import tqdm

from training.digest import digest
from zhinvest.files import write_bytes
from zhinvest.network import has_bfloat16

Groups = list[dict[str, Any]]
"""Groups of parameters with their peak rates, as PyTorch's optimizers take them."""

_BETAS: Final = (0.9, 0.98)
_LONGEST_GRADIENT: Final = 1.0
_WEIGHT_DECAY: Final = 0.01
_CHECKPOINT_STEPS: Final = 100
_SEED_STRIDE: Final = 1_000_003


@dataclass(frozen=True)
class Plan:
    """How a run goes: rates rise for `warmup` steps and fall in a line towards the last step.

    Attributes:
        steps: All steps of the run.
        warmup: Steps in which rates rise.
        floor: Lowest share of the peak rate after the rise.
        average_from: Share of the steps after which weights are averaged; 1 for never.
        average_every: Steps from one addition to the average to the next.
        average_decay: Share of the old average in the new one.
    """

    steps: int
    warmup: float
    floor: float = 0.02
    average_from: float = 1.0
    average_every: int = 1
    average_decay: float = 0.99

    def rate(self, step: int) -> float:
        """Return the share of the peak rate at a step, counted from 0."""
        rise = min(1.0, (step + 1) / self.warmup) if self.warmup else 1.0
        return rise * max(self.floor, 1 - step / self.steps)

    def averages(self, step: int) -> bool:
        """Return whether the weights after this step go into the average."""
        return step > self.average_from * self.steps and step % self.average_every == 0


class Training:
    """Runs a plan. What is random in a step depends on the seed and the step's number alone."""

    def __init__(
        self, network: nn.Module, groups: Groups, plan: Plan, checkpoint: Path, seed: int = 0
    ) -> None:
        self.network, self.plan, self.checkpoint, self.seed = network, plan, checkpoint, seed
        on_gpu = next(network.parameters()).is_cuda
        self.peaks = [group["lr"] for group in groups]
        self.optimizer = torch.optim.AdamW(groups, betas=_BETAS, fused=on_gpu)
        self.average: dict[str, Tensor] = {}

    def run(self, loss: Callable[[int], Tensor], name: str) -> None:
        """Take all steps, `loss` giving each step's loss; leaves the averaged weights, if any."""
        first = self._restore()
        steps = tqdm(range(first, self.plan.steps), name, self.plan.steps, initial=first)
        self.network.train()
        for step in steps:
            torch.manual_seed(self.seed * _SEED_STRIDE + step)
            value = self._step(step, loss)
            if step % 50 == 0:
                steps.set_postfix(loss=f"{value.item():.4f}")
            if (step + 1) % _CHECKPOINT_STEPS == 0:
                self._save(step + 1)
        if self.average:
            self.network.load_state_dict(self.average)
        self.network.eval()

    def _step(self, step: int, loss: Callable[[int], Tensor]) -> Tensor:
        for group, peak in zip(self.optimizer.param_groups, self.peaks, strict=True):
            group["lr"] = peak * self.plan.rate(step)
        value = loss(step)
        self.optimizer.zero_grad(set_to_none=True)
        value.backward()  # type: ignore[no-untyped-call]
        nn.utils.clip_grad_norm_(self.network.parameters(), _LONGEST_GRADIENT)
        self.optimizer.step()
        if self.plan.averages(step):
            self._add_to_average()
        return value.detach()

    def _add_to_average(self) -> None:
        state = self.network.state_dict()
        if not self.average:
            self.average = {name: value.clone() for name, value in state.items()}
        for name, value in state.items():
            if value.is_floating_point():
                self.average[name].lerp_(value, 1 - self.plan.average_decay)

    def _save(self, steps: int) -> None:
        buffer = io.BytesIO()
        state = {"network": self.network.state_dict(), "optimizer": self.optimizer.state_dict()}
        torch.save({**state, "steps": steps, "average": self.average}, buffer)
        write_bytes(self.checkpoint, buffer.getvalue())

    def _restore(self) -> int:
        """Go back to the checkpoint, if there is one; the number of steps that were taken."""
        if not self.checkpoint.exists():
            return 0
        device = next(self.network.parameters()).device
        state = torch.load(self.checkpoint, map_location=device, weights_only=True)
        self.network.load_state_dict(state["network"])
        self.optimizer.load_state_dict(state["optimizer"])
        self.average = state["average"]
        return int(state["steps"])


class Order:
    """Numbers of rows in batches of `size`, in another order in every epoch."""

    def __init__(self, rows: int, size: int, seed: int = 0) -> None:
        self.rows, self.size, self.seed = rows, min(size, rows), seed
        self.steps = rows // self.size
        self._epoch, self._order = -1, torch.empty(0)

    def batch(self, step: int) -> Tensor:
        """Return the row numbers of a step: shape (size,)."""
        epoch, number = divmod(step, self.steps)
        if epoch != self._epoch:
            generator = torch.Generator().manual_seed(self.seed * _SEED_STRIDE + epoch)
            self._epoch, self._order = epoch, torch.randperm(self.rows, generator=generator)
        return self._order[number * self.size : (number + 1) * self.size]


def parameter_groups(network: nn.Module, rate: float) -> Groups:
    """Return groups with one peak rate; vectors (biases, norms) are not decayed."""
    parameters = list(network.parameters())
    return [
        {
            "params": [p for p in parameters if p.ndim > 1],
            "lr": rate,
            "weight_decay": _WEIGHT_DECAY,
        },
        {"params": [p for p in parameters if p.ndim <= 1], "lr": rate, "weight_decay": 0.0},
    ]


def find_device() -> torch.device:
    """Return the GPU, if there is one."""
    return torch.device("cuda" if torch.cuda.is_available() else "cpu")


def autocast(device: torch.device) -> AbstractContextManager[Any]:
    """Return a context of mixed precision, which does nothing on a CPU that has none."""
    if device.type == "cuda" or has_bfloat16():
        return torch.autocast(device.type, dtype=torch.bfloat16)
    return nullcontext()


@contextmanager
def unfinished(output: Path, *inputs: object) -> Iterator[Path]:
    """Yield a folder beside `output` in which a run that is cut short leaves what it has done.

    A run with other `inputs` (files and folders count by their content) has another folder. It
    is removed when the block ends well.
    """
    folder = output.parent / f".{output.name}.{digest(*inputs)}"
    folder.mkdir(parents=True, exist_ok=True)
    yield folder
    shutil.rmtree(folder)
