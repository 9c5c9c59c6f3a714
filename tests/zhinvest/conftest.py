"""Fixtures for the tests of the library."""

from __future__ import annotations

import pytest
import spacy
from hypothesis import HealthCheck, settings
from spacy.language import Language

# Fixtures that the properties share hold no state; a first call may load tables.
settings.register_profile(
    "zhinvest",
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
settings.load_profile("zhinvest")


@pytest.fixture(scope="session")
def reader(pipeline_folder: object) -> Language:
    """The pipeline as the command line loads it, without words."""
    return spacy.load(str(pipeline_folder), exclude=["words"])
