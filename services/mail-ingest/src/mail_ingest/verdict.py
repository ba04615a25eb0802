"""One guarded call from a mail's bytes to what it is. It never raises, needs neither database nor web, and
costs a hostile mail no more than a few ordinary ones, so that it may run in a worker process."""

from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from shared.events.content import same_content
from shared.events.dispatch import DispatchContent

from mail_ingest import automatic, documents, trust
from mail_ingest.formats import ahs
from mail_ingest.parsing import headers, mime
from mail_ingest.parsing.refused import Place, Refused


@dataclass(frozen=True, slots=True)
class Rules:
    """What a mailbox believes. `trusted_senders` are addresses or domains; without an `authserv_id` their
    From is taken at its word. `own_addresses` are the mailbox's, `office_addresses` those that get our
    forwards. `results_below_received`: our server writes Authentication-Results below its
    own Received line, and removes forged ones. `cancel_type`: how a cancelled dispatch's type begins.
    Without `asks_trust` everybody is believed: for looking at mails, never for taking them."""

    partner: str
    authserv_id: str | None = None
    trusted_senders: tuple[str, ...] = ()
    own_addresses: tuple[str, ...] = ()
    office_addresses: tuple[str, ...] = ()
    vendor_id: str | None = None
    max_bytes: int = 25 * 1024 * 1024
    results_below_received: bool = False
    cancel_type: str = "CANCEL"
    asks_trust: bool = True


@dataclass(frozen=True, slots=True)
class Verdict:
    """`reason` is for a person, `code` for machines (blank for a dispatch). `mentions` are dispatch numbers
    that a trusted mail without a document names. `sent_at` is the mail's Date in UTC. `strange`: neither a
    trusted sender nor a document vouches for it, so that it may be the answer of a machine. All texts are
    safe to store, log and send."""

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
    strange: bool = False


@dataclass(slots=True)
class _Found:
    """What is known of a mail so far, whether or not the reading comes to its end."""

    subject: str = ""
    sender: str = ""
    message_id: str = ""
    sent_at: datetime | None = None
    strange: bool = False
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
        strange=found.strange,
    )


def _read(raw: bytes, rules: Rules, size: int, found: _Found) -> Verdict:
    fields, at = headers.read(raw)
    known = headers.firsts(fields)
    found.subject = headers.safe(headers.decoded(known.get("subject", b"")))
    found.sender = headers.safe(headers.decoded(known.get("from", b"")))
    found.message_id = headers.safe(headers.plain(known.get("message-id", b"")[:1000]))
    found.sent_at = headers.date(known.get("date", b""))
    sender = trust.sender(fields)
    ignored = automatic.is_our_own(known)
    if ignored is None:
        try:
            return _trusted(raw, fields, at, rules, size, sender, found)
        except Exception as error:
            found.strange = isinstance(error, Refused) and error.code == "untrusted"
            ignored = _not_to_be_answered(raw, fields, at, rules, sender, found)
            if ignored is None:
                raise
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


def _not_to_be_answered(
    raw: bytes, fields: headers.Fields, at: int, rules: Rules, sender: str | None, found: _Found
) -> automatic.Why | None:
    """Why a mail that is no dispatch to be taken gets no answer either. Marks weigh only where none is in it,
    and those of mail servers on the way only where it names none, either."""
    known = headers.firsts(fields)
    try:
        parts = mime.read(raw, fields, at)
        held = documents.find(parts).any()
    except Refused:
        parts, held = None, True  # it cannot be said: a person looks
    own, office = rules.own_addresses, rules.office_addresses
    if ours := automatic.is_about_our_own(known, sender, own, raw, parts):
        return ours
    found.strange = not held and (found.strange or sender in {each.casefold() for each in (*own, *office)})
    if held:
        return None
    marked = automatic.is_marked(known, sender, own=own, office=office)
    return marked or (None if found.mentions else automatic.is_marked_on_the_way(known, own))


def _trusted(
    raw: bytes,
    fields: headers.Fields,
    at: int,
    rules: Rules,
    size: int,
    sender: str | None,
    found: _Found,
) -> Verdict:
    """The dispatch that a trusted mail holds. Raises Refused."""
    if size > rules.max_bytes:
        raise Refused(
            "oversize",
            f"This mail has {size:,} bytes; over {rules.max_bytes:,} none is read. Enter it by hand.",
        )
    if rules.asks_trust:
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
    """The one dispatch of the mail. Attachments that say the same count once; what is none is named."""
    held = documents.find(parts)
    if not held.any():
        found.mentions = documents.mentioned(parts, found.subject)
        raise documents.refused(parts)
    if held.too_large and not held.dispatches:
        raise Refused("xml_limits", "The XML document is larger than any dispatch. Look at the raw mail.")
    if len(held.dispatches) > documents.MAX_DISPATCHES:
        raise _several()
    chosen = held.dispatches or held.damaged or dict.fromkeys(held.others.values(), "")
    first, *others = (ahs.read(document, charset) for document, charset in chosen.items())
    if not all(same_content(first.content, other.content) for other in others):
        raise _several()
    beside = [*held.others, *["a damaged document" for _ in held.damaged]] if held.dispatches else []
    named = [f"Beside the dispatch this mail holds {each}, which was not read." for each in beside[:5]]
    return first._replace(warnings=(*first.warnings, *named))


def _several() -> Refused:
    return Refused(
        "several_xml", "This mail holds several XML attachments that differ. Look which one is right."
    )
