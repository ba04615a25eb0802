"""What becomes of a dispatch that a partner sent: new, changed, cancelled, seen before, or not to be
applied."""

import re
from collections.abc import Sequence
from typing import Literal, NamedTuple

from shared.events.dispatch import DispatchContent

from dispatch.changes import Change, changes

_CANCELLED = re.compile(r"\bcancel(?:l?ed|l?ation|l?ing|s)?\b", re.IGNORECASE)


class Alert(NamedTuple):
    """Something a person must look at, in a sentence."""

    kind: Literal[
        "updated", "cancelled", "cancel_in_note", "after_cancellation", "mentioned", "refused", "given_up"
    ]
    text: str


class Known(NamedTuple):
    """A dispatch as it stands. `as_sent` is what the partner last sent, where the office has edited since."""

    content: DispatchContent
    cancelled: bool
    as_sent: DispatchContent | None = None


class Judgement(NamedTuple):
    """`content` is the one to store, None where nothing is stored; `as_sent` is the partner's where it
    differs from that. `reason` is for a person."""

    outcome: Literal["processed", "updated", "cancelled", "duplicate", "unable"]
    reason: str | None = None
    content: DispatchContent | None = None
    as_sent: DispatchContent | None = None
    changes: tuple[Change, ...] = ()
    alerts: tuple[Alert, ...] = ()


def judge(
    known: Known | None,
    content: DispatchContent,
    *,
    seen: bool,
    repeats: Literal["apply", "reject"],
    cancel_types: Sequence[str],
) -> Judgement:
    """`known` is the dispatch of that number as it stands; `seen` says that this very content was applied
    to it before, in whatever earlier version: an old mail sent again never overwrites a newer one."""
    cancels = (content.dispatch_type or "").upper().startswith(tuple(cancel_types))
    if known is None:
        if cancels:
            return Judgement("unable", f"it cancels dispatch {content.number}, which is not known")
        return Judgement("processed", content=content, alerts=_note_alerts(content, None))
    if seen:
        return Judgement("duplicate", f"dispatch {content.number} was already received with this content")
    if repeats == "reject":
        return Judgement(
            "unable", f"dispatch {content.number} is already known, and this mailbox rejects repeats"
        )
    if cancels:
        return _cancelled(known, content)
    if not changes(known.as_sent or known.content, content):
        return Judgement("duplicate", f"dispatch {content.number} already stands as this mail says")
    return _updated(known, content)


def _updated(known: Known, content: DispatchContent) -> Judgement:
    """Takes over what the partner changed; what the office corrected and the partner left alone stays."""
    stored = content
    if known.as_sent is not None:
        kept = {name for name, value in content if value == getattr(known.as_sent, name)}
        stored = content.model_copy(update={name: getattr(known.content, name) for name in kept})
    found = tuple(changes(known.content, stored))
    told = _listed(found) or "what the office had already corrected"
    alerts = (Alert("updated", f"The partner changed {told}."), *_note_alerts(content, known.content))
    if known.cancelled:
        text = "The partner sent it again after cancelling it; it stays cancelled until a person decides."
        alerts = (Alert("after_cancellation", text), *alerts)
    as_sent = content if stored != content else None
    return Judgement("updated", content=stored, as_sent=as_sent, changes=found, alerts=alerts)


def _cancelled(known: Known, content: DispatchContent) -> Judgement:
    """A cancellation may leave out what it cancels: what stood before stays, its type and new notes are
    added."""
    old = known.content
    notes = old.notes + tuple(note for note in content.notes if note not in old.notes)
    stored = old.model_copy(update={"dispatch_type": content.dispatch_type, "notes": notes})
    found = tuple(changes(old, stored))
    alerts = () if known.cancelled else (Alert("cancelled", "The partner cancelled this dispatch."),)
    return Judgement("cancelled", content=stored, as_sent=known.as_sent, changes=found, alerts=alerts)


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
