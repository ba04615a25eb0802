"""The command line of one service: `python -m <service> serve | migrate | revision | dead`."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager, suppress
from typing import Annotated, Any
from uuid import UUID

import typer

from shared.app import create_app
from shared.db import Database
from shared.migrate import migrate, revision
from shared.rabbit import RabbitBus
from shared.serve import web_server
from shared.service import Running, Service
from shared.telemetry import configure_logging, configure_tracing

GRACE_SECONDS = 5


def running(service: Service) -> Running[Any]:
    """The service as its environment describes it."""
    settings = service.settings()
    configure_logging(settings.log_level)
    configure_tracing(service.name)
    database = Database(settings.database_url, settings.database_pool)
    return Running(service, settings, database, RabbitBus(settings.bus_url))


def main(service: Service, **groups: typer.Typer) -> None:
    """The commands that every service has, and `groups` of its own."""
    app = typer.Typer(
        no_args_is_help=True,
        help=f"Callboard {service.name}.",
        add_completion=False,
        pretty_exceptions_enable=False,  # they show local variables, secrets among them
    )
    dead = typer.Typer(no_args_is_help=True, help="Events that could not be handled.")
    for name, group in {"dead": dead, **groups}.items():
        app.add_typer(group, name=name)

    @app.command()
    def serve(
        host: Annotated[str, typer.Option(help="Address to listen on.")] = "127.0.0.1",
        port: Annotated[int, typer.Option(help="Port to listen on.")] = 8000,
    ) -> None:
        """Answer HTTP, hear events, send what is in the outbox."""
        app = create_app(running(service), title=f"Callboard {service.name}")
        with suppress(KeyboardInterrupt):
            web_server(app, grace=GRACE_SECONDS, host=host, port=port).run()

    @app.command("migrate")
    def migrate_() -> None:
        """Bring the database to this version's tables."""
        asyncio.run(_migrate(service))

    @app.command("revision")
    def revision_(message: Annotated[str, typer.Option("-m", help="What changes.")]) -> None:
        """Write the next migration from what differs between models and database (for developers)."""
        asyncio.run(_revision(service, message))

    @dead.command("list")
    def list_() -> None:
        """One line an event: id, name, why it could not be handled."""
        for letter in asyncio.run(_dead(service)):
            typer.echo(f"{letter.id}  {letter.name}  {letter.reason}")

    @dead.command()
    def show(id: UUID) -> None:
        """The whole event as JSON."""
        found = [letter for letter in asyncio.run(_dead(service)) if letter.id == id]
        if not found:
            typer.echo(f"No dead letter {id}: see `dead list`.", err=True)
            raise typer.Exit(1)
        typer.echo(found[0].body)

    @dead.command()
    def replay(ids: list[UUID]) -> None:
        """Hand events to the service again, once the reason is mended."""
        typer.echo(f"{asyncio.run(_replay(service, ids))} of {len(ids)} replayed")

    app()


@asynccontextmanager
async def opened(service: Service) -> AsyncGenerator[Running[Any]]:
    """For a command that needs database or bus, but neither tools nor loops."""
    found = running(service)
    try:
        yield found
    finally:
        await found.bus.close()
        await found.database.close()


async def _migrate(service: Service) -> None:
    async with opened(service) as found:
        await migrate(service, found.database)


async def _revision(service: Service, message: str) -> None:
    async with opened(service) as found:
        await revision(service, found.database, message)


async def _dead(service: Service) -> list[Any]:
    async with opened(service) as found:
        return await found.bus.dead_letters(found)


async def _replay(service: Service, ids: list[UUID]) -> int:
    async with opened(service) as found:
        return await found.bus.replay(found, ids)
