"""Company information as it crosses HTTP."""

import re
from collections.abc import Sequence
from typing import Annotated, Literal, Self
from zoneinfo import available_timezones

from pydantic import ConfigDict, EmailStr, Field, SecretStr, field_validator, model_validator
from shared.events.dispatch import Address
from shared.events.portal import TimeWindow

from shared import bodies
from shared import probe as tried

_CONTROL = re.compile(r"[\x00-\x1f\x7f]")
_CLOCK = r"^([01][0-9]|2[0-3]):[0-5][0-9]$"


class Body(bodies.Body):
    model_config = ConfigDict(from_attributes=True)


class Place(Address):
    """Lines of an address, each at most 200 characters."""

    model_config = ConfigDict(extra="forbid", str_max_length=200)


class Window(TimeWindow):
    """Offered to customers: `08:00` to `12:00` on the location's clock."""

    model_config = ConfigDict(extra="forbid")

    start: Annotated[str, Field(pattern=_CLOCK)]
    end: Annotated[str, Field(pattern=_CLOCK)]

    @model_validator(mode="after")
    def _runs_forward(self) -> Self:
        if self.start >= self.end:
            raise ValueError("a window ends after it starts, on the same day")
        return self


class CompanyBody(Body):
    """Company information, whole. Without `smtp_host` mail leaves as the environment says, and the other
    `smtp_…` fields are not used."""

    name: Annotated[str, Field(max_length=200)]
    address: Place | None = None
    phone: Annotated[str | None, Field(max_length=50)] = None
    email: EmailStr | None = None
    zone: Annotated[str, Field(max_length=60, examples=["America/Chicago"])] = "America/Chicago"
    smtp_host: Annotated[str | None, Field(min_length=1, max_length=255)] = None
    smtp_port: Annotated[int, Field(ge=1, le=65535)] = 587
    smtp_security: Literal["none", "starttls", "ssl"] = "starttls"
    smtp_user: Annotated[str, Field(max_length=255, description="Empty: no login.")] = ""
    sender_name: Annotated[str | None, Field(max_length=200)] = None
    sender_address: EmailStr | None = None
    windows: Annotated[tuple[Window, ...], Field(max_length=20)] = (
        Window(start="08:00", end="12:00"),
        Window(start="12:00", end="17:00"),
    )
    weekdays: Annotated[
        tuple[Annotated[int, Field(ge=0, le=6)], ...], Field(max_length=7, description="Monday is 0.")
    ] = (0, 1, 2, 3, 4)

    @field_validator("name", "phone", "smtp_host", "smtp_user", "sender_name")
    @classmethod
    def _is_one_line(cls, text: str | None) -> str | None:
        if text is not None and _CONTROL.search(text):
            raise ValueError("this must be one line of plain text")
        return text.strip() if text is not None else None

    @field_validator("zone")
    @classmethod
    def _is_a_zone(cls, name: str) -> str:
        if name not in available_timezones():
            raise ValueError("this is no IANA zone; one is America/Chicago")
        return name

    @field_validator("weekdays")
    @classmethod
    def _once_and_in_order(cls, days: tuple[int, ...]) -> tuple[int, ...]:
        return tuple(sorted(set(days)))


class CompanyIn(CompanyBody):
    """`smtp_password` is write-only; leaving it out keeps the stored one."""

    name: Annotated[str, Field(min_length=1, max_length=200)]
    smtp_password: Annotated[SecretStr | None, Field(max_length=1000)] = None


class CompanyOut(CompanyBody):
    version: int
    has_smtp_password: bool
    logo_url: str | None


class TestMail(Body):
    to: Annotated[EmailStr, Field(description="Who gets the test mail.")]


class Step(Body):
    """`name`: settings, reach, tls, logon, sender, recipient, message."""

    name: str
    ok: bool
    detail: str


class TestReport(Body):
    """What was tried, in order; the first failed step is what to mend."""

    ok: bool
    steps: list[Step]


def report(steps: Sequence[tried.Step]) -> TestReport:
    return TestReport(ok=all(step.ok for step in steps), steps=[Step.model_validate(step) for step in steps])
