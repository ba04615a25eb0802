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
        with listening("127.0.0.1", 0) as listener:
            async with serving(create_app(running, loops=False), listener):
                yield f"http://127.0.0.1:{listener.getsockname()[1]}", token


async def hold_against_the_document(
    service: Service, url: str, role: str, folder: Path, *options: str
) -> None:
    async with at_a_socket(service, url, role) as (address, token):
        program = await asyncio.create_subprocess_exec(
            Path(sys.executable).with_name("schemathesis"),
            *("--config-file", HERE / "schemathesis.toml"),
            *("run", f"{address}/openapi.json", "--header", f"Authorization: Bearer {token}"),
            *("--no-color", "--generation-database", "none", *options),
            cwd=folder,
            env={**os.environ, "PYTHONPATH": str(HERE), "SCHEMATHESIS_HOOKS": "schemathesis_hooks"},
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.STDOUT,
        )
        said, _ = await program.communicate()
    assert program.returncode == 0, said.decode()


@each_door
async def test_the_service_keeps_to_its_document(service: Service, role: str, tmp_path: Path) -> None:
    url = f"sqlite+aiosqlite:///{tmp_path}/doors.db"
    await hold_against_the_document(service, url, role, tmp_path, "--max-examples", "2", "--seed", "1")
