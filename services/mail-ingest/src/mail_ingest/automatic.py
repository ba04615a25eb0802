"""Mails that nobody may answer: our own, what answers or returns one of our own, and automatic mails.

What a mail is said to be by marks (RFC 3834 and the older ones) counts only where no dispatch is in it: any
server on the way may have written them. Our own Message-ID in it is the sure sign.
"""

import re
from collections.abc import Collection

from mail_ingest.parsing import headers, mime

LOOP_MARK = "X-Callboard-Loop"

Why = tuple[str, str]
"""Code, and the reason for a person."""

_MESSAGE_ID = re.compile(rb"\b(?:processed|unable)\.[0-9a-f]{32,64}@", re.IGNORECASE)
_INSIDE = re.compile(_MESSAGE_ID.pattern + rb"|X-Callboard-(?:Loop|Original-SHA256):", re.IGNORECASE)
_PREFIXES = ("unable to process ", "processed ")
_SEARCHED_PARTS, _SEARCHED_BYTES = 20, 256 * 1024

_CAME_BACK = "One of our own forwards came back. Do not forward to a mailbox that is polled."
_ANSWERED = "An answer to one of our own forwards. Whoever wants the office to read it writes to the office."
_BOUNCED = "A mail server's notice about a mail of ours. Look whether the forward address is right."
_AUTOMATIC = "An automatic reply to a mail of ours."

_DAEMON = re.compile(r'["<]?(?:mailer-daemon|postmaster)(?![a-z0-9])')
_ROBOT_FIELDS = ("x-autoreply", "x-autorespond", "x-autoresponder", "x-auto-reply")
_BULK = ("bulk", "junk", "list", "auto_reply")


def is_our_own(known: dict[str, bytes]) -> Why | None:
    """Why this very mail is one of our forwards, or None. `known` are the topmost header fields."""
    if LOOP_MARK.lower() in known or _MESSAGE_ID.search(known.get("message-id", b"")):
        return "own_forward", _CAME_BACK
    return None


def is_about_our_own(
    known: dict[str, bytes], sender: str | None, own: Collection[str], raw: bytes, parts: mime.Parts | None
) -> Why | None:
    """Why this mail is, answers or returns one of our forwards: it names its Message-ID, holds its header,
    or was forwarded by machine under an address of ours."""
    ours = {address.casefold() for address in own}
    if sender in ours and (_said(known) == "auto-forwarded" or _loops_at(known, ours)):
        return "own_forward", _CAME_BACK
    if _MESSAGE_ID.search(known.get("in-reply-to", b"") + b" " + known.get("references", b"")):
        return "answer", _ANSWERED
    if _INSIDE.search(raw):
        return "bounce", _BOUNCED
    pieces = [*parts.leaves, *parts.enclosed][:_SEARCHED_PARTS] if parts else []
    if any(_INSIDE.search(piece.decoded_loosely(_SEARCHED_BYTES)) for piece in pieces if piece.encoding):
        return "bounce", _BOUNCED
    return None


def is_marked(
    known: dict[str, bytes], sender: str | None, *, own: Collection[str], office: Collection[str]
) -> Why | None:
    """Why the mail is automatic by what its author says of it. `own` are the addresses of the mailbox,
    `office` those that our forwards go to: of them less is needed.

    `auto-generated` from anybody else is no such mark: the companies' notices say it of themselves.
    """
    said = _said(known)
    if headers.word(known.get("content-type", b"")) == "multipart/report" or "x-failed-recipients" in known:
        return "bounce", _BOUNCED
    if _is_daemon(known, sender):
        return "bounce", _BOUNCED
    precedence = headers.word(known.get("precedence", b""))
    if said in ("auto-replied", "auto-notified") or precedence == "auto_reply":
        return "auto_reply", _AUTOMATIC
    if any(headers.word(known[name]) not in ("", "no") for name in _ROBOT_FIELDS if name in known):
        return "auto_reply", _AUTOMATIC
    if sender in {address.casefold() for address in (*own, *office)}:
        return _from_the_office(known, said, precedence)
    return None


def _from_the_office(known: dict[str, bytes], said: str, precedence: str) -> Why | None:
    """Who gets our forwards answers them, by hand or by machine: with our prefix in the subject, at least."""
    subject = headers.decoded(known.get("subject", b"")).casefold()
    if any(prefix in subject for prefix in _PREFIXES):
        return "answer", _ANSWERED
    if said not in ("", "no") or precedence in _BULK or "x-auto-response-suppress" in known:
        return "auto_reply", _AUTOMATIC
    return None


def is_marked_on_the_way(known: dict[str, bytes], own: Collection[str]) -> Why | None:
    """The same for what mail servers write while they deliver: weaker, since notices may be sent so."""
    if _loops_at(known, {address.casefold() for address in own}):
        return "own_forward", _CAME_BACK
    if headers.word(known.get("return-path", b"")).replace(" ", "") == "<>":
        return "bounce", _BOUNCED
    return None


def _said(known: dict[str, bytes]) -> str:
    return headers.word(known.get("auto-submitted", b""))


def _loops_at(known: dict[str, bytes], ours: Collection[str]) -> bool:
    return "x-loop" in known and headers.word(known["x-loop"]) in ours


def _is_daemon(known: dict[str, bytes], sender: str | None) -> bool:
    """Mail servers also write a From that is no address: `MAILER-DAEMON (Mail Delivery System)`."""
    name = sender.partition("@")[0] if sender else headers.plain(known.get("from", b"")[:400]).casefold()
    return _DAEMON.match(name) is not None
