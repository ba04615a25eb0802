"""Accounts at gateways: their settings, of which the secret ones are only ever written."""

import json
from typing import Any
from urllib.parse import urlsplit
from uuid import UUID

from pydantic import SecretStr, ValidationError
from shared.db import Row, uuid7
from shared.etag import check_version
from shared.hosts import HostRefused, HostUnknown, resolve
from shared.kept import stay_with_destination
from shared.problems import Problem, not_found
from shared.secrets import seal
from shared.work import Work
from sqlalchemy import delete, insert, select, update

from payments.gateways import ACCOUNTS, WITHOUT_PAGE
from payments.gateways.accounts import secrets_of
from payments.models import gateway_account, gateway_token
from payments.queries import sandbox_money
from payments.tools import fields_of, place_of

_AUDITED = ("avs_policy", "cvv_policy", "default_cards", "default_portal", "name")


async def add(work: Work[Any], *, gateway: str, fields: dict[str, Any], who: str, **about: Any) -> Row:
    """Raises 422 for a gateway or fields that do not fit."""
    if gateway not in ACCOUNTS:
        raise Problem(422, "There is no such gateway", f"One of: {', '.join(sorted(ACCOUNTS))}.")
    id = uuid7()
    row = {"id": id, "version": 1, "gateway": gateway, "closed": False, **about}
    row |= {"created_at": work.now, "updated_at": work.now, **await _checked(work, id, gateway, fields)}
    await _only_default(work, id, gateway, about)
    await work.session.execute(insert(gateway_account), [row])
    return await _told(work, id, "gateway.added", who)


async def edit(
    work: Work[Any], *, id: UUID, based_on: int, fields: dict[str, Any] | None, who: str, **about: Any
) -> Row:
    """Fields that are not named stay as they are, secrets too."""
    row = await locked(work, id)
    check_version(based_on, row.version)
    values = {**about, "version": row.version + 1, "updated_at": work.now}
    if fields is not None:
        checked = await _checked(work, id, row.gateway, {**fields_of(work.settings, row), **fields})
        if _moved(work, row, checked["options"], fields):  # what was connected there must be connected here
            await work.session.execute(delete(gateway_token).where(gateway_token.c.account_id == id))
        values |= checked
    await _only_default(work, id, row.gateway, about)
    await work.session.execute(update(gateway_account).where(gateway_account.c.id == id).values(values))
    return await _told(work, id, "gateway.changed", who)


def _moved(work: Work[Any], row: Row, options: dict[str, Any], fields: dict[str, Any]) -> bool:
    """Whether the account is another one or elsewhere from now on. Raises 422 where a kept secret would move
    with it."""
    model, before = ACCOUNTS[row.gateway], fields_of(work.settings, row)
    destination = model.model_fields.keys() - secrets_of(model) - model.harmless
    kept = [name for name in secrets_of(model) - fields.keys() if before.get(name)]
    missing = [f"/body/fields/{name}" for name in kept]
    stay_with_destination(before=before, after=options, destination=destination, missing=missing)
    return any(before.get(name) != options.get(name) for name in destination)


async def tested(work: Work[Any], *, id: UUID, said: str) -> None:
    values = {"tested_at": work.now, "test_result": said[:300]}
    await work.session.execute(update(gateway_account).where(gateway_account.c.id == id).values(values))


async def locked(work: Work[Any], id: UUID) -> Row:
    query = select(gateway_account).where(gateway_account.c.id == id).with_for_update()
    found = (await work.session.execute(query)).one_or_none()
    if found is None:
        raise not_found("gateway account")
    return found


async def chosen(work: Work[Any], *, id: UUID | None, portal: bool) -> Row:
    """The account that was asked for, or the default. Raises 404, and 409 where none is set."""
    column = gateway_account.c.default_portal if portal else gateway_account.c.default_cards
    query = select(gateway_account).where(~gateway_account.c.closed)
    query = query.where(column if id is None else gateway_account.c.id == id)
    found = (await work.session.execute(query)).one_or_none()
    if found is None and id is not None:
        raise not_found("gateway account")
    if found is None:
        found = await _sandbox(work)
    if found is None:
        raise Problem(
            409,
            "Payments by card are not set up",
            "The office must set up a card service and make it the default.",
        )
    await sandbox_money.refuse(work.session, found.gateway)
    return found


async def _sandbox(work: Work[Any]) -> Row | None:
    """The simulated gateway as an account, where nobody has ever set up another."""
    any_account = (await work.session.execute(select(gateway_account.c.id).limit(1))).first()
    if any_account is not None or not work.settings.sandbox_url:
        return None
    rules = {"avs_policy": "record", "cvv_policy": "record", "default_cards": True, "default_portal": True}
    return await add(work, gateway="sandbox", name="Sandbox", fields={}, who="callboard", **rules)


async def _checked(work: Work[Any], id: UUID, gateway: str, fields: dict[str, Any]) -> dict[str, Any]:
    model = ACCOUNTS[gateway]
    try:
        account = model.model_validate(fields)
    except ValidationError as error:
        errors = [
            {"pointer": "/body/fields/" + "/".join(str(step) for step in each["loc"]), "detail": each["msg"]}
            for each in error.errors(include_input=False, include_url=False)
        ]
        raise Problem(422, "The account does not fit", errors=errors) from None
    secret, plain = dict[str, str](), dict[str, Any]()
    for name in model.model_fields:
        value = getattr(account, name)
        if isinstance(value, SecretStr):
            secret[name] = value.get_secret_value()
        else:
            plain[name] = value
        if value and name.endswith("url"):
            await _reachable(work, str(value))
    sealed = seal(work.settings, SecretStr(json.dumps(secret)), place_of(id))
    return {"options": plain, "secrets": sealed}


async def _reachable(work: Work[Any], url: str) -> None:
    parts = urlsplit(url)
    port = parts.port or (443 if parts.scheme == "https" else 80)
    try:
        await resolve(parts.hostname or "", port, allow_private=work.settings.private_hosts_allowed)
    except HostUnknown:
        return  # testing the connection will say so
    except HostRefused as error:
        raise Problem(422, "This address cannot be used", str(error)) from None


async def _only_default(work: Work[Any], id: UUID, gateway: str, about: dict[str, Any]) -> None:
    """There is one default of each kind: the newest choice."""
    if about.get("default_portal") and gateway in WITHOUT_PAGE:
        raise Problem(
            422, "This card service has no payment page", "Choose another one as the portal's default."
        )
    for name in ("default_cards", "default_portal"):
        if about.get(name):
            others = update(gateway_account).where(gateway_account.c[name], gateway_account.c.id != id)
            await work.session.execute(others.values({name: False}))


async def _told(work: Work[Any], id: UUID, action: str, who: str) -> Row:
    row = (await work.session.execute(select(gateway_account).where(gateway_account.c.id == id))).one()
    after = {name: getattr(row, name) for name in (*_AUDITED, "gateway", "closed")}
    work.audit(who=who, action=action, subject=id, after=after)
    work.tools.listening.clear()
    return row
