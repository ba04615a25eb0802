"""Routes: the office's status codes, and each partner's association of them with its own."""

from typing import Annotated, Any

from fastapi import APIRouter, Path, Response
from shared.etag import BasedOn, set_etag
from shared.problems import not_found

from dispatch.api.base import Admin, Office, Reading, Rows, Staff, Writing
from dispatch.flows.codes import add_code, associate, edit_code
from dispatch.models import status_code
from dispatch.queries import associations, lists, one
from dispatch.schemas.base import Partner
from dispatch.schemas.partners import (
    AssociationIn,
    AssociationOut,
    DryRunOut,
    StatusCodeEdit,
    StatusCodeNew,
    StatusCodeOut,
)
from dispatch.status import StatusMap

router = APIRouter()

Code = Annotated[str, Path(max_length=60)]


@router.get("/v1/status-codes", response_model=list[StatusCodeOut], tags=["status codes"])
async def read_codes(_who: Staff, read: Reading) -> Rows:
    """All of them, retired ones too, in the office's order."""
    return await lists.status_codes(read)


@router.post("/v1/status-codes", status_code=201, tags=["status codes"])
async def create_code(who: Admin, work: Writing, body: StatusCodeNew) -> StatusCodeOut:
    await add_code(work, values=body.model_dump(), who=who.subject)
    return StatusCodeOut.model_validate(dict(await one(work.session, status_code, body.code, "status code")))


@router.get("/v1/status-codes/{code}", tags=["status codes"])
async def read_code(_who: Staff, read: Reading, code: Code, response: Response) -> StatusCodeOut:
    row = await one(read, status_code, code, "status code")
    set_etag(response, row["version"])
    return StatusCodeOut.model_validate(dict(row))


@router.put("/v1/status-codes/{code}", tags=["status codes"])
async def replace_code(
    who: Admin, work: Writing, code: Code, based_on: BasedOn, body: StatusCodeEdit, response: Response
) -> StatusCodeOut:
    """Edits or retires a code. Its word stays: dispatches and associations name it."""
    await edit_code(work, code=code, based_on=based_on, values=body.model_dump(), who=who.subject)
    row = await one(work.session, status_code, code, "status code")
    set_etag(response, row["version"])
    return StatusCodeOut.model_validate(dict(row))


@router.get("/v1/status-associations", tags=["status associations"])
async def read_associations(_who: Office, read: Reading) -> list[AssociationOut]:
    """The association in force of each partner, with its gaps."""
    return [await _out(read, row) for row in await lists.association_versions(read)]


@router.get("/v1/status-associations/{partner}", tags=["status associations"])
async def read_association(
    _who: Office, read: Reading, partner: Partner, response: Response
) -> list[AssociationOut]:
    """Every version, the one in force first; its number is the ETag."""
    rows = await lists.association_versions(read, partner)
    if not rows:
        raise not_found("association")
    set_etag(response, rows[0]["version"])
    return [await _out(read, row) for row in rows]


@router.put("/v1/status-associations/{partner}", tags=["status associations"])
async def replace_association(
    who: Admin, work: Writing, partner: Partner, based_on: BasedOn, body: AssociationIn, response: Response
) -> AssociationOut:
    """Puts a new version in force. `If-Match: "0"` makes a partner's first one."""
    new = _map(body)
    await associate(work, partner=partner, based_on=based_on, new=new, note=body.note, who=who.subject)
    (row, *_) = await lists.association_versions(work.session, partner)
    set_etag(response, row["version"])
    return await _out(work.session, row)


@router.post("/v1/status-associations/{partner}/dry-run", tags=["status associations"])
async def try_association(_who: Office, read: Reading, partner: Partner, body: AssociationIn) -> DryRunOut:
    """What a new version would leave open and tell differently. Changes nothing."""
    new = _map(body)
    current = (await associations(read, [partner])).get(partner)
    old = current.map if current else StatusMap(codes=(), pairs={})
    gaps = (await lists.gap_report(read, new))._asdict()
    return DryRunOut.model_validate({"gaps": gaps, "moves": await lists.dry_run(read, partner, old, new)})


def _map(body: AssociationIn) -> StatusMap:
    return StatusMap(codes=body.codes, pairs=body.pairs)


async def _out(reader: Any, row: dict[str, Any]) -> AssociationOut:
    association = StatusMap.model_validate(row["association"])
    gaps = (await lists.gap_report(reader, association))._asdict()
    return AssociationOut.model_validate({**row, **dict(association), "gaps": gaps})
