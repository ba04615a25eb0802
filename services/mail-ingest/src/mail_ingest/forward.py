"""The mail that tells the office what became of a mail, with the original whole.

The original travels as base64 in `original.eml`, never as message/rfc822: that type allows neither base64 nor
quoted-printable (RFC 2046, 5.2.1), and a mail server on the way may rewrite 8-bit text, bare line feeds, long
lines and blanks at line ends. So what the office saves is byte for byte what came in.
"""

import time
from binascii import b2a_base64
from email.utils import formatdate
from typing import Literal

from mail_ingest.automatic import LOOP_MARK
from mail_ingest.parsing import headers

Kind = Literal["processed", "unable"]

_PREFIX: dict[Kind, str] = {"processed": "Processed ", "unable": "Unable to process "}
_NOTE = "Content-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: base64\r\n"
_ORIGINAL = (
    'Content-Type: application/octet-stream; name="original.eml"\r\n'
    'Content-Disposition: attachment; filename="original.eml"\r\n'
    "Content-Transfer-Encoding: base64\r\n"
)
_WORD_BYTES = 45  # an encoded word may have 75 characters, and a line 76


def compose(
    raw: bytes,
    kind: Kind,
    *,
    to: str,
    sender_name: str,
    sender_address: str,
    subject: str,
    reason: str,
    code: str,
    outcome: str,
    sha256: str,
) -> tuple[bytes, str]:
    """The forward of the mail `raw`, lines ended by CRLF and all ASCII, and its Message-ID.

    `to` is one address or several with commas; `sha256` is the hex digest of `raw`; `subject` is the
    original's, decoded. The Message-ID comes from the digest and the kind: a repeat can be recognised.
    Raises ValueError where an address is not ASCII.
    """
    sender_address, to = _addresses(sender_address), _addresses(to)
    message_id = f"<{kind}.{sha256}@{sender_address.rpartition('@')[2]}>"
    boundary = f"=_callboard_{sha256}"
    name = _unstructured(headers.safe(sender_name, 100), quote=True)
    fields = (
        ("From", f"{name}\r\n <{sender_address}>" if name else sender_address),
        ("To", to),
        ("Subject", _unstructured(_PREFIX[kind] + headers.safe(subject))),
        ("Date", formatdate(time.time())),
        ("Message-ID", message_id),
        ("Auto-Submitted", "auto-forwarded"),
        ("X-Auto-Response-Suppress", "All"),  # Exchange looks at this only
        (LOOP_MARK, sender_address),
        ("X-Callboard-Outcome", _unstructured(headers.safe(outcome, 40))),
        ("X-Callboard-Code", _unstructured(headers.safe(code, 40))),
        ("X-Callboard-Reason", _unstructured(headers.safe(reason, 600))),
        ("X-Callboard-Original-SHA256", sha256),
        ("MIME-Version", "1.0"),
        ("Content-Type", f'multipart/mixed;\r\n boundary="{boundary}"'),
    )
    note = f"{_PREFIX[kind]}{headers.safe(subject) or '(no subject)'}\n\n{reason.strip() or outcome}\n\n"
    note += "The original mail is attached whole (original.eml).\n"
    head = "".join(f"{name}: {value}\r\n" for name, value in fields if value)
    message = (
        f"{head}\r\n"
        f"--{boundary}\r\n{_NOTE}\r\n{_base64(note.encode('utf-8', 'replace'))}"
        f"--{boundary}\r\n{_ORIGINAL}\r\n{_base64(raw)}"
        f"--{boundary}--\r\n"
    )
    return message.encode("ascii"), message_id


def _addresses(text: str) -> str:
    text = headers.safe(text, 2000)
    if not text.isascii():
        raise ValueError(f"{text!r} is not ASCII: write the domain of a mail address in its xn-- form")
    return text


def _unstructured(text: str, *, quote: bool = False) -> str:
    """Text for a header: as it is where that is short and plain, else in folded encoded words."""
    plain = text.isascii() and "=?" not in text and len(text) <= 60
    if plain and quote:
        return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"' if text else ""
    if plain:
        return text
    words, run = list[bytes](), b""
    for letter in text:
        coded = letter.encode("utf-8", "replace")
        if len(run) + len(coded) > _WORD_BYTES:
            words.append(run)
            run = b""
        run += coded
    words.append(run)
    return "\r\n ".join(f"=?utf-8?B?{b2a_base64(word, newline=False).decode()}?=" for word in words)


def _base64(data: bytes) -> str:
    coded = b2a_base64(data, newline=False).decode()
    return "".join([f"{coded[at : at + 76]}\r\n" for at in range(0, len(coded), 76)])
