"""One guarded call from a mail's bytes to what it is. It never raises, needs neither database nor web, and
costs a hostile mail no more than a few ordinary ones, so that it may run in a worker process."""

import re
from dataclasses import dataclass
from datetime import datetime
from html import unescape
from typing import Literal

from shared.events.content import same_content
from shared.events.dispatch import DispatchContent

from mail_ingest import automatic, trust
from mail_ingest.formats import ahs
from mail_ingest.parsing import headers, mime, xml
from mail_ingest.parsing.refused import Place, Refused

MAX_DOCUMENTS = 3

_NUMBER = re.compile(r"(?:\bdispatch\b[^0-9]{0,20}|#\s?)([0-9]{7,9})(?![0-9])", re.IGNORECASE)
_TAG = re.compile(r"<[^<>]*>")
_ROOT = re.compile(rb"<(?:[\w.-]{1,40}:)?" + ahs.ROOT.encode() + rb"[\s/>]")
_SNIFFED = 1024


@dataclass(frozen=True, slots=True)
class Rules:
    """What a mailbox believes. `trusted_senders` are addresses or domains; without an `authserv_id` their
    From is taken at its word. `results_below_received`: our server writes Authentication-Results below its
    own Received line, and removes forged ones. `cancel_type`: how a cancelled dispatch's type begins."""

    partner: str
    authserv_id: str | None = None
    trusted_senders: tuple[str, ...] = ()
    own_addresses: tuple[str, ...] = ()
    vendor_id: str | None = None
    max_bytes: int = 25 * 1024 * 1024
    results_below_received: bool = False
    cancel_type: str = "CANCEL"


@dataclass(frozen=True, slots=True)
class Verdict:
    """`reason` is for a person, `code` for machines (blank for a dispatch). `mentions` are dispatch numbers
    that a trusted mail without a document names. `sent_at` is the mail's Date in UTC. All texts are safe to
    store, log and send."""

    kind: Literal["dispatch", "unable", "ignored"]
    code: str = ""
    reason: str = ""
    content: DispatchContent | None = None
    cancels: bool = False
    place: Place | None = None
    mentions: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()
    subject: str = ""
    sender: str = ""
    message_id: str = ""
    sent_at: datetime | None = None


@dataclass(slots=True)
class _Found:
    """What is known of a mail so far, whether or not the reading comes to its end."""

    subject: str = ""
    sender: str = ""
    message_id: str = ""
    sent_at: datetime | None = None
    mentions: tuple[str, ...] = ()


def read(raw: bytes, rules: Rules, *, size: int | None = None) -> Verdict:
    """What the mail is. `size` is its true size where `raw` holds only its beginning."""
    found = _Found()
    try:
        return _read(raw, rules, len(raw) if size is None else size, found)
    except Refused as refused:
        code, reason, place = refused.code, refused.reason, refused.place
    except Exception as error:
        code, place = "parser_failure", None
        reason = (
            f"This mail could not be read ({type(error).__name__}). Enter the dispatch by hand and report it."
        )
    return Verdict(
        "unable",
        code=code,
        reason=reason,
        place=place,
        mentions=found.mentions,
        subject=found.subject,
        sender=found.sender,
        message_id=found.message_id,
        sent_at=found.sent_at,
    )


def _read(raw: bytes, rules: Rules, size: int, found: _Found) -> Verdict:
    fields, at = headers.read(raw)
    known = headers.firsts(fields)
    found.subject = headers.safe(headers.decoded(known.get("subject", b"")))
    found.sender = headers.safe(headers.decoded(known.get("from", b"")))
    found.message_id = headers.safe(headers.plain(known.get("message-id", b"")[:1000]))
    found.sent_at = headers.date(known.get("date", b""))
    sender = trust.sender(fields)
    ignored = automatic.why(known, sender, rules.own_addresses)
    if ignored:
        code, reason = ignored
        return Verdict(
            "ignored",
            code,
            reason,
            subject=found.subject,
            sender=found.sender,
            message_id=found.message_id,
            sent_at=found.sent_at,
        )
    if size > rules.max_bytes:
        raise Refused(
            "oversize",
            f"This mail has {size:,} bytes; over {rules.max_bytes:,} none is read. Enter it by hand.",
        )
    trust.check(
        fields,
        sender,
        trusted_senders=rules.trusted_senders,
        authserv_id=rules.authserv_id,
        results_below_received=rules.results_below_received,
    )
    content, warnings = _dispatch(mime.read(raw, fields, at), found)
    if rules.vendor_id and content.vendor.id and content.vendor.id != rules.vendor_id:
        raise Refused(
            "not_for_us",
            f"The dispatch is for vendor {headers.safe(content.vendor.id, 40)}, not for us "
            f"({rules.vendor_id}). Tell the company, and do not service it.",
        )
    if not rules.authserv_id:
        warnings += (
            "Trusted by its From address alone, which anybody can write: set the mailbox's authserv-id.",
        )
    return Verdict(
        "dispatch",
        content=content,
        cancels=(content.dispatch_type or "").upper().startswith(rules.cancel_type.upper()),
        warnings=warnings,
        subject=found.subject,
        sender=found.sender,
        message_id=found.message_id,
        sent_at=found.sent_at,
    )


def _dispatch(parts: mime.Parts, found: _Found) -> ahs.Reading:
    """The one dispatch of the mail; attachments that say the same count once."""
    held = documents(parts)
    if not held:
        found.mentions = _mentions(parts, found.subject)
        raise _no_document(parts)
    if len(held) > MAX_DOCUMENTS:
        raise _several()
    first, *others = (ahs.read(document, charset) for document, charset in held.items())
    if not all(same_content(first.content, other.content) for other in others):
        raise _several()
    return first


def documents(parts: mime.Parts) -> dict[bytes, str]:
    """The XML documents of a mail, each once, with the charset that its part claims."""
    held = [part for part in parts.leaves if _is_document(part)]
    if any(len(part.body) > 4 * xml.MAX_BYTES for part in held):
        raise Refused("xml_limits", "The XML document is larger than any dispatch. Look at the raw mail.")
    return {part.decoded(): part.charset for part in held}


def _is_document(part: mime.Part) -> bool:
    """Whether a part is meant to be the document: by its label, or by its content whatever its label."""
    kind = part.type
    if part.filename.strip().lower().endswith(".xml") or kind in ("text/xml", "application/xml"):
        return True
    if kind.endswith("+xml") and not kind.startswith("image/") and kind != "application/xhtml+xml":
        return True
    try:
        head = part.decoded(_SNIFFED).lstrip(b"\xef\xbb\xbf\xff\xfe\0 \t\r\n")
    except ValueError:
        return False
    return head.startswith(b"<") and _ROOT.search(head.replace(b"\0", b"")) is not None


def _several() -> Refused:
    return Refused(
        "several_xml", "This mail holds several XML attachments that differ. Look which one is right."
    )


def _no_document(parts: mime.Parts) -> Refused:
    if parts.nested:
        return Refused(
            "nested",
            "This mail holds another mail as an attachment, which is not looked into. "
            "Ask the company to send the dispatch itself.",
        )
    names = ", ".join(headers.safe(part.filename, 40) for part in parts.leaves if part.filename)[:200]
    held = f"only {names}" if names else "no attachment"
    return Refused(
        "no_xml", f"There is no XML document in this mail, {held}. Read it, and act on it by hand."
    )


def _mentions(parts: mime.Parts, subject: str) -> tuple[str, ...]:
    texts = [subject]
    for part in parts.leaves[:10]:
        if part.type in ("text/plain", "text/html"):
            texts.append(unescape(_TAG.sub(" ", part.text(32_768)))[:65_536])
    numbers = dict.fromkeys(number for text in texts for number in _NUMBER.findall(text))
    return tuple(numbers)[:10]
