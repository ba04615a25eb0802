"""`callboard doctor`: what is wrong with this installation, and how to mend it."""

import asyncio
import json
from collections.abc import AsyncGenerator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from typing import Any

from pydantic import ValidationError
from rich.console import Console
from rich.table import Table
from shared.db import Database
from shared.rabbit import RabbitBus
from shared.service import Running
from shared.telemetry import configure_logging

from embedded.data import Data, open_data
from embedded.findings import here, outside
from embedded.findings.base import Finding
from embedded.house import SERVICES, settings_of


def doctor(root: Path, urls: Mapping[str, str], bus_url: str, *, as_json: bool) -> int:
    """Looks at the folder `root` or, where `urls` names databases, at those services. The exit status: 1
    where something has to be mended."""
    configure_logging("error")
    given = {name: url for name, url in urls.items() if url}
    findings = asyncio.run(_diagnose(open_data(root), given, bus_url))
    sick = any(finding.mend for finding in findings)
    if as_json:
        print(json.dumps({"ok": not sick, "findings": [finding._asdict() for finding in findings]}, indent=2))
    else:
        _show(findings)
    return 1 if sick else 0


async def _diagnose(data: Data, urls: Mapping[str, str], bus_url: str) -> list[Finding]:
    findings = [] if urls else list(here.folder(data))
    if any(finding.mend for finding in findings):
        return findings
    try:
        async with _opened(data, urls, bus_url) as services:
            findings.append(Finding("settings", "complete"))
            for running in services.values():
                findings.append(await here.database(running))
            if not any(finding.mend for finding in findings):
                for running in services.values():
                    command = f"python -m {running.service.package}" if urls else "callboard"
                    findings.append(await here.events(running, command))
                for look in (here.clock, outside.polled, outside.outgoing, outside.partners):
                    findings += [finding async for finding in look(services)]
            if bus_url:
                findings += [await outside.bus(running) for running in services.values()]
    except ValidationError as error:
        findings.append(Finding("settings", "refused", "; ".join(each["msg"] for each in error.errors())))
    return findings


@asynccontextmanager
async def _opened(
    data: Data, urls: Mapping[str, str], bus_url: str
) -> AsyncGenerator[dict[str, Running[Any]]]:
    async with AsyncExitStack() as stack:
        services: dict[str, Running[Any]] = {}
        for service in SERVICES:
            if urls and service.name not in urls:
                continue
            own: dict[str, Any] = {"database_url": urls.get(service.name)}
            settings = service.settings(**own) if urls else settings_of(service, data)
            database, bus = Database(settings.database_url, pool=2), RabbitBus(bus_url, settings.installation)
            stack.push_async_callback(database.close)
            stack.push_async_callback(bus.close)
            services[service.name] = Running(service, settings, database, bus)
        yield services


def _show(findings: list[Finding]) -> None:
    console = Console()
    table = Table("", "What", "Found", box=None)
    for finding in findings:
        table.add_row("[red]mend[/]" if finding.mend else "[green]ok[/]", finding.what, finding.said)
    console.print(table)
    for finding in findings:
        if finding.mend:
            console.print(f"{finding.what}: {finding.mend}", markup=False, highlight=False, soft_wrap=True)
