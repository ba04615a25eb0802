"""Schemathesis against every service, as all who may come in: it makes requests of the document,
odd and broken ones too, and holds every answer against it.

The short run has few requests and a fixed seed; `make soak` looks for longer, with a new seed each time.
"""

import asyncio
import os
import sys
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from importlib import import_module
from pathlib import Path

import pytest
from embedded.house import SERVICES
from embedded.serve import listening, serving
from harness import at_work
from shared.app import create_app
from shared.auth import development_token
from shared.service import Service

HERE = Path(__file__).parent
ROLES = {"portal-api": ("office.admin", "customer.admin", "customer")}
DOORS = [(service, role) for service in SERVICES for role in ROLES.get(service.name, ("office.admin",))]
each_door = pytest.mark.parametrize(
    ("service", "role"), DOORS, ids=[f"{service.name} {role}" for service, role in DOORS]
)


@asynccontextmanager
async def at_a_socket(service: Service, url: str, role: str) -> AsyncGenerator[tuple[str, str]]:
    """The address of a service that holds one of everything, and a token for it."""
    objects = import_module(f"doors.{service.package}_objects")
    settings = {**getattr(objects, "SETTINGS", {}), **getattr(objects, "BRIEF", {})}
    async with at_work(service, url, **settings) as running:
        known = await objects.make(running)
        token = development_token([role], known.get(f"@{role}", "tester"))
        app = create_app(running, loops=False)
        app.openapi()  # made once, and slowly on a busy machine
        with listening("127.0.0.1", 0) as listener:
            async with serving(app, listener):
                yield f"http://127.0.0.1:{listener.getsockname()[1]}", token


async def hold_against_the_document(
    service: Service, url: str, role: str, folder: Path, *options: str
) -> None:
    async with at_a_socket(service, url, role) as (address, token):
        program = await asyncio.create_subprocess_exec(
            Path(sys.executable).with_name("schemathesis"),
            *("--config-file", HERE / "schemathesis.toml"),
            *("run", f"{address}/openapi.json", "--header", f"Authorization: Bearer {token}"),
            *("--exclude-path", "/v1/stream"),  # it has no end; the matrix asks it
            *("--no-color", "--generation-database", "none", *options),
            cwd=folder,
            env={**os.environ, "PYTHONPATH": str(HERE), "SCHEMATHESIS_HOOKS": "schemathesis_hooks"},
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.STDOUT,
        )
        said, _ = await program.communicate()
    assert program.returncode == 0, said.decode()


@pytest.mark.timeout(300)
@pytest.mark.parametrize("service", SERVICES[:3], ids=lambda service: service.name)
async def test_the_service_keeps_to_its_document(service: Service, tmp_path: Path) -> None:
    """Portal-api and payments have so many operations that they are left to the long run."""
    url = f"sqlite+aiosqlite:///{tmp_path}/doors.db"
    few = ("--phases", "examples,fuzzing,stateful", "--max-examples", "2", "--seed", "1", "--no-shrink")
    await hold_against_the_document(service, url, "office.admin", tmp_path, *few)


@pytest.mark.soak
@each_door
async def test_the_service_keeps_to_its_document_for_long(
    service: Service, role: str, database_url: str, tmp_path: Path
) -> None:
    """With every boundary of every value, on PostgreSQL, which takes less than SQLite does."""
    await hold_against_the_document(service, database_url, role, tmp_path, "--max-examples", "50")
