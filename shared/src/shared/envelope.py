"""The head of a mail that we write ourselves. Knows neither database nor web."""

import re
from datetime import datetime
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime
from uuid import UUID

_CONTROL = re.compile(r"[\x00-\x1f\x7f\x85\u2028\u2029]")


def one_line(text: str) -> str:
    """Without line ends and control characters, which would begin another header."""
    return " ".join(_CONTROL.sub(" ", text).split())


def envelope(
    *, id: UUID, sender_name: str, sender_address: str, to: str, subject: str, now: datetime
) -> EmailMessage:
    """A mail without content, whose bytes are ASCII with lines ended by CRLF. The Message-ID comes from `id`:
    a repeat can be recognised. Raises ValueError for an address that is none."""
    mail = EmailMessage(policy=SMTP.clone(cte_type="7bit"))
    mail["From"] = Address(one_line(sender_name), addr_spec=sender_address)
    mail["To"] = Address(addr_spec=to)
    mail["Subject"] = one_line(subject)
    mail["Date"] = format_datetime(now)
    mail["Message-ID"] = f"<{id}@{sender_address.rpartition('@')[2]}>"
    mail["Auto-Submitted"] = "auto-generated"
    mail["X-Auto-Response-Suppress"] = "All"
    return mail
