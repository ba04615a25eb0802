"""One mail as bytes, from what was rendered. Knows neither database nor web."""

import base64
from collections.abc import Mapping, Sequence
from datetime import datetime
from email.utils import parseaddr
from types import MappingProxyType
from typing import Any, NamedTuple, Self
from uuid import UUID

from shared.envelope import envelope, one_line

from portal_api.templates import Wording


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
    """`unsubscribe` is the address of the one-click page (RFC 8058). Raises AddressRefused."""
    sender_address, to = address_of(sender_address), address_of(to)
    mail = envelope(
        id=id,
        sender_name=sender_name,
        sender_address=sender_address,
        to=to,
        subject=wording.subject,
        now=now,
    )
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
