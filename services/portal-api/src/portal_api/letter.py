"""One mail as bytes, from what was rendered. Knows neither database nor web."""

import base64
from collections.abc import Mapping, Sequence
from datetime import datetime
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime, parseaddr
from types import MappingProxyType
from typing import Any, NamedTuple, Self
from uuid import UUID

from portal_api.templates import Wording, one_line


class Attachment(NamedTuple):
    """`kind` is a media type (`text/calendar`), `parameters` go with it (`method=REQUEST`)."""

    name: str
    kind: str
    content: bytes
    parameters: Mapping[str, str] = MappingProxyType({})

    def as_json(self) -> dict[str, Any]:
        text = base64.b64encode(self.content).decode()
        return self._asdict() | {"content": text, "parameters": dict(self.parameters)}

    @classmethod
    def from_json(cls, kept: dict[str, Any]) -> Self:
        return cls(kept["name"], kept["kind"], base64.b64decode(kept["content"]), kept["parameters"])


class AddressRefused(ValueError):
    """Not an address that mail can be sent to."""


def address_of(text: str) -> str:
    """The bare address. Raises AddressRefused, also for an attempt to begin another header."""
    text = text.strip()
    if one_line(text) != text or not text.isascii() or parseaddr(text)[1] != text:
        raise AddressRefused("This is not one plain e-mail address.")
    local, at, domain = text.rpartition("@")
    if not at or not local or not domain or len(text) > 320:
        raise AddressRefused("An e-mail address has a name, an @ and a domain.")
    return text


def compose(
    *,
    id: UUID,
    wording: Wording,
    to: str,
    sender_name: str,
    sender_address: str,
    now: datetime,
    unsubscribe: str | None = None,
    attachments: Sequence[Attachment] = (),
) -> bytes:
    """Lines ended by CRLF, all ASCII. The Message-ID comes from `id`: a repeat can be recognised.

    `unsubscribe` is the address of the one-click page (RFC 8058). Raises AddressRefused.
    """
    sender_address, to = address_of(sender_address), address_of(to)
    mail = EmailMessage(policy=SMTP.clone(cte_type="7bit"))
    mail["From"] = Address(one_line(sender_name), addr_spec=sender_address)
    mail["To"] = Address(addr_spec=to)
    mail["Subject"] = wording.subject
    mail["Date"] = format_datetime(now)
    mail["Message-ID"] = f"<{id}@{sender_address.rpartition('@')[2]}>"
    mail["Auto-Submitted"] = "auto-generated"
    mail["X-Auto-Response-Suppress"] = "All"
    if unsubscribe:
        mail["List-Unsubscribe"] = f"<{unsubscribe}>"
        mail["List-Unsubscribe-Post"] = "List-Unsubscribe=One-Click"
    mail.set_content(wording.text)
    if wording.html:
        mail.add_alternative(wording.html, subtype="html")
    for each in attachments:
        main, _, sub = each.kind.partition("/")
        mail.add_attachment(
            each.content, maintype=main, subtype=sub, filename=each.name, params=dict(each.parameters)
        )
    return mail.as_bytes()
