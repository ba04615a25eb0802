"""Wordings and outgoing mail as they cross HTTP."""

from datetime import datetime
from typing import Annotated
from uuid import UUID

from pydantic import EmailStr, Field

from portal_api.schemas.company import Body
from portal_api.templates import LONGEST_SUBJECT, LONGEST_WORDING

Subject = Annotated[str, Field(min_length=1, max_length=LONGEST_SUBJECT, examples=["Hello {{ name }}"])]
Text = Annotated[str, Field(min_length=1, max_length=LONGEST_WORDING, examples=["Hello {{ name }}"])]
Html = Annotated[str, Field(max_length=LONGEST_WORDING, description="Empty: the mail has plain text only.")]


class TemplateDraft(Body):
    subject: Subject
    text: Text
    html: Html = ""


class TemplateIn(TemplateDraft):
    """`enabled` is for notifications: contractual mails always go out. `hours` before the visit is for the
    appointment reminder."""

    enabled: bool | None = None
    hours: Annotated[int | None, Field(ge=1, le=336)] = None


class TemplateLine(Body):
    """`edited` says that the office's wording replaces the built-in one."""

    message: str
    title: str
    contractual: bool
    enabled: bool
    hours: int | None
    edited: bool
    version: int


class TemplateOut(TemplateLine):
    """`variables` are those that this message knows, with the values that the preview shows."""

    subject: str
    text: str
    html: str
    variables: dict[str, str]


class Preview(Body):
    subject: str
    text: str
    html: str


class OutgoingLine(Body):
    """`state`: waiting, sent, failed (`answer` is what the server said) or suppressed (unsubscribed)."""

    id: UUID
    message: str
    recipient: str
    about: UUID | None
    state: str
    attempts: int
    created_at: datetime
    due_at: datetime
    settled_at: datetime | None
    answer: str | None


class UnsubscribedLine(Body):
    email: str
    at: datetime
    by: str


class SubscribeAgain(Body):
    email: EmailStr
