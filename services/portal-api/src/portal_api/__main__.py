"""`python -m portal_api`: what every service has, and accounts for the owner of the machine."""

import asyncio
from collections.abc import Coroutine
from typing import Annotated, Any

import typer
from shared.cli import main, opened
from shared.problems import Problem

from portal_api.flows import staff
from portal_api.service import service

admin = typer.Typer(no_args_is_help=True, help="For the owner of the machine: accounts without logging on.")
UserName = Annotated[str, typer.Argument(help="An e-mail address, or any name.")]


@admin.command()
def create(user_name: UserName) -> None:
    """Make an administrator of the office; prints a one-time password."""

    async def add() -> str:
        async with opened(service) as running, running.work() as work:
            return await staff.add_administrator(work, user_name)

    _print(user_name, add())


@admin.command("reset-password")
def reset_password(
    user_name: UserName,
    totp_off: Annotated[bool, typer.Option("--totp-off", help="Also without the second factor.")] = False,
) -> None:
    """Print a one-time password for a member of staff, whose sessions end."""

    async def reset() -> str:
        async with opened(service) as running, running.work() as work:
            return await staff.reset_password(work, user_name, totp_off=totp_off)

    _print(user_name, reset())


def _print(user_name: str, made: Coroutine[Any, Any, str]) -> None:
    try:
        password = asyncio.run(made)
    except Problem as problem:
        typer.echo(f"{problem.title}: {user_name}", err=True)
        raise typer.Exit(1) from None
    typer.echo(f"User name          {user_name}\nOne-time password  {password}")
    typer.echo("It is shown this once, ends in seven days, and is changed at the first logon.")


if __name__ == "__main__":
    main(service, admin=admin)
