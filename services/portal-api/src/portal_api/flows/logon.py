"""Logging on, and the second factor of staff (RFC 6238)."""

import hmac
import secrets
from typing import Any
from uuid import UUID

from pydantic import SecretStr
from pyotp import random_base32
from pyotp.totp import TOTP
from shared.db import Row
from shared.problems import Problem, conflict
from shared.secrets import seal, unseal
from shared.work import Work
from sqlalchemy import delete, insert, update

from portal_api import passwords
from portal_api.flows.accounts import locked
from portal_api.flows.sessions import begin
from portal_api.models.accounts import account, recovery_code

RECOVERY_CODES = 10
_STEP = 30  # seconds of one code; the one before and the one after count too, for clocks that differ


def refused() -> Problem:
    """Says the same whatever was wrong: nobody learns which names there are."""
    return Problem(401, "User name or password is not right", 'Try again, or choose "I lost my password".')


async def log_on(
    work: Work[Any], verified: Row, *, code: str | None, renewed: str | None, address: str, agent: str
) -> str:
    """Begins a session for an account whose password was right a moment ago, and gives back its token.
    `renewed` is the password's hash at today's cost, where the kept one was made at another. Raises 401
    where the account has changed since, and where the second factor is missing or wrong."""
    row = await locked(work, verified.id)
    ended = row["password_ends_at"] is not None and row["password_ends_at"] <= work.now
    if row["password_hash"] != verified.password_hash or ended:
        raise refused()
    if row["totp_on"]:
        if not code:
            raise Problem(
                401, "A code is needed too", "Send `code` from the authenticator app.", code_needed=True
            )
        if not (await _use_code(work, row, code) or await _use_recovery_code(work, row["id"], code)):
            raise Problem(
                401, "This code is not right", "Each code works once: wait for the next.", code_needed=True
            )
    values: dict[str, Any] = {"password_hash": renewed} if renewed else {}
    if row["password_ends_at"] is not None:  # a one-time password: this was the time
        values["password_ends_at"] = work.now
    if values:
        await work.session.execute(update(account).where(account.c.id == row["id"]).values(values))
    work.audit(who=str(row["id"]), action="account.logged_on", subject=row["id"], after={"address": address})
    return await begin(work, row["id"], address=address, agent=agent)


async def begin_totp(work: Work[Any], id: UUID, company: str) -> tuple[str, str, str]:
    """A new secret, its otpauth:// address and that as a QR code (SVG). It counts once `turn_on_totp` has
    seen a code made with it."""
    import segno  # late: once in the life of an account

    row = await locked(work, id, "staff")
    if row["totp_on"]:
        raise conflict("The second factor is on already", "Turn it off first.")
    secret = random_base32()
    sealed = seal(work.settings, SecretStr(secret), totp_place(id))
    await work.session.execute(update(account).where(account.c.id == id).values(totp=sealed, totp_step=None))
    uri = TOTP(secret).provisioning_uri(name=row["user_name"], issuer_name=company)
    return secret, uri, segno.make(uri, error="m").svg_inline(scale=4)


async def turn_on_totp(work: Work[Any], id: UUID, code: str) -> list[str]:
    """From now on a logon needs a code. Gives back the recovery codes, which are kept hashed."""
    row = await locked(work, id, "staff")
    if row["totp_on"] or row["totp"] is None:
        raise conflict("There is no second factor to turn on", "Begin with POST /v1/session/totp.")
    if not await _use_code(work, row, code):
        raise Problem(
            422, "This code is not right", "Check the clock of the telephone, and try the next code."
        )
    await work.session.execute(update(account).where(account.c.id == id).values(totp_on=True))
    codes = ["-".join((secrets.token_hex(4), secrets.token_hex(4))) for _ in range(RECOVERY_CODES)]
    await work.session.execute(delete(recovery_code).where(recovery_code.c.account_id == id))
    rows = [{"account_id": id, "code_hash": passwords.digest(each)} for each in codes]
    await work.session.execute(insert(recovery_code), rows)
    work.audit(who=str(id), action="account.totp_turned_on", subject=id)
    return codes


async def turn_off_totp(work: Work[Any], id: UUID, *, who: str) -> None:
    await locked(work, id, "staff")
    values = {"totp": None, "totp_on": False, "totp_step": None}
    await work.session.execute(update(account).where(account.c.id == id).values(values))
    await work.session.execute(delete(recovery_code).where(recovery_code.c.account_id == id))
    work.audit(who=who, action="account.totp_turned_off", subject=id)


async def _use_code(work: Work[Any], row: dict[str, Any], code: str) -> bool:
    """Whether the code is right and newer than the last that was used: each works once. The account's row is
    locked, so of two at once one is the last."""
    totp = TOTP(unseal(work.settings, row["totp"], totp_place(row["id"])).get_secret_value())
    now = int(work.now.timestamp()) // _STEP
    steps = [step for step in (now - 1, now, now + 1) if step > (row["totp_step"] or 0)]
    given = code.strip().encode(errors="replace")
    right = [step for step in steps if hmac.compare_digest(totp.generate_otp(step).encode(), given)]
    if not right:
        return False
    await work.session.execute(update(account).where(account.c.id == row["id"]).values(totp_step=right[0]))
    return True


async def _use_recovery_code(work: Work[Any], id: UUID, code: str) -> bool:
    mine = (recovery_code.c.account_id == id) & (
        recovery_code.c.code_hash == passwords.digest(code.strip().lower())
    )
    used = await work.session.execute(delete(recovery_code).where(mine).returning(recovery_code.c.account_id))
    if used.first() is None:
        return False
    work.audit(who=str(id), action="account.recovery_code_used", subject=id)
    return True


def totp_place(id: UUID) -> str:
    return f"account/{id}/totp"
