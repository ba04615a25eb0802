"""/v1/gateways and /v1/gateway-accounts: the card services"""

from typing import Any
from uuid import UUID

from fastapi import APIRouter, Response
from pydantic import SecretStr
from shared.db import Row
from shared.etag import BasedOn, set_etag
from sqlalchemy import select

from payments.api.depends import Admin, At, Office, Reading, Writing
from payments.api.guard import LISTED
from payments.flows import accounts
from payments.flows.tokens import gateway_of
from payments.gateways import ACCOUNTS
from payments.gateways.base import Result
from payments.models import gateway_account
from payments.queries.gateways import shown
from payments.queries.invoices import one
from payments.schemas.gateways import GatewayEdit, GatewayKind, GatewayNew, GatewayOut, Tested
from payments.tools import guarded

router = APIRouter(prefix="/v1", tags=["gateways"], dependencies=LISTED)


@router.get("/gateways")
async def list_gateways(_who: Office) -> list[GatewayKind]:
    """Those that can be set up, with the fields of their forms."""
    return [
        GatewayKind(name=name, form=model.model_json_schema(), links=model.links)
        for name, model in sorted(ACCOUNTS.items())
    ]


@router.get("/gateway-accounts")
async def list_accounts(_who: Office, at: At, read: Reading) -> list[GatewayOut]:
    rows = await read.execute(select(gateway_account).order_by(gateway_account.c.id))
    return await shown(read, at.settings, rows.all())


@router.post("/gateway-accounts", status_code=201)
async def create_account(who: Admin, work: Writing, response: Response, body: GatewayNew) -> GatewayOut:
    """Secrets are stored sealed and never given out again. A new default takes the place of the old one."""
    about = body.model_dump(exclude={"fields"})
    row = await accounts.add(work, fields=_plain(body.fields), who=who.subject, **about)
    response.headers["Location"] = f"/v1/gateway-accounts/{row.id}"
    return await _shown(response, work.session, work.settings, row)


@router.get("/gateway-accounts/{id}")
async def read_account(_who: Office, at: At, read: Reading, response: Response, id: UUID) -> GatewayOut:
    row = await one(read, gateway_account, id, called="gateway account")
    return await _shown(response, read, at.settings, row)


@router.patch("/gateway-accounts/{id}")
async def edit_account(
    who: Admin, work: Writing, response: Response, id: UUID, based_on: BasedOn, body: GatewayEdit
) -> GatewayOut:
    about = body.model_dump(exclude={"fields"}, exclude_unset=True)
    fields = _plain(body.fields) if "fields" in body.model_fields_set else None
    row = await accounts.edit(work, id=id, based_on=based_on, fields=fields, who=who.subject, **about)
    return await _shown(response, work.session, work.settings, row)


@router.post("/gateway-accounts/{id}/test")
async def check_account(_who: Admin, at: At, id: UUID) -> Tested:
    """Asks the gateway whether the account is good. Moves no money."""
    async with at.database.read() as read:
        row = await one(read, gateway_account, id, called="gateway account")
    result = await guarded(at.settings, gateway_of(at, row).check_connection())
    said = "The account works." if result.outcome == "approved" else _wrong(result)
    async with at.work() as work:
        await accounts.tested(work, id=id, said=said)
    return Tested(ok=result.outcome == "approved", said=said)


def _wrong(result: Result) -> str:
    what = result.message or result.code or result.outcome
    return f"The account does not work: {what}"


def _plain(fields: dict[str, SecretStr]) -> dict[str, Any]:
    return {name: value.get_secret_value() for name, value in fields.items()}


async def _shown(response: Response, read: Any, settings: Any, row: Row) -> GatewayOut:
    set_etag(response, row.version)
    return (await shown(read, settings, [row]))[0]
