"""What crosses HTTP about technicians, status codes and partners."""

from typing import Annotated, Literal
from uuid import UUID

from pydantic import Field, SecretStr, StringConstraints
from shared.bodies import Out

from dispatch.partners import Protocol
from dispatch.schemas.base import Body, Time, Word
from dispatch.status import PartnerCode, StatusMap


class TechnicianIn(Body):
    """The default technician gets new dispatches; making one the default takes it from the one before."""

    name: Annotated[str, StringConstraints(min_length=1, max_length=200)]
    email: str | None = Field(default=None, max_length=320)
    phone: str | None = Field(default=None, max_length=40)
    active: bool = True
    is_default: bool = False


class TechnicianOut(TechnicianIn):
    id: UUID
    version: int


class StatusCodeEdit(Body):
    """A retired code can no longer be set; dispatches that have it keep it. `closes`: the dispatch is
    done."""

    description: str = ""
    closes: bool = False
    retired: bool = False
    position: int = Field(default=1000, ge=0, le=1_000_000)


class StatusCodeNew(StatusCodeEdit):
    code: Word


class StatusCodeOut(StatusCodeNew):
    version: int


class AssociationIn(StatusMap):
    note: str | None = Field(default=None, max_length=2_000)


class GapsOut(Out):
    """`untold`: office codes that the partner never hears of; `unused`: partner codes that no office code
    reaches; `unknown`: paired office codes that do not exist or are retired; `timed`: codes that carry a
    time."""

    untold: list[str]
    unused: list[str]
    unknown: list[str]
    timed: list[str]


class MoveOut(Out):
    """An office code that would be told differently, and how many open dispatches have it."""

    office: str
    old: str | None
    new: str | None
    open_dispatches: int


class AssociationOut(Out):
    partner: str
    version: int
    at: Time
    by: str
    note: str | None
    codes: list[PartnerCode]
    pairs: dict[str, str]
    gaps: GapsOut


class DryRunOut(Out):
    gaps: GapsOut
    moves: list[MoveOut]


class AccountIn(Body):
    """`password` is write-only: left out, the one of before stays. `protocol` left out: the adapter's own."""

    adapter: Literal["myservicecentral"] = "myservicecentral"
    url: str = Field(pattern=r"^https?://[^/\s]+")
    company_id: str = Field(min_length=1, max_length=200)
    user_id: str = Field(min_length=1, max_length=200)
    password: SecretStr | None = Field(default=None, min_length=1, max_length=500)
    enabled: bool = True
    protocol: Protocol | None = None


class AccountOut(Out):
    partner: str
    version: int
    adapter: str
    url: str
    company_id: str
    user_id: str
    enabled: bool
    protocol: Protocol | None


class DeliveryOut(Out):
    """`state`: queued, sending, unknown (will be tried again), accepted, refused, given_up. `carries` is
    the time that goes with the code; `answer` is what the partner said last; `cause`: change, appointment,
    repeat."""

    id: UUID
    dispatch_id: UUID
    version: int
    partner: str
    number: str
    status: str
    partner_code: str
    partner_name: str
    association: int
    cause: str
    carries: Time | None
    note: str | None
    state: str
    attempts: int
    due_at: Time
    created_at: Time
    settled_at: Time | None
    answer: str | None


class AttemptOut(Out):
    id: UUID
    at: Time
    seconds: float
    state: str
    answer: str
