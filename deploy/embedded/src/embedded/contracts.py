"""`callboard contracts`: the documents of events, routes, roles and settings, from the code; and the tables
of a new embedded database, from the migrations."""

import difflib
import json
import sys
from collections.abc import Iterator
from pathlib import Path

from shared.app import create_app
from shared.asyncapi import as_yaml
from shared.asyncapi import document as events_document
from shared.bus import LocalBus
from shared.db import Database
from shared.service import Running, Service

from embedded.house import SERVICES
from embedded.roles_page import roles_page
from embedded.settings_page import settings_page
from embedded.tables import script, script_file

_NOWHERE = "sqlite+aiosqlite:///:memory:"


def contracts(folder: Path, *, check: bool) -> int:
    """Writes them. With `check` nothing is written; the exit status is 1 where they differ from the code."""
    status = 0
    for path, text in _documents(folder):
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


def _documents(folder: Path) -> Iterator[tuple[Path, str]]:
    yield folder / "asyncapi.yaml", as_yaml(events_document(SERVICES))
    yield folder / "settings.md", settings_page(SERVICES)
    documents = {service.name: _openapi(service) for service in SERVICES}
    yield folder / "roles.md", roles_page(documents)
    for name, document in documents.items():
        text = json.dumps(document, indent=2, ensure_ascii=False) + "\n"
        yield folder / "openapi" / f"{name}.json", text
    for service in SERVICES:
        yield script_file(service), script(service)


def _openapi(service: Service) -> object:
    settings = service.settings(environment="development", database_url=_NOWHERE)
    running = Running(service, settings, Database(_NOWHERE), LocalBus())
    return create_app(running, loops=False, title=f"Callboard {service.name}").openapi()
