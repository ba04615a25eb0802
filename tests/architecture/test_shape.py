"""The shape of the house: the same rooms everywhere, small files, one place that commits."""

import ast
import re
import subprocess
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).parents[2]
SERVICES = sorted(REPOSITORY.glob("services/*/src/*/"))
LINES = 220
ROOMS = {
    "__init__",
    "__main__",
    "api",
    "flows",
    "handlers",
    "loops",
    "migrations",
    "models",
    "queries",
    "schemas",
    "service",
    "settings",
    "tools",
}
OWN = {"mail_ingest": {"tables", "worker"}}  # neither usual nor pure
WRITERS = {"api", "flows", "handlers", "queries"}


def sources(*folders: str) -> Iterator[Path]:
    for folder in folders:
        for path in sorted((REPOSITORY / folder).glob("**/src/**/*.py")):
            if "migrations" not in path.parts:
                yield path


def tracked() -> list[Path]:
    answer = subprocess.run(["git", "ls-files"], cwd=REPOSITORY, capture_output=True, text=True, check=True)
    return [path for line in answer.stdout.splitlines() if (path := REPOSITORY / line).is_file()]


def pure_rooms() -> set[str]:
    contracts = tomllib.loads((REPOSITORY / "pyproject.toml").read_text())["tool"]["importlinter"][
        "contracts"
    ]
    (pure,) = [each for each in contracts if each["name"].startswith("pure rooms")]
    return set(pure["source_modules"])


@pytest.mark.parametrize("service", SERVICES, ids=lambda path: path.name)
def test_a_service_has_the_usual_rooms_and_pure_ones(service: Path) -> None:
    found = {
        path.stem for path in service.iterdir() if path.suffix == ".py" or (path / "__init__.py").exists()
    }
    own = {f"{service.name}.{room}" for room in found - ROOMS - OWN.get(service.name, set())}
    strange = own - pure_rooms()
    assert not strange, (
        f"{sorted(strange)}: a service has the rooms {sorted(ROOMS)}, and rooms of its own that know neither "
        "database nor web. Put the code in one of the former, or name the new room in the contract "
        "'pure rooms …' in pyproject.toml."
    )


def test_files_are_small() -> None:
    sizes = {path: len(path.read_text().splitlines()) for path in sources("shared", "services", "deploy")}
    assert len(sizes) > 20
    big = [f"{path.relative_to(REPOSITORY)} ({size})" for path, size in sizes.items() if size > LINES]
    assert not big, f"over {LINES} lines: {', '.join(big)}. Split the file where its subject changes."


def test_only_shared_commits() -> None:
    """One request, message or mail is one transaction, and shared ends it; flows at most flush. (A mailbox
    has a commit of its own, POP3's QUIT: loops may call that, but not the one of `work.session`.)"""
    for path in sources("services", "deploy"):
        writes = WRITERS & {*path.parts, path.stem}
        for node in ast.walk(ast.parse(path.read_text())):
            if not isinstance(node, ast.Attribute) or node.attr not in ("commit", "rollback"):
                continue
            if writes or "work" in ast.unparse(node.value):
                pytest.fail(
                    f"{path.relative_to(REPOSITORY)}:{node.lineno} calls {node.attr}(): leave it to "
                    "Running.work(), which commits at its end and rolls back on an exception."
                )


def test_tests_are_no_packages() -> None:
    inits = list((REPOSITORY / "tests").glob("**/__init__.py"))
    assert not inits, "remove them: pytest runs with --import-mode=importlib"


def test_every_member_is_typed() -> None:
    untyped = [
        path for path in [*SERVICES, *REPOSITORY.glob("deploy/*/src/*/")] if not (path / "py.typed").exists()
    ]
    assert not untyped, "add an empty py.typed"


def test_nothing_leans_on_the_place_it_was_written_at() -> None:
    """Absolute paths of one machine, and files beside the repository, which nobody else has."""
    place = re.compile(r"(?<![\w.-])/work/|/home/\w|\.\./shared/(?!pyproject)")
    for path in tracked():
        if path.name in ("uv.lock", "package-lock.json") or path == Path(__file__):
            continue
        try:
            text = path.read_text()
        except UnicodeDecodeError:
            continue
        found = [
            f"{number}: {line}" for number, line in enumerate(text.splitlines(), 1) if place.search(line)
        ]
        assert not found, f"{path.relative_to(REPOSITORY)}: {found[:3]}"


def test_make_help_names_every_target() -> None:
    makefile = (REPOSITORY / "Makefile").read_text()
    described = set(re.findall(r"^([a-z0-9]+):.*## ", makefile, re.MULTILINE))
    answer = subprocess.run(["make"], cwd=REPOSITORY, capture_output=True, text=True, check=True)
    assert set(re.findall(r"make (\w+)", answer.stdout)) == described
    assert described >= {"run", "test", "check", "bench", "soak", "dev", "up", "down", "k8s", "clean"}


def test_ci_runs_make_test() -> None:
    assert re.search(r"^make test$", (REPOSITORY / ".ci/run").read_text(), re.MULTILINE)
