"""Production with known faults, made once."""

from pathlib import Path

import pytest
from bench_suite.quality.factory import Production, make, write

SEED = 4
"""A small set."""


@pytest.fixture(scope="session")
def production() -> Production:
    return make(SEED)


@pytest.fixture(scope="session")
def files(production: Production, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    return write(production, tmp_path_factory.mktemp("quality"))
