"""What crosses HTTP."""

from datetime import datetime
from typing import Annotated, Any, Literal
from uuid import UUID

from pydantic import ConfigDict, EmailStr, Field, SecretStr

from shared import bodies

Text = Annotated[str, Field(max_length=255)]
LONGEST_DOCUMENT = 1_000_000  # characters
MailAddress = EmailStr | Literal[""]


class Body(bodies.Body):
    model_config = ConfigDict(from_attributes=True)


class MailboxBody(Body):
    """Settings of one mailbox. `password` is write-only; leaving it out of an edit keeps the stored one."""

    name: Annotated[str, Field(min_length=1, max_length=100, examples=["AHS dispatches"])]
    enabled: bool = True
    kind: Literal["pop3", "imap", "maildir"] = "pop3"
    host: Annotated[Text, Field(description="Mail server.")] = ""
    port: Annotated[int, Field(ge=1, le=65535)] = 110
    security: Annotated[Literal["none", "ssl", "starttls"], Field(description="SSL is usually port 995.")] = (
        "none"
    )
    ca_file: Annotated[Text, Field(description="PEM file of the server's own certificate authority.")] = ""
    user: Text = ""
    password: SecretStr | None = None
    path: Annotated[Text, Field(description="Folder of a Maildir.")] = ""
    folder: Annotated[Text, Field(description="IMAP folder.")] = "INBOX"
    address: Annotated[MailAddress, Field(description="Address whose mail arrives here.")] = ""
    partner: Annotated[str, Field(pattern=r"^[a-z0-9-]{1,40}$")] = "ahs"
    customer: Annotated[Text, Field(description="Customer who is billed for these dispatches.")] = ""
    vendor_id: Annotated[str, Field(max_length=40, description="Our number at the partner.")] = ""
    authserv_id: Annotated[
        Text, Field(description="Name under which our mail server writes Authentication-Results.")
    ] = ""
    results_below_received: Annotated[
        bool,
        Field(
            description="Our mail server writes Authentication-Results below its own Received line and"
            " removes forged ones (Gmail; Postfix with rspamd or OpenDMARC)."
        ),
    ] = False
    trusted_senders: list[Text] = Field(default_factory=list[Text], max_length=50)
    processed_to: Annotated[MailAddress, Field(description="Email when processed.")] = ""
    error_to: Annotated[MailAddress, Field(description="Email for error.")] = ""
    return_name: Annotated[Text, Field(description="Return display name.")] = ""
    return_address: Annotated[MailAddress, Field(description="Return email address.")] = ""
    repeats: Annotated[
        Literal["apply", "reject"],
        Field(description="A known number with other content: apply it, or refuse."),
    ] = "apply"
    keep_days: Annotated[int, Field(ge=0, le=365, description="Days that a read mail stays. 0: none.")] = 0
    poll_seconds: Annotated[int, Field(ge=5, le=86_400)] = 60


class MailboxOut(MailboxBody):
    model_config = ConfigDict(extra="ignore", from_attributes=True)

    id: UUID
    version: int
    has_password: bool
    polled_at: datetime | None
    poll_error: str | None
    warnings: list[str]
    password: Annotated[None, Field(exclude=True)] = None  # pyright: ignore[reportIncompatibleVariableOverride]


class Step(Body):
    name: str
    ok: bool
    detail: str


class ConnectionReport(Body):
    """What "Test connection" found, step by step; the first failed step is what to mend."""

    ok: bool
    steps: list[Step]


class MailLine(Body):
    """A line of the mail log."""

    model_config = ConfigDict(extra="ignore", from_attributes=True)

    id: UUID
    mailbox_id: UUID
    received_at: datetime
    sha256: str
    size: int
    source: str
    sender: str | None
    subject: str | None
    message_id: str | None
    number: str | None
    dispatch_id: UUID | None
    state: str
    outcome: str | None
    code: str | None
    reason: str | None
    place: dict[str, Any] | None
    warnings: list[str]
    round: int
    settled_at: datetime | None
    forward: Annotated[str | None, Field(description="waiting, sent, failed or held; null: none was due.")]
    forward_error: str | None


class Correction(Body):
    """What a person put right. It vouches for the mail, so an untrusted one is taken too."""

    document: Annotated[
        str | None, Field(max_length=LONGEST_DOCUMENT, description="The whole corrected XML document.")
    ] = None
    fields: dict[
        Annotated[str, Field(pattern=r"^[A-Za-z]+/@[A-Za-z0-9]+$")],
        Annotated[str, Field(max_length=500)],
    ] = Field(
        default_factory=dict[str, str],
        description="Attributes to set: `DispatchList/@Id`.",
        max_length=50,
    )


class ReplayMany(Body):
    ids: Annotated[list[UUID], Field(min_length=1, max_length=500)]


class Replayed(Body):
    replayed: list[UUID]
    skipped: Annotated[list[UUID], Field(description="Already waiting, or no such mail.")]
