"""Accounts as the office sees them, and what it may say about them."""

from datetime import datetime
from typing import Annotated, Any, Literal
from uuid import UUID

from pydantic import AfterValidator, EmailStr, Field
from shared.bodies import Body, Out

_NO_CONTROL = r"^[^\x00-\x1f\x7f]*[^\s\x00-\x1f\x7f][^\x00-\x1f\x7f]*$"  # a name stands in the heads of mails
Name = Annotated[str, Field(min_length=1, max_length=200, pattern=_NO_CONTROL)]


def _plain(email: str) -> str:
    if not email.isascii():
        raise ValueError("no plain e-mail address: use one without letters of other alphabets")
    return email.lower()


Email = Annotated[EmailStr, Field(max_length=320), AfterValidator(_plain)]
StaffRole = Literal["office.admin", "office.dispatcher", "technician"]
UNSET: Any = None
"""Default of what an edit may leave out but not empty."""


class AccountNew(Body):
    """`send` mails the invitation with a one-time password at once."""

    location_id: UUID
    email: Email
    name: Name
    administrator: bool = False
    send: bool = True


class AccountEdit(Body):
    name: Name = UNSET
    administrator: bool = UNSET


class StaffNew(Body):
    """`send` mails the invitation with a one-time password at once."""

    email: Email
    name: Name
    role: StaffRole
    send: bool = True


class StaffEdit(Body):
    name: Name = UNSET
    role: StaffRole = UNSET


class AccountOut(Out):
    """`state`: invited (has never chosen a password), active, closed, or elsewhere: a household invited
    somebody who has an account elsewhere; the household sees an invitation."""

    id: UUID
    kind: Literal["staff", "customer"]
    user_name: str
    name: str
    email: str | None
    role: str
    customer_id: UUID | None
    location_id: UUID | None
    state: Literal["invited", "active", "closed", "elsewhere"]
    must_change: bool
    password_ends_at: datetime | None
    totp_on: bool
    version: int
    created_at: datetime
    last_logon_at: datetime | None


class OneTimePassword(Out):
    """Shown this once; it must be changed at the first logon."""

    user_name: str
    password: str
    ends_at: datetime
