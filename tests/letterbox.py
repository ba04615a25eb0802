"""Mails as their readers see them."""

import email
from email.message import EmailMessage
from email.policy import SMTP
from typing import cast


def read(raw: bytes) -> EmailMessage:
    return cast(EmailMessage, email.message_from_bytes(raw, policy=SMTP))


def part(mail: EmailMessage, kind: str) -> str:
    """The text of the first part of that media type."""
    found = next(each for each in mail.walk() if each.get_content_type() == kind)
    return cast(bytes, found.get_payload(decode=True)).decode()
