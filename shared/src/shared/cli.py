"""The command line of one service: `python -m <service> serve | migrate | revision | dead`."""

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from typing import Annotated, Any, TypeVar
from uuid import UUID

import typer

from shared import dead_letters
from shared.app import create_app
from shared.db import Database
from shared.migrate import migrate, revision
from shared.rabbit import RabbitBus
from shared.rotation import rotate
from shared.schema import TooNew
from shared.serve import web_server
from shared.service import Running, Service
from shared.settings import SettingsRefused, read_settings
from shared.telemetry import configure_logging, configure_tracing

T = TypeVar("T")

GRACE_SECONDS = 5


def running(service: Service) -> Running[Any]:
    """The service as its environment describes it."""
    try:
        settings = read_settings(service.settings)
    except SettingsRefused as error:
        typer.echo(f"These settings do not fit:\n{error}", err=True)
        raise typer.Exit(2) from None
    configure_logging(settings.log_level)
    configure_tracing(service.name)
    database = Database(settings.database_url, settings.database_pool)
    return Running(service, settings, database, RabbitBus(settings.bus_url, settings.installation))


def main(service: Service, **groups: typer.Typer) -> None:
    """The commands that every service has, and `groups` of its own."""
    app = typer.Typer(
        no_args_is_help=True,
        help=f"Callboard {service.name}.",
        add_completion=False,
        pretty_exceptions_enable=False,  # they show local variables, secrets among them
    )
    for name, group in {"dead": _dead(service), **groups}.items():
        app.add_typer(group, name=name)

    @app.command()
    def serve(
        host: Annotated[str, typer.Option(help="Address to listen on.")] = "127.0.0.1",
        port: Annotated[int, typer.Option(help="Port to listen on.")] = 8000,
    ) -> None:
        """Answer HTTP, hear events, send what is in the outbox."""
        found = running(service)
        if found.settings.environment == "production" and not found.settings.installation:
            typer.echo(
                "Set CALLBOARD_INSTALLATION: a short name that no other office on this RabbitMQ has.",
                err=True,
            )
            raise typer.Exit(2)
        app = create_app(found, title=f"Callboard {service.name}")
        with suppress(KeyboardInterrupt):
            web_server(app, grace=GRACE_SECONDS, host=host, port=port).run()

    @app.command("migrate")
    def migrate_() -> None:
        """Bring the database to this version's tables."""
        try:
            found = asyncio.run(_with(service, lambda found: migrate(service, found.database)))
        except TooNew as error:
            typer.echo(str(error), err=True)
            raise typer.Exit(1) from None
        typer.echo("migrated" if found.behind else found.words())

    @app.command("rotate-key")
    def rotate_key() -> None:
        """Seal every stored secret anew with CALLBOARD_SECRET_KEY; the old key must be among
        CALLBOARD_OLD_SECRET_KEYS. The service may run meanwhile."""
        found = asyncio.run(_with(service, rotate))
        typer.echo(f"{found.anew} sealed anew")
        for place in found.unreadable:
            typer.echo(f"no key opens {place}: name its key, or enter the secret again", err=True)
        raise typer.Exit(1 if found.unreadable else 0)

    @app.command("revision")
    def revision_(message: Annotated[str, typer.Option("-m", help="What changes.")]) -> None:
        """Write the next migration from what differs between models and database (for developers)."""
        asyncio.run(_revision(service, message))

    app()


def _dead(service: Service) -> typer.Typer:
    dead = typer.Typer(no_args_is_help=True, help="Events that could not be handled, or not be sent.")

    @dead.command("list")
    def list_() -> None:
        """One line an event: heard or said, id, name, why it could not be handled or sent."""
        for line in asyncio.run(_with(service, dead_letters.lines)):
            typer.echo(line)

    @dead.command()
    def show(id: UUID) -> None:
        """The whole event as JSON, or what lies in its place."""
        found = asyncio.run(_with(service, lambda found: dead_letters.body(found, id)))
        if found is None:
            typer.echo(f"No dead letter {id}: see `dead list`.", err=True)
            raise typer.Exit(1)
        typer.echo(found)

    @dead.command()
    def replay(
        ids: Annotated[list[UUID] | None, typer.Argument(help="From `dead list`.")] = None,
        every: Annotated[bool, typer.Option("--all", help="All of them.")] = False,
    ) -> None:
        """Hand events to the service again, or to the bus, once the reason is mended."""
        if bool(ids) == every:
            typer.echo("Name events, or say --all: see `dead list`.", err=True)
            raise typer.Exit(2)
        wanted = None if every else ids
        again = asyncio.run(_with(service, lambda found: dead_letters.replay(found, wanted)))
        typer.echo(f"{again} replayed; what fails again is back in `dead list`.")

    return dead


@asynccontextmanager
async def opened(service: Service) -> AsyncGenerator[Running[Any]]:
    """For a command that needs database or bus, but neither tools nor loops."""
    found = running(service)
    try:
        yield found
    finally:
        await found.bus.close()
        await found.database.close()


async def _revision(service: Service, message: str) -> None:
    async with opened(service) as found:
        await revision(service, found.database, message)


async def _with(service: Service, do: Callable[[Running[Any]], Awaitable[T]]) -> T:
    async with opened(service) as found:
        return await do(found)
