"""Logging on and out."""

from datetime import datetime
from typing import Annotated, Literal
from uuid import UUID

from pydantic import Field, SecretStr
from shared.bodies import Body, Out

from portal_api.passwords import LONGEST

UserName = Annotated[str, Field(min_length=1, max_length=320, pattern=r"^[^\x00]*$")]
Password = Annotated[SecretStr, Field(min_length=1, max_length=LONGEST)]


class Logon(Body):
    """`code` is the authenticator app's, or one of the recovery codes, where the account asks for one."""

    user_name: UserName
    password: Password
    code: Annotated[SecretStr, Field(max_length=40)] | None = None


class SessionOut(Out):
    """`idle_ends_at` moves with what the user does (POST /v1/session/activity); `ends_at` does not. While
    `must_change` is true, nothing can be done but to change the password."""

    user_name: str
    name: str
    role: str
    must_change: bool
    totp_on: bool
    idle_ends_at: datetime
    ends_at: datetime


class Activity(Out):
    idle_ends_at: datetime


class OpenSession(Out):
    id: UUID
    created_at: datetime
    active_at: datetime
    ends_at: datetime
    address: str
    agent: str
    current: bool


class AccessToken(Out):
    """For the Authorization header of the other routes."""

    access_token: str
    token_type: Literal["Bearer"] = "Bearer"  # noqa: S105 - a word of RFC 6750
    expires_in: int


class PasswordChange(Body):
    password: Password
    new_password: Password


class ResetAsked(Body):
    user_name: UserName


class ResetConfirmed(Body):
    """`token` stands behind the # of the link."""

    token: Annotated[SecretStr, Field(min_length=1, max_length=100)]
    new_password: Password


class Confirmed(Body):
    password: Password


class TotpBegun(Out):
    """For the authenticator app: the secret to type, or the QR code to scan. Shown this once."""

    secret: str
    uri: str
    qr: str = Field(description="An SVG picture.")


class TotpCode(Body):
    code: Annotated[SecretStr, Field(min_length=6, max_length=10)]


class RecoveryCodes(Out):
    """Each works once, in place of a code. Shown this once."""

    codes: list[str]
