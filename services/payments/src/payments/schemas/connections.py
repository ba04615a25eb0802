"""Accounts that are connected by consent."""

from datetime import datetime
from typing import Literal

from payments.schemas.base import Out


class Connection(Out):
    """Of an account that is connected by consent. `reconnect`: the gateway takes its tokens no more.
    `company` is the gateway's id of it; `renew_by` is when the consent ends unless it is used before."""

    state: Literal["not_connected", "connected", "reconnect"]
    company: str | None = None
    connected_at: datetime | None = None
    connected_by: str | None = None
    renew_by: datetime | None = None


class Begun(Out):
    """`redirect_url` must be among the redirect URIs of the app at Intuit."""

    url: str
    redirect_url: str
    expires_at: datetime


class Disconnected(Out):
    """`revoked`: the gateway was told."""

    revoked: bool
    said: str
