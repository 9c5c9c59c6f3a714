"""Tests of whether runs are sent to Weights & Biases or stay on the machine."""

from pathlib import Path

import pytest

from zhinvest.wandb_logger import has_account


@pytest.fixture(autouse=True)
def no_account(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for name in ("WANDB_API_KEY", "WANDB_BASE_URL"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("NETRC", str(tmp_path / "netrc"))


def test_no_account() -> None:
    assert not has_account()


def test_account_in_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("WANDB_API_KEY", "key")
    assert has_account()


@pytest.mark.parametrize(
    ("machine", "address", "expected"),
    [
        ("api.wandb.ai", None, True),
        ("example.org", None, False),
        ("wandb.example.org", "https://wandb.example.org", True),
        ("api.wandb.ai", "https://wandb.example.org", False),
    ],
)
def test_account_in_netrc(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    machine: str,
    address: str | None,
    expected: bool,
) -> None:
    (tmp_path / "netrc").write_text(f"machine {machine} login user password key\n")
    if address:
        monkeypatch.setenv("WANDB_BASE_URL", address)
    assert has_account() == expected
