"""What becomes of a dispatch that a partner sent: new, changed, cancelled, said already, late, or not to be
applied."""

import re
from collections.abc import Sequence
from typing import Literal, NamedTuple

from shared.events.content import same_content
from shared.events.dispatch import DispatchContent

from dispatch.changes import Change, changes
from dispatch.said import Said, is_older, later

_CANCELLED = re.compile(r"\bcancel(?:l?ed|l?ation|l?ing|s)?\b", re.IGNORECASE)


class Alert(NamedTuple):
    """Something a person must look at, in a sentence."""

    kind: Literal[
        "updated",
        "cancelled",
        "cancel_in_note",
        "after_cancellation",
        "restated",
        "late",
        "rejected",
        "mentioned",
        "collision",
        "payer_unknown",
        "refused",
        "given_up",
    ]
    text: str


class Known(NamedTuple):
    """A dispatch as it stands. `cancelled`: its status says so. `as_sent` is what stands on the partner's
    side, where the office has edited since; `said` is when the partner said that."""

    content: DispatchContent
    cancelled: bool
    as_sent: DispatchContent | None = None
    said: Said = Said()


class Judgement(NamedTuple):
    """`content` is the one to store, None where nothing is stored; `as_sent` is the partner's where it
    differs from that. `said` is when the partner said what stands from now on. `reason` is for a person."""

    outcome: Literal["processed", "updated", "cancelled", "duplicate", "late", "unable"]
    reason: str | None = None
    content: DispatchContent | None = None
    as_sent: DispatchContent | None = None
    changes: tuple[Change, ...] = ()
    alerts: tuple[Alert, ...] = ()
    said: Said = Said()


def cancels(content: DispatchContent, cancel_types: Sequence[str]) -> bool:
    """Whether the partner's type of dispatch is one of those that mean a cancellation."""
    return (content.dispatch_type or "").strip().upper().startswith(tuple(cancel_types))


def judge(
    known: Known | None,
    content: DispatchContent,
    *,
    said: Said,
    repeats: Literal["apply", "reject"],
    cancel_types: Sequence[str],
) -> Judgement:
    """`known` is the dispatch of that number as it stands. What the partner said before and says again after
    something else is news. Whatever the outcome: where what stands differs from what was just said, there is
    an alert."""
    cancelling = cancels(content, cancel_types)
    if known is None and cancelling:
        reason = (
            f"it cancels dispatch {content.number}, which is not known; it is kept and applied when it comes"
        )
        return Judgement("unable", reason)
    if known is None:
        return Judgement("processed", content=content, alerts=_note_alerts(content, None), said=said)
    stands = known.as_sent or known.content
    was_cancelling = cancels(stands, cancel_types)
    if _says_the_same(stands, content, cancelling=cancelling, was_cancelling=was_cancelling):
        reason = f"dispatch {content.number} already stands as this mail says"
        alerts = _contradicted(known, content, cancelling=cancelling)
        return Judgement("duplicate", reason, alerts=alerts, said=later(known.said, said))
    if is_older(said, known.said):
        return _late(known, content, said, cancelling=cancelling)
    if repeats == "reject":
        told = "cancelled this dispatch" if cancelling else f"changed {_listed(changes(stands, content))}"
        text = f"The partner {told}; this mailbox rejects repeats, so nothing was changed."
        reason = f"dispatch {content.number} is already known, and this mailbox rejects repeats"
        return Judgement("unable", reason, alerts=(Alert("rejected", text),))
    if cancelling:
        return _cancelled(known, content, said, again=was_cancelling)
    return _updated(known, content, said)


def _says_the_same(
    stands: DispatchContent, content: DispatchContent, *, cancelling: bool, was_cancelling: bool
) -> bool:
    """A cancellation may leave out what it cancels: only its type and its notes are compared."""
    if cancelling:
        return was_cancelling and not changes(stands, _cancelled_content(stands, content))
    return same_content(stands, content) or not changes(stands, content)


def _contradicted(known: Known, content: DispatchContent, *, cancelling: bool) -> tuple[Alert, ...]:
    """What the partner says again, and the office has decided otherwise."""
    if cancelling and not known.cancelled:
        text = "The partner says again that this dispatch is cancelled; here it is not."
        return (Alert("restated", text),)
    if not cancelling and known.cancelled:
        return (_after_cancellation(),)
    found = () if cancelling or known.as_sent is None else changes(known.content, content)
    if found:
        text = f"The partner says again what the office has corrected: {_listed(found)}."
        return (Alert("restated", text),)
    return ()


def _late(known: Known, content: DispatchContent, said: Said, *, cancelling: bool) -> Judgement:
    dates = f"{_when(said)}, and what stands is of {_when(known.said)}"
    told = "cancels this dispatch" if cancelling else f"says otherwise of {_listed(_differs(known, content))}"
    text = f"A mail that came late {told}. It is of {dates}: nothing was changed."
    reason = f"dispatch {content.number}: this mail came late; it is of {dates}"
    return Judgement("late", reason, alerts=(Alert("late", text),), said=known.said)


def _differs(known: Known, content: DispatchContent) -> Sequence[Change]:
    return changes(known.content, content) or changes(known.as_sent or known.content, content)


def _when(said: Said) -> str:
    return f"{said.sent_at:%Y-%m-%d %H:%M:%S} UTC" if said.sent_at else said.dated or "an unknown date"


def _updated(known: Known, content: DispatchContent, said: Said) -> Judgement:
    """Takes over what the partner changed; what the office corrected and the partner left alone stays."""
    stored = content
    if known.as_sent is not None:
        kept = {name for name, value in content if value == getattr(known.as_sent, name)}
        stored = content.model_copy(update={name: getattr(known.content, name) for name in kept})
    found = tuple(changes(known.content, stored))
    told = _listed(found) or "what the office had already corrected"
    alerts = (Alert("updated", f"The partner changed {told}."), *_note_alerts(content, known.content))
    if known.cancelled:
        alerts = (_after_cancellation(), *alerts)
    as_sent = content if stored != content else None
    return Judgement("updated", content=stored, as_sent=as_sent, changes=found, alerts=alerts, said=said)


def _after_cancellation() -> Alert:
    text = "The partner sent it again after it was cancelled; it stays cancelled until a person decides."
    return Alert("after_cancellation", text)


def _cancelled(known: Known, content: DispatchContent, said: Said, *, again: bool) -> Judgement:
    stored = _cancelled_content(known.content, content)
    as_sent = known.as_sent and _cancelled_content(known.as_sent, content)
    found = tuple(changes(known.content, stored))
    alerts = (Alert("cancelled", "The partner cancelled this dispatch."),)
    if again and known.cancelled:  # in other words only: a person knows of it
        alerts = ()
    return Judgement("cancelled", content=stored, as_sent=as_sent, changes=found, alerts=alerts, said=said)


def _cancelled_content(old: DispatchContent, content: DispatchContent) -> DispatchContent:
    """The old content, cancelled: what stood before stays, the cancellation's type and new notes are
    added."""
    notes = old.notes + tuple(note for note in content.notes if note not in old.notes)
    return old.model_copy(update={"dispatch_type": content.dispatch_type, "notes": notes})


def _note_alerts(content: DispatchContent, old: DispatchContent | None) -> tuple[Alert, ...]:
    fresh = [note for note in content.notes if old is None or note not in old.notes]
    if any(_CANCELLED.search(note.text) for note in fresh):
        text = "A note speaks of a cancellation, the dispatch type does not: cancel it if that is meant."
        return (Alert("cancel_in_note", text),)
    return ()


def _listed(found: Sequence[Change]) -> str:
    paths = list(dict.fromkeys(change.path for change in found))
    more = f" and {len(paths) - 5} more" if len(paths) > 5 else ""
    return ", ".join(paths[:5]) + more
