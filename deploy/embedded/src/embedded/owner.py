"""What the owner of the folder may do without logging on: `callboard admin` and `callboard token`."""

import asyncio
import sys
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

from portal_api.flows.staff import add_administrator, reset_password
from portal_api.flows.tokens import issue
from portal_api.service import service
from shared.bus import LocalBus
from shared.db import Database
from shared.problems import Problem
from shared.service import Running
from shared.work import Work

from embedded.data import open_data
from embedded.house import settings_of

Do = Callable[[Work[Any]], Awaitable[str]]


def token(root: Path, roles: list[str], subject: str, minutes: float) -> int:
    """Prints an access token that is signed with the folder's own key."""
    return _print(
        root, lambda work: issue(work, subject=subject, roles=roles, seconds=int(minutes * 60)), "{}"
    )


def create(root: Path, user_name: str) -> int:
    return _print(root, lambda work: add_administrator(work, user_name), _password(user_name))


def reset(root: Path, user_name: str, *, totp_off: bool) -> int:
    return _print(root, lambda work: reset_password(work, user_name, totp_off=totp_off), _password(user_name))


def _password(user_name: str) -> str:
    return (
        f"User name          {user_name}\nOne-time password  {{}}\n"
        "It is shown this once, ends in seven days, and is changed at the first logon."
    )


def _print(root: Path, do: Do, form: str) -> int:
    """The exit status: 1 where it is refused, 2 where there is no Callboard. One may run there meanwhile."""
    data = open_data(root)
    if not data.database(service.name).exists():
        print(f"There is no Callboard in {data.root}. Name its folder with --data.", file=sys.stderr)
        return 2
    settings = settings_of(service, data)
    running: Running[Any] = Running(service, settings, Database(settings.database_url), LocalBus())
    try:
        print(form.format(asyncio.run(_do(running, do))))
    except Problem as problem:
        print(problem.title, file=sys.stderr)
        return 1
    return 0


async def _do(running: Running[Any], do: Do) -> str:
    try:
        async with running.work() as work:
            return await do(work)
    finally:
        await running.database.close()
