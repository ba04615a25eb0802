"""/v1/payment-attempts/{id}/decision: what a person found out"""

from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Depends, Response
from shared.etag import BasedOn, set_etag

from payments.api.depends import Admin, At
from payments.api.guard import GUARDED
from payments.flows import reviews
from payments.flows.decisions import Decision
from payments.queries.attempts import detail
from payments.schemas.decisions import DecisionIn, DecisionPreview, found_out
from payments.schemas.gateways import AttemptDetail

router = APIRouter(prefix="/v1/payment-attempts/{id}", tags=["card payments"], dependencies=GUARDED)


def _said(body: DecisionIn) -> Decision:
    return Decision(**body.model_dump())


Said = Annotated[Decision, Depends(_said)]


@router.post("/decision-preview")
async def preview_decision(who: Admin, at: At, id: UUID, said: Said) -> DecisionPreview:
    """What the gateway has, and what the decision would book. Changes nothing."""
    return await _preview(who, at, id, None, said)


@router.post("/decision", response_model=AttemptDetail)
async def decide(who: Admin, at: At, response: Response, id: UUID, based_on: BasedOn, said: Said) -> Any:
    """What a person found out about a payment that is unknown or needs a review, or a hold that can neither
    be captured nor voided. The gateway is asked first: what it has counts. 409 where it contradicts."""
    return await _decide(who, at, response, id, None, based_on, said)


@router.post("/operations/{operation_id}/decision-preview")
async def preview_operation_decision(
    who: Admin, at: At, id: UUID, operation_id: UUID, said: Said
) -> DecisionPreview:
    """The same for a capture, void or refund."""
    return await _preview(who, at, id, operation_id, said)


@router.post("/operations/{operation_id}/decision", response_model=AttemptDetail)
async def decide_operation(
    who: Admin, at: At, response: Response, id: UUID, operation_id: UUID, based_on: BasedOn, said: Said
) -> Any:
    """What a person found out about a capture, void or refund that is unknown or needs a review. If-Match is
    the payment's."""
    return await _decide(who, at, response, id, operation_id, based_on, said)


async def _preview(who: Any, at: At, id: UUID, operation_id: UUID | None, said: Decision) -> DecisionPreview:
    shown = await reviews.decide(
        at, id=id, operation_id=operation_id, said=said, who=who.subject, based_on=None, keep=False
    )
    return DecisionPreview(
        state=shown.state,
        operation_state=shown.operation_state,
        asked=shown.found is not None,
        gateway=found_out(shown.found),
        entries=[entry._mapping for entry in shown.entries],
    )


async def _decide(
    who: Any, at: At, response: Response, id: UUID, operation_id: UUID | None, based_on: int, said: Decision
) -> Any:
    await reviews.decide(
        at, id=id, operation_id=operation_id, said=said, who=who.subject, based_on=based_on, keep=True
    )
    async with at.database.read() as read:
        found = await detail(read, id)
    set_etag(response, found["version"])
    return found
