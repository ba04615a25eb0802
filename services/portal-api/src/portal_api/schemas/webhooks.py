"""Webhooks over HTTP."""

from datetime import datetime
from typing import Annotated, Any, Literal, Self
from uuid import UUID

from pydantic import AwareDatetime, Field, SecretStr, field_serializer, model_validator
from shared.bodies import Body, Out

from portal_api.public import PublicName

State = Literal["waiting", "delivered", "failed"]
Url = Annotated[str, Field(max_length=2_000, description="An https:// address of yours.")]
Events = Annotated[
    list[PublicName], Field(min_length=1, max_length=50, description="Names of `GET /v1/webhook-events`.")
]
Description = Annotated[str, Field(max_length=500)]


class SubscriptionNew(Body):
    url: Url
    events: Events
    description: Description | None = None
    enabled: bool = True


class SubscriptionEdit(Body):
    """What is not named stays as it is."""

    url: Url | None = None
    events: Events | None = None
    description: Description | None = None
    enabled: bool | None = None

    @model_validator(mode="after")
    def _no_blank(self) -> Self:
        blank = {name for name in self.model_fields_set - {"description"} if getattr(self, name) is None}
        if blank:
            raise ValueError(f"{', '.join(sorted(blank))} cannot be null: leave it out to keep it")
        return self


class SubscriptionOut(Out):
    """`disabled_because` is set where Callboard itself disabled it. `failing_since`: nothing was taken since.
    `paused_until`: what the target asked for with Retry-After. Until `previous_ends_at` the secret before the
    last rotation signs too."""

    id: UUID
    version: int
    url: str
    events: list[str]
    description: str | None
    enabled: bool
    disabled_because: str | None
    failing_since: datetime | None
    paused_until: datetime | None
    previous_ends_at: datetime | None
    created_by: str
    created_at: datetime
    updated_at: datetime


class SubscriptionMade(SubscriptionOut):
    """The secret is shown this once."""

    secret: SecretStr = Field(json_schema_extra={"writeOnly": False})

    @field_serializer("secret")
    def _shown(self, secret: SecretStr) -> str:
        return secret.get_secret_value()


class EventOut(Out):
    name: str
    description: str


class Try(Out):
    """`status` is null where no answer came; `answer` then says why, else it is the answer's beginning."""

    at: datetime
    seconds: float
    status: int | None
    answer: str | None


class DeliveryOut(Out):
    """`event_id` is the `webhook-id` that the target sees. While waiting, `due_at` is the next try."""

    id: UUID
    subscription_id: UUID
    event_id: UUID
    type: str
    state: State
    attempts: int
    due_at: datetime
    created_at: datetime
    settled_at: datetime | None


class DeliveryDetail(DeliveryOut):
    """`body` is what is sent, byte for byte."""

    body: str
    tries: list[Try]


class Range(Body):
    """What came up from `since` to before `until`; with `delivered` also what was taken already."""

    since: AwareDatetime
    until: AwareDatetime | None = None
    delivered: bool = False


class Replayed(Out):
    deliveries: int


class Tested(Out):
    delivery_id: UUID


def shown(row: Any) -> SubscriptionOut:
    return SubscriptionOut.model_validate(dict(row))
