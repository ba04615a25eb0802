"""Who may import whom."""

import ast
import os
import subprocess
import sys
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).parents[2]
TOOLS = Path(sys.executable).parent
MANIFESTS = [path for path in sorted(REPOSITORY.glob("*/**/pyproject.toml")) if ".venv" not in path.parts]
# Distribution -> module, where the names differ.
MODULES = {
    f"callboard-{path.parent.name}": next(path.parent.glob("src/*/__init__.py")).parent.name
    for path in MANIFESTS
}


def run(*command: str | Path, cwd: Path = REPOSITORY) -> None:
    environment = {**os.environ, "NO_COLOR": "1"}
    answer = subprocess.run(command, cwd=cwd, capture_output=True, text=True, check=False, env=environment)
    assert answer.returncode == 0, answer.stdout + answer.stderr


def test_the_layers_hold() -> None:
    """The contracts of [tool.importlinter] in pyproject.toml."""
    run(TOOLS / "lint-imports", "--no-cache")


@pytest.mark.parametrize("member", [path.parent for path in MANIFESTS], ids=lambda path: path.name)
def test_a_member_names_what_it_imports(member: Path) -> None:
    """In one environment every member can import what another one asked for; its own image could not.
    Migrations are left out: they run inside shared's Alembic environment."""
    names = ",".join(f"{distribution}={module}" for distribution, module in MODULES.items())
    options = ["--no-ansi", "--package-module-name-map", names, "--extend-exclude", r".*/migrations/.*"]
    run(TOOLS / "deptry", "src", *options, cwd=member)


def test_the_events_import_pydantic_and_the_standard_library_alone() -> None:
    """Whoever hears our events may take this folder and nothing else."""
    allowed = sys.stdlib_module_names | {"pydantic"}
    for path in sorted((REPOSITORY / "shared/src/shared/events").glob("*.py")):
        for node in ast.walk(ast.parse(path.read_text())):
            names: list[str] = []
            if isinstance(node, ast.Import):
                names = [alias.name for alias in node.names]
            elif isinstance(node, ast.ImportFrom):
                assert node.level == 0, f"{path.name}:{node.lineno}: import by full name"
                names = [node.module or ""]
            for name in names:
                assert name.startswith("shared.events") or name.split(".")[0] in allowed, (
                    f"{path.name}: {name}"
                )
