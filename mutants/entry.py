"""What `python -m mutants` hands to pytest as a plugin."""

import os
from pathlib import Path

import pytest

from mutants.plugin import Plugin


def pytest_configure(config: pytest.Config) -> None:
    seconds = float(os.environ["MUTANTS_SECONDS"])
    plugin = Plugin(Path(os.environ["MUTANTS_FILE"]), Path(os.environ["MUTANTS_OUT"]), seconds)
    config.pluginmanager.register(plugin, "mutants")
