"""A password is tried: counted first, then looked at."""

from collections.abc import Sequence
from typing import Any, NamedTuple

from fastapi import Request
from pydantic import SecretStr
from shared.db import Row
from shared.problems import Problem

from portal_api import passwords
from portal_api.api.signed_in import address_of
from portal_api.flows.accounts import hashed_with
from portal_api.flows.throttle import Budget, budgets, device_cookie, spend, too_many
from portal_api.queries.accounts import by_user_name


class Tried(NamedTuple):
    """`account` is None where nobody has this name; `renewed` is as `passwords.verify_password` gives it.
    `spent` is what a success gives back (`flows.throttle.forgive`)."""

    right: bool
    account: Row | None
    renewed: str | None
    spent: Sequence[Budget]


async def try_password(request: Request, here: Any, user_name: str, password: SecretStr) -> Tried:
    """Raises 429 for too many tries, and 503 where too many are hashed at once."""
    async with here.work() as work:
        account = await by_user_name(work.session, user_name)
        tries = budgets(
            here.settings,
            user_name=user_name,
            address=address_of(request),
            device=request.cookies.get(device_cookie(user_name)),
            password_hash=account and account.password_hash,
            now=work.now,
        )
        wait = await spend(work, tries)
    if wait is not None:
        raise too_many(wait)
    # no transaction waits for the hash, and it is made for unknown names too
    try:
        right, renewed = await passwords.verify_password(
            password.get_secret_value(),
            account and account.password_hash,
            memory_kib=here.settings.password_memory_kib,
            time=here.settings.password_time,
        )
    except passwords.Overloaded:
        raise _busy() from None
    return Tried(right, account, renewed, tries)


async def hashed(here: Any, password: str) -> str:
    """A new password's hash. Raises 503 where too many are hashed at once."""
    try:
        return await hashed_with(here.settings, password)
    except passwords.Overloaded:
        raise _busy() from None


def _busy() -> Problem:
    problem = Problem(503, "Too many people sign in just now", "Try again in 5 seconds.")
    problem.headers["Retry-After"] = "5"
    return problem
