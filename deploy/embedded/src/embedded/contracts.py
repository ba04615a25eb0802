"""`callboard contracts`: the documents of what the services promise each other and the world."""

import difflib
import json
import sys
from collections.abc import Iterator
from pathlib import Path

import yaml
from shared.app import create_app
from shared.asyncapi import document
from shared.bus import LocalBus
from shared.db import Database
from shared.service import Running, Service

from embedded.house import SERVICES

_NOWHERE = "sqlite+aiosqlite:///:memory:"


def contracts(folder: Path, *, check: bool) -> int:
    """Writes them. With `check` nothing is written; the exit status is 1 where they differ from the code."""
    status = 0
    for name, text in _documents():
        path = folder / name
        was = path.read_text() if path.exists() else ""
        if was == text:
            continue
        if check:
            lines = difflib.unified_diff(
                was.splitlines(), text.splitlines(), str(path), "the code", lineterm=""
            )
            print("\n".join(lines))
            status = 1
        else:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text)
            print(f"wrote {path}")
    if status:
        print("Run `callboard contracts` and look at what changed.", file=sys.stderr)
    return status


def _documents() -> Iterator[tuple[str, str]]:
    yield "asyncapi.yaml", yaml.safe_dump(document(SERVICES), sort_keys=False, allow_unicode=True, width=110)
    for service in SERVICES:
        yield (
            f"openapi/{service.name}.json",
            json.dumps(_openapi(service), indent=2, ensure_ascii=False) + "\n",
        )


def _openapi(service: Service) -> object:
    settings = service.settings(environment="development", database_url=_NOWHERE)
    running = Running(service, settings, Database(_NOWHERE), LocalBus())
    return create_app(running, loops=False, title=f"Callboard {service.name}").openapi()
