"""A Callboard that has done its job, to look at."""

import shutil
from pathlib import Path

import pytest
from embedded_tests import started


@pytest.fixture(scope="session")
def finished(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a Callboard that took in the sample mails and was stopped. Not to be changed."""
    data = tmp_path_factory.mktemp("finished") / "data"
    with started(data, "--demo") as running:
        running.until_quiet(48)
        assert running.stop() == 0
    return data


@pytest.fixture
def copied(finished: Path, tmp_path: Path) -> Path:
    """The same, to be changed."""
    return Path(shutil.copytree(finished, tmp_path / "data"))
