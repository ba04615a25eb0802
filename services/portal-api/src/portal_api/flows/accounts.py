"""Accounts: made, invited, changed and closed. Staff and customers are rows of one table."""

from collections.abc import Mapping
from datetime import timedelta
from typing import Any, Literal
from uuid import UUID

from shared.db import uuid7
from shared.etag import check_version
from shared.events.portal import AccountClosed, AccountInvited
from shared.problems import conflict, not_found
from shared.work import Work
from sqlalchemy import bindparam, delete, insert, select, update
from sqlalchemy.exc import IntegrityError

from portal_api import passwords
from portal_api.flows.sessions import end_sessions
from portal_api.models.accounts import account, password_reset, recovery_code
from portal_api.models.records import location_record

Row = dict[str, Any]
Reason = Literal["revoked", "location_closed", "customer_merged"]
ONE_TIME = timedelta(days=7)
_SHOWN = ("kind", "user_name", "name", "email", "role", "customer_id", "location_id", "state")


async def create_staff(
    work: Work[Any], user_name: str, name: str, role: str, password: str | None = None
) -> UUID:
    """A member of the office, or a technician. A password given here does not end by itself, but must be
    changed at the first logon. Raises 409 for a user name that is taken."""
    hashed = await hashed_with(work.settings, password) if password else None
    email = user_name if "@" in user_name else None
    values = {"kind": "staff", "user_name": user_name.lower(), "name": name, "email": email, "role": role}
    row = await _add(
        work, {**values, "password_hash": hashed, "must_change": password is not None}, who="callboard"
    )
    return row["id"]


async def hashed_with(settings: Any, password: str) -> str:
    """Hash first, then open the transaction: it must not wait for the hash."""
    return await passwords.hash_password(
        password, memory_kib=settings.password_memory_kib, time=settings.password_time
    )


async def add_staff(work: Work[Any], *, email: str, name: str, role: str, who: str) -> Row:
    values = {"kind": "staff", "user_name": email.lower(), "name": name, "email": email, "role": role}
    return await _add(work, values, who=who)


async def invite(
    work: Work[Any],
    *,
    location_id: UUID,
    email: str,
    name: str,
    administrator: bool,
    who: str,
    state: str = "invited",
) -> Row:
    """An account for a customer's location; its user name is the e-mail address. Raises 404 for a location
    that is not there or closed, and 409 for a user name that is taken."""
    place = (
        await work.session.execute(select(location_record).where(location_record.c.id == location_id))
    ).one_or_none()
    if place is None or place.closed:
        raise not_found("location")
    values = {"kind": "customer", "user_name": email.lower(), "name": name, "email": email, "state": state}
    owner = {"customer_id": place.customer_id, "location_id": location_id}
    row = await _add(work, {**values, **owner, "role": customer_role(administrator)}, who=who)
    if state == "invited":
        told: Row = {"customer_id": place.customer_id, "email": email, "administrator": administrator}
        work.emit(AccountInvited(account_id=row["id"], location_id=location_id, **told), row["id"])
    return row


def customer_role(administrator: bool) -> str:
    return "customer.admin" if administrator else "customer"


async def _add(work: Work[Any], values: Row, *, who: str) -> Row:
    row: Row = {
        "id": uuid7(),
        "customer_id": None,
        "location_id": None,
        "password_hash": None,
        "must_change": False,
        "totp_on": False,
        "state": "invited",
        "version": 1,
        "created_at": work.now,
        **values,
    }
    try:
        await work.session.execute(insert(account), [row])
    except IntegrityError:
        raise conflict("This user name is taken", "Each person has one account: use that one.") from None
    work.audit(who=who, action="account.created", subject=row["id"], after=_shown(row))
    return await locked(work, row["id"])


_LOCKED = (
    select(account).where(account.c.id == bindparam("id"), account.c.state != "closed").with_for_update()
)


async def locked(work: Work[Any], id: UUID, kind: str | None = None) -> Row:
    """The account, held until this transaction ends. Raises 404 for one that is closed or of another kind."""
    found = (await work.session.execute(_LOCKED, {"id": id})).mappings().one_or_none()
    if found is None or kind not in (None, found["kind"]):
        raise not_found("account")
    return dict(found)


async def edit(
    work: Work[Any], id: UUID, *, kind: str, based_on: int, values: Mapping[str, Any], who: str
) -> Row:
    """Changes name or role. Another role ends the sessions. Raises 404, 412, and 409 for the last
    administrator of the office."""
    was = await locked(work, id, kind)
    check_version(based_on, was["version"])
    changed = {name: value for name, value in values.items() if was[name] != value}
    if not changed:
        return was
    if "role" in changed:
        await _keep_an_administrator(work, was)
        await end_sessions(work, id)
    await _write(work, id, {**changed, "version": was["version"] + 1})
    before = {name: was[name] for name in changed}
    work.audit(who=who, action="account.changed", subject=id, before=before, after=changed)
    return {**was, **changed, "version": was["version"] + 1}


async def give_one_time_password(
    work: Work[Any], id: UUID, *, kind: str, hashed: str, action: str, who: str
) -> Row:
    """The account takes this password once, within seven days; what was valid before no longer is."""
    was = await locked(work, id, kind)
    one_time = {"password_hash": hashed, "must_change": True, "password_ends_at": work.now + ONE_TIME}
    await _write(work, id, one_time)
    await end_sessions(work, id)
    await work.session.execute(delete(password_reset).where(password_reset.c.account_id == id))
    work.audit(who=who, action=action, subject=id)
    return {**was, **one_time}


async def choose_password(work: Work[Any], id: UUID, *, hashed: str, action: str, who: str) -> None:
    """The person's own choice: all sessions and links end, and the account is active."""
    chosen = {"password_hash": hashed, "must_change": False, "password_ends_at": None, "state": "active"}
    await _write(work, id, chosen)
    await end_sessions(work, id)
    await work.session.execute(delete(password_reset).where(password_reset.c.account_id == id))
    work.audit(who=who, action=action, subject=id)


async def close(
    work: Work[Any], id: UUID, *, kind: str, based_on: int, who: str, reason: Reason = "revoked"
) -> None:
    """Ends an account for good; its user name may be invited again. Raises 404, 412, and 409 for the last
    administrator of the office."""
    was = await locked(work, id, kind)
    check_version(based_on, was["version"])
    await _keep_an_administrator(work, was)
    await _close(work, was, reason=reason, who=who)


async def close_for_location(work: Work[Any], location_id: UUID, reason: Reason = "location_closed") -> None:
    """Closes all accounts of a location."""
    query = select(account).where(account.c.location_id == location_id, account.c.state != "closed")
    for row in (await work.session.execute(query.with_for_update())).mappings().all():
        await _close(work, dict(row), reason=reason, who="callboard")


async def _close(work: Work[Any], was: Row, *, reason: Reason, who: str) -> None:
    id = was["id"]
    secrets = {"password_hash": None, "totp": None, "totp_on": False, "password_ends_at": None}
    await _write(work, id, {**secrets, "state": "closed", "version": was["version"] + 1})
    await end_sessions(work, id)
    for table in (password_reset, recovery_code):
        await work.session.execute(delete(table).where(table.c.account_id == id))
    work.audit(
        who=who, action="account.closed", subject=id, before={"state": was["state"]}, after={"reason": reason}
    )
    if was["location_id"] is not None and was["state"] != "elsewhere":
        work.emit(AccountClosed(account_id=id, location_id=was["location_id"], reason=reason), id)


async def _keep_an_administrator(work: Work[Any], was: Row) -> None:
    """Somebody must be able to let others in. The rows are locked, so that two do not remove each other."""
    if was["role"] != "office.admin" or was["state"] != "active":
        return
    admins = (account.c.role == "office.admin") & (account.c.state == "active")
    query = select(account.c.id).where(admins).order_by(account.c.id).with_for_update()
    if len((await work.session.execute(query)).all()) < 2:
        raise conflict(
            "This is the last administrator of the office",
            "Make somebody else an administrator, who must have logged on once.",
        )


async def _write(work: Work[Any], id: UUID, values: Mapping[str, Any]) -> None:
    await work.session.execute(update(account).where(account.c.id == id).values(**values))


def _shown(row: Row) -> Row:
    return {name: str(row[name]) if row[name] is not None else None for name in _SHOWN}
