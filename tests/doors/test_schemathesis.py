"""Schemathesis against every service, as all who may come in: it makes requests of the document,
odd and broken ones too, and holds every answer against it.

The short run asks by turns as everybody who may, with few requests and a fixed seed; `make soak` looks for
longer as each of them, with a new seed each time.
"""

import asyncio
import json
import os
import sys
from collections.abc import Collection
from copy import deepcopy
from importlib import import_module
from pathlib import Path

import pytest
from doors.callers import MARK, ByTurns, callers, tokens
from doors.samples import Document, with_examples
from embedded.house import SERVICES
from embedded.serve import listening, serving
from harness import at_work
from localservers import Postgres
from shared.app import create_app
from shared.service import Service

HERE = Path(__file__).parent
DOCUMENTS = HERE.parents[1] / "docs/openapi"
ENDLESS = "/v1/stream"  # the matrix asks it
BRIEFLY = ("--phases", "examples,fuzzing,stateful", "--seed", "1", "--no-shrink")


def everybody(service: Service) -> list[str]:
    document = json.loads((DOCUMENTS / f"{service.name}.json").read_text())
    return sorted(
        {who for ways in document["paths"].values() for each in ways.values() for who in callers(each)}
    )


def for_them(document: Document, who: Collection[str]) -> Document:
    """The document, with `x-asked` where one of them may come in."""
    found = deepcopy(document)
    for path, ways in found["paths"].items():
        for each in ways.values():
            each["x-asked"] = path != ENDLESS and not {*callers(each)}.isdisjoint(who)
    return found


async def hold_against_the_document(
    service: Service, url: str, who: Collection[str], folder: Path, *options: str
) -> None:
    """Fails with what Schemathesis says, or with who was forgotten."""
    objects = import_module(f"doors.{service.package}_objects")
    settings = {**getattr(objects, "SETTINGS", {}), **getattr(objects, "BRIEF", {})}
    async with at_work(service, url, **settings) as running:
        known = await objects.make(running)
        app = create_app(running, loops=False)
        document = for_them(app.openapi(), who)
        (folder / "openapi.json").write_text(json.dumps(with_examples(document, known)))
        turns = ByTurns(app, document, who, tokens(document, known))
        with listening("127.0.0.1", 0) as listener:
            async with serving(app, listener):
                address = f"http://127.0.0.1:{listener.getsockname()[1]}"
                program = await asyncio.create_subprocess_exec(
                    Path(sys.executable).with_name("schemathesis"),
                    *("--config-file", HERE / "schemathesis.toml", "run", "openapi.json", "--url", address),
                    *("--include-by", "/x-asked == true", "--header", f"Authorization: Bearer {MARK}"),
                    *("--no-color", "--generation-database", "none", *options),
                    cwd=folder,
                    env={**os.environ, "PYTHONPATH": str(HERE), "SCHEMATHESIS_HOOKS": "schemathesis_hooks"},
                    stdout=asyncio.subprocess.PIPE,
                    stderr=asyncio.subprocess.STDOUT,
                )
                said, _ = await program.communicate()
    print(said.decode())
    assert program.returncode == 0, said.decode()
    assert not turns.waiting(), "these were never asked"


@pytest.mark.timeout(300)
@pytest.mark.parametrize("service", SERVICES, ids=lambda service: service.name)
async def test_the_service_keeps_to_its_document(
    service: Service, postgres: Postgres, tmp_path: Path
) -> None:
    url = f"sqlite+aiosqlite:///{tmp_path}/doors.db"
    if SERVICES.index(service) % 2:  # both databases have their turn
        url = postgres.url(postgres.unused_name())
    await hold_against_the_document(service, url, everybody(service), tmp_path, *BRIEFLY)


@pytest.mark.soak
@pytest.mark.parametrize(
    ("service", "who"),
    [(service, who) for service in SERVICES for who in everybody(service)],
    ids=lambda value: getattr(value, "name", value),
)
async def test_the_service_keeps_to_its_document_for_long(
    service: Service, who: str, database_url: str, tmp_path: Path
) -> None:
    """With every boundary of every value, on PostgreSQL, which takes less than SQLite does."""
    await hold_against_the_document(service, database_url, [who], tmp_path, "--max-examples", "50")
