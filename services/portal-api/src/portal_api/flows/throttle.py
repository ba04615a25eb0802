"""How often passwords may be tried, counted in the database so that it holds across replicas.

A try is counted before the password is looked at, so that many at once gain nothing. From a device that this
account logged on from before, only that device's own count matters: whoever fills the others cannot keep the
owner out (OWASP, "Slow down online guessing attacks with device cookies").
"""

import hashlib
from collections.abc import Sequence
from datetime import timedelta
from ipaddress import IPv6Address, ip_address
from typing import Any, NamedTuple

from pydantic import SecretStr
from shared.db import Row
from shared.problems import Problem
from shared.secrets import SecretUnreadable, seal, unseal
from shared.work import Work
from sqlalchemy import case, delete, update
from sqlalchemy.dialects import postgresql, sqlite

from portal_api.models.accounts import attempt

WINDOW = timedelta(minutes=15)
DEVICE_DAYS = 180


class Budget(NamedTuple):
    """So many tries in WINDOW under this key."""

    key: str
    most: int


def account_budget(settings: Any, user_name: str) -> Budget:
    return Budget(f"account:{_short(user_name)}", settings.logon_attempts)


def address_budget(settings: Any, address: str, what: str = "address") -> Budget:
    """An IPv6 customer has a whole /64, so that is one address."""
    try:
        parsed = ip_address(address)
    except ValueError:
        parsed = None
    if isinstance(parsed, IPv6Address):
        address = str(IPv6Address(int(parsed) >> 64 << 64))
    return Budget(f"{what}:{_short(address)}", settings.address_attempts)


def budgets(settings: Any, *, user_name: str, address: str, device: str | None) -> list[Budget]:
    """What a try at this user name is counted under. `device` is the cookie that came with it."""
    if device and _knows(settings, device, user_name):
        return [Budget(f"device:{_short(device)}", settings.logon_attempts)]
    return [address_budget(settings, address), account_budget(settings, user_name)]


def device_cookie(user_name: str) -> str:
    """A cookie for each person who uses a device."""
    return f"__Host-device-{_short(user_name)[:12]}"


def new_device(settings: Any, user_name: str) -> str:
    """The cookie's value after a logon."""
    return seal(settings, SecretStr(user_name), "device")


def _knows(settings: Any, device: str, user_name: str) -> bool:
    try:
        return unseal(settings, device, "device").get_secret_value() == user_name
    except (SecretUnreadable, ValueError):
        return False


def _short(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:40]


async def spend(work: Work[Any], tries: Sequence[Budget]) -> int | None:
    """Counts one try under each key. Gives back how many seconds to wait, if one is used up."""
    wait: list[int] = []
    build: Any = sqlite.insert if work.session.get_bind().dialect.name == "sqlite" else postgresql.insert
    for budget in tries:
        row = build(attempt).values(key=budget.key, count=1, ends_at=work.now + WINDOW)
        over = attempt.c.ends_at <= work.now
        again = row.on_conflict_do_update(
            index_elements=["key"],
            set_={
                "count": case((over, 1), else_=attempt.c.count + 1),
                "ends_at": case((over, row.excluded.ends_at), else_=attempt.c.ends_at),
            },
        ).returning(attempt.c.count, attempt.c.ends_at)
        counted: Row = (await work.session.execute(again)).one()
        count, ends_at = counted
        if count > budget.most:
            wait.append(max(1, round((ends_at - work.now).total_seconds())))
    return max(wait, default=None)


def too_many(seconds: int) -> Problem:
    problem = Problem(
        429, "Too many tries", f'Wait {seconds} seconds, or choose a new password by "I lost my password".'
    )
    problem.headers["Retry-After"] = str(seconds)
    return problem


async def forgive(work: Work[Any], tries: Sequence[Budget]) -> None:
    """After a success the account and the device begin anew; the address gets back this one try, since
    others may share it."""
    for budget in tries:
        mine = attempt.c.key == budget.key
        if budget.key.startswith("address:"):
            await work.session.execute(update(attempt).where(mine).values(count=attempt.c.count - 1))
        else:
            await work.session.execute(delete(attempt).where(mine))


async def sweep_attempts(work: Work[Any]) -> None:
    await work.session.execute(delete(attempt).where(attempt.c.ends_at <= work.now))
