"""A finished experiment for tests of faults."""

from pathlib import Path

import faulty
import pytest

from project import shared


@pytest.fixture(scope="session")
def undisturbed(tmp_path_factory) -> Path:
    """A project in which the experiment has run; not to be changed."""
    return shared(tmp_path_factory, "undisturbed", faulty.finish)
