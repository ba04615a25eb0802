"""How often passwords may be tried, counted in the database so that it holds across replicas.

A try is counted before the password is looked at, so that many at once gain nothing. From a device that this
account logged on from before, only that device's own count matters: whoever fills the others cannot keep the
owner out (OWASP, "Slow down online guessing attacks with device cookies").
"""

import hashlib
import secrets
from collections.abc import Sequence
from datetime import datetime, timedelta
from functools import cache
from ipaddress import IPv6Address, ip_address
from typing import Any, NamedTuple
from uuid import UUID

from pydantic import SecretStr
from shared.db import Row, UtcDateTime
from shared.problems import Problem
from shared.secrets import SecretUnreadable, seal, unseal
from shared.work import Work
from sqlalchemy import bindparam, case, delete, update
from sqlalchemy.dialects import postgresql, sqlite

from portal_api.models.accounts import attempt

WINDOW = timedelta(minutes=15)
DEVICE_DAYS = 180
MOST_INVITATIONS = 10
"""In a day. Who was taken off the list counts as well: a repeat is one more mail."""


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


def budgets(
    settings: Any,
    *,
    user_name: str,
    address: str,
    device: str | None,
    password_hash: str | None,
    now: datetime,
) -> list[Budget]:
    """What a try at this user name is counted under. `device` is the cookie that came with it,
    `password_hash` that of the account, if there is one."""
    known = _known(settings, device, user_name, password_hash, now) if device and password_hash else None
    if known is not None:
        return [Budget(f"device:{_short(f'{user_name} {known}')}", settings.logon_attempts)]
    return [address_budget(settings, address), account_budget(settings, user_name)]


def device_cookie(user_name: str) -> str:
    """A cookie for each person who uses a device."""
    return f"__Host-device-{_short(user_name)[:12]}"


def new_device(settings: Any, user_name: str, password_hash: str, now: datetime) -> str:
    """The cookie's value after a logon. It is good for DEVICE_DAYS, and for this password only: whoever has
    an old one guesses no better than a stranger."""
    ends = int((now + timedelta(days=DEVICE_DAYS)).timestamp())
    held = f"{ends} {_short(password_hash)} {secrets.token_hex(16)} {user_name}"
    return seal(settings, SecretStr(held), "device")


def _known(settings: Any, device: str, user_name: str, password_hash: str, now: datetime) -> str | None:
    """The device's own name. Of the cookie's text nothing counts but what is sealed in it."""
    try:
        held = unseal(settings, device, "device").get_secret_value().split(" ", 3)
    except SecretUnreadable:
        return None
    match held:
        case [ends, version, name, owner] if owner == user_name and version == _short(password_hash):
            return name if now.timestamp() < int(ends) else None
        case _:
            return None


def _short(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:40]


def invitation_budget(location_id: UUID) -> Budget:
    """Of a household: each is a mail under the contractor's name, to anybody."""
    return Budget(f"invitations:{location_id}", MOST_INVITATIONS)


async def spend(work: Work[Any], tries: Sequence[Budget], window: timedelta = WINDOW) -> int | None:
    """Counts one try under each key. Gives back how many seconds to wait, if one is used up."""
    keys = {f"key_{place}": budget.key for place, budget in enumerate(tries)}
    statement = _counted(work.session.get_bind().dialect.name, len(tries))
    times = {"now": work.now, "until": work.now + window}
    counted: Sequence[Row] = (await work.session.execute(statement, {**keys, **times})).all()
    most = {budget.key: budget.most for budget in tries}
    ends = [ends_at for key, count, ends_at in counted if count > most[key]]
    return max(1, round((max(ends) - work.now).total_seconds())) if ends else None


@cache  # to build it takes longer than to count
def _counted(dialect: str, keys: int) -> Any:
    build: Any = sqlite.insert if dialect == "sqlite" else postgresql.insert
    until, now = (bindparam(name, type_=UtcDateTime()) for name in ("until", "now"))
    new = [{"key": bindparam(f"key_{place}"), "count": 1, "ends_at": until} for place in range(keys)]
    row, over = build(attempt).values(new), attempt.c.ends_at <= now
    again = {
        "count": case((over, 1), else_=attempt.c.count + 1),
        "ends_at": case((over, row.excluded.ends_at), else_=attempt.c.ends_at),
    }
    return row.on_conflict_do_update(index_elements=["key"], set_=again).returning(attempt)


def too_many(seconds: int) -> Problem:
    problem = Problem(
        429, "Too many tries", f'Wait {seconds} seconds, or choose a new password by "I lost my password".'
    )
    problem.headers["Retry-After"] = str(seconds)
    return problem


_THIS = attempt.c.key == bindparam("this")
_GIVE_BACK = update(attempt).where(_THIS).values(count=attempt.c.count - 1)
_FORGET = delete(attempt).where(_THIS)


async def forgive(work: Work[Any], tries: Sequence[Budget]) -> None:
    """After a success the account and the device begin anew; the address gets back this one try, since
    others may share it."""
    for budget in tries:
        statement = _GIVE_BACK if budget.key.startswith("address:") else _FORGET
        await work.session.execute(statement, {"this": budget.key})


async def sweep_attempts(work: Work[Any]) -> None:
    await work.session.execute(delete(attempt).where(attempt.c.ends_at <= work.now))
