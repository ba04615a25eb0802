"""`callboard contracts`: the documents of events, routes and settings, from the code."""

import difflib
import json
import sys
from collections.abc import Iterator
from pathlib import Path

from shared.app import create_app
from shared.asyncapi import as_yaml, document
from shared.bus import LocalBus
from shared.db import Database
from shared.service import Running, Service

from embedded.house import SERVICES
from embedded.settings_page import settings_page

_NOWHERE = "sqlite+aiosqlite:///:memory:"


def contracts(folder: Path, *, check: bool) -> int:
    """Writes them. With `check` nothing is written; the exit status is 1 where they differ from the code."""
    status = 0
    for name, text in _documents():
        path = folder / name
        was = path.read_text() if path.exists() else ""
        if was != text and check:
            old, new = was.splitlines(), text.splitlines()
            print("\n".join(difflib.unified_diff(old, new, str(path), "the code", lineterm="")))
            status = 1
        elif was != text:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text)
            print(f"wrote {path}")
    if status:
        print("Run `callboard contracts` and look at what changed.", file=sys.stderr)
    return status


def _documents() -> Iterator[tuple[str, str]]:
    yield "asyncapi.yaml", as_yaml(document(SERVICES))
    yield "settings.md", settings_page(SERVICES)
    for service in SERVICES:
        openapi = json.dumps(_openapi(service), indent=2, ensure_ascii=False)
        yield f"openapi/{service.name}.json", f"{openapi}\n"


def _openapi(service: Service) -> object:
    settings = service.settings(environment="development", database_url=_NOWHERE)
    running = Running(service, settings, Database(_NOWHERE), LocalBus())
    return create_app(running, loops=False, title=f"Callboard {service.name}").openapi()
