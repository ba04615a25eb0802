"""/v1/customers"""

from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Query, Request, Response
from shared.etag import BasedOn, set_etag
from shared.events.dispatch import Address
from shared.pages import Cursor, Limit, Page
from shared.problems import Problem, conflict
from sqlalchemy import ColumnElement

from customer import queries
from customer.address import address_key, parse_address
from customer.api.depends import Closed, Office, Reading, Staff, Writing, edited, made, named
from customer.contact import e164, email_key, fold, people
from customer.facts import Asked, contract_key
from customer.flows.partners import payer_called
from customer.flows.records import CUSTOMER, LOCATION, add, close, edit
from customer.models import customer
from customer.schemas.matches import Candidate
from customer.schemas.parts import CustomerKind
from customer.schemas.people import CustomerEdit, CustomerNew, CustomerOut

router = APIRouter(prefix="/v1/customers", tags=["customers"])
_Text = Annotated[str | None, Query(max_length=300, pattern=r"^[^\x00]*$")]


@router.get("")
async def list_customers(
    _who: Staff,
    read: Reading,
    name: Annotated[_Text, Query(description="Beginning of the surname or the company's name.")] = None,
    number: Annotated[int | None, Query(ge=1, le=2**62)] = None,
    phone: _Text = None,
    email: _Text = None,
    partner: _Text = None,
    contract_id: Annotated[_Text, Query(description="Together with `partner`.")] = None,
    zip: _Text = None,
    house_number: Annotated[_Text, Query(description="Together with `zip`.")] = None,
    kind: CustomerKind | None = None,
    closed: Closed = False,
    cursor: Cursor = None,
    limit: Limit = 50,
) -> Page[CustomerOut]:
    """By surname. Phone, e-mail, contract and house find the customers whose locations are known by them."""
    found: list[ColumnElement[bool]] = []
    if name:
        found.append(queries.beginning(customer.c.sort_name, fold(name)))
    if number is not None:
        found.append(customer.c.number == number)
    if kind is not None:
        found.append(customer.c.kind == kind)
    for prefix, given, key in (
        ("p", phone, e164(phone or "")),
        ("e", email, email_key(email)),
        ("c", contract_id, contract_key(partner, contract_id)),
        ("a", house_number, f"{zip}|{fold(house_number or '')}|"),
    ):
        if given is not None:
            found.append(queries.led_to(f"{prefix}:{key}"))
    if not closed:
        found.append(~customer.c.closed)
    order = (customer.c.sort_name, customer.c.number)
    rows, more = await queries.page(read, customer, *found, order=order, cursor=cursor, limit=limit)
    return Page(items=[CustomerOut.model_validate(row) for row in rows], next=more)


@router.get("/similar")
async def similar_customers(
    _who: Office,
    read: Reading,
    request: Request,
    name: _Text = None,
    phone: _Text = None,
    email: _Text = None,
    address: Annotated[_Text, Query(description="In one line.")] = None,
) -> list[Candidate]:
    """Who may be meant already, best first: to be asked before a customer is made by hand."""
    phones = [phone] if phone else []
    place = parse_address(address) if address else Address()
    return await _similar(read, request, _facts(name, phones, email, place))


@router.post(
    "",
    status_code=201,
    response_model=CustomerOut,
    responses={409: {"description": "Probably known already."}},
)
async def create_customer(
    who: Office,
    work: Writing,
    request: Request,
    response: Response,
    body: CustomerNew,
    force: Annotated[bool, Query(description="Make it although it seems to be known.")] = False,
) -> Any:
    """Makes a customer with a first location. Answers 409 with `candidates` when it seems to be known, and
    with `existing` when it is one of those who pay."""
    if not force:
        await _check_payer(work, body.name, None)
    if body.kind != "partner" and not force:
        place = body.location and (body.location.address or body.location.address_text)
        address = (
            parse_address(place) if isinstance(place, str) else Address.model_validate(dict(place or ()))
        )
        facts = _facts(body.name, [phone.number for phone in body.phones], body.email, address)
        known = await _similar(work.session, request, facts)
        if known:
            shown = [each.model_dump(mode="json") for each in known]
            raise conflict(
                "This customer seems to be known", "Choose one, or send force=true.", candidates=shown
            )
    values = body.model_dump(exclude={"location"})
    row = await add(work, CUSTOMER, values=values, who=who.subject)
    if row["kind"] != "partner":
        part = body.location.model_dump() if body.location else {}
        await add(work, LOCATION, values={**part, "customer_id": row["id"]}, who=who.subject)
    elif body.location:
        raise Problem(422, "A partner has no location", "Leave `location` out.")
    return made(response, "customers", row)


@router.get("/{id:uuid}")
async def read_customer(_who: Staff, read: Reading, response: Response, id: UUID) -> CustomerOut:
    row = await queries.one(read, customer, id)
    set_etag(response, row.version)
    return CustomerOut.model_validate(row)


@router.patch(
    "/{id:uuid}",
    response_model=CustomerOut,
    responses={409: {"description": "One who pays has this name already."}},
)
async def edit_customer(
    who: Office,
    work: Writing,
    response: Response,
    id: UUID,
    based_on: BasedOn,
    body: CustomerEdit,
    force: Annotated[bool, Query(description="Give it the name although one who pays has it.")] = False,
) -> Any:
    if "name" in named(body) and not force:
        await _check_payer(work, body.name, id)
    return edited(
        response, await edit(work, CUSTOMER, id=id, based_on=based_on, values=named(body), who=who.subject)
    )


@router.delete("/{id:uuid}", status_code=204)
async def close_customer(who: Office, work: Writing, id: UUID, based_on: BasedOn) -> None:
    """Closes the customer and its locations; dispatches are given to it no more."""
    await close(work, CUSTOMER, id=id, based_on=based_on, who=who.subject)


async def _check_payer(work: Writing, name: str, id: UUID | None) -> None:
    """A second customer of a payer's name would never be billed: dispatches go on to the first."""
    found = await payer_called(work.session, name, besides=id)
    if found is not None:
        existing = {"customer_id": str(found.id), "number": found.number, "name": found.name}
        what = "It is closed: open it again" if found.closed else "Choose it"
        raise conflict("One who pays has this name", f"{what}, or send force=true.", existing=existing)


def _facts(name: str | None, phones: list[str], email: str | None, address: Address) -> Asked:
    return Asked(
        contract=None,
        address=address_key(address),
        phones=frozenset(key for phone in phones if (key := e164(phone))),
        emails=frozenset((key,)) if (key := email_key(email)) else frozenset(),
        names=frozenset(people(name)),
    )


async def _similar(reading: queries.Reading, request: Request, facts: Asked) -> list[Candidate]:
    settings = request.scope["callboard.running"].settings
    found = await queries.candidates(
        reading, facts, automatic=settings.match_automatic, review=settings.match_review
    )
    return [Candidate.model_validate(each) for each in found]
