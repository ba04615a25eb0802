"""One mail read in the worker process: a verdict as plain values, cheap to send back."""

import resource
import signal
from collections.abc import Sequence
from datetime import datetime
from typing import Any, NamedTuple

from mail_ingest import correction as correcting
from mail_ingest.verdict import Rules, read


class Reading(NamedTuple):
    """What a mail turned out to be. `content` is a DispatchContent as JSON: it goes into the event as it
    is, so the parent process need not build it again."""

    kind: str  # dispatch, unable, ignored
    code: str
    reason: str
    subject: str | None = None
    sender: str | None = None
    message_id: str | None = None
    number: str | None = None
    content: str | None = None
    place: dict[str, Any] | None = None
    mentions: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()
    sent_at: datetime | None = None
    strange: bool = False


def failed(code: str, reason: str) -> Reading:
    """The reading of a mail that could not be read within its bounds."""
    return Reading("unable", code, reason)


def too_slow(seconds: float) -> Reading:
    return failed("too_slow", f"Reading this mail took over {seconds:g} seconds. Look at the raw mail.")


class _TooSlow(BaseException):
    """No Exception, so that the parser's own guard does not take it for a fault of the parser."""


def read_mails(
    mails: Sequence[tuple[bytes, Rules, dict[str, Any] | None]], megabytes: int, seconds: float
) -> list[Reading]:
    """Runs in the worker process, which may take at most `megabytes` more than it has now, and `seconds` of
    processor time a mail: the clock of a busy machine says nothing of a mail."""
    _bound_memory(megabytes)
    signal.signal(signal.SIGPROF, _stop)
    return [_bounded_read(raw, rules, correction, seconds) for raw, rules, correction in mails]


def _bounded_read(raw: bytes, rules: Rules, correction: dict[str, Any] | None, seconds: float) -> Reading:
    signal.setitimer(signal.ITIMER_PROF, seconds)
    try:
        return read_mail(raw, rules, correction)
    except _TooSlow:
        return too_slow(seconds)
    finally:
        signal.setitimer(signal.ITIMER_PROF, 0)


def _stop(_number: int, _frame: object) -> None:
    raise _TooSlow


def read_mail(raw: bytes, rules: Rules, correction: dict[str, Any] | None = None) -> Reading:
    """`correction` is what a person put right: `document`, `fields` (docs of the API's Correction)."""
    verdict = correcting.read(raw, rules, correction) if correction is not None else read(raw, rules)
    content = verdict.content
    return Reading(
        verdict.kind,
        verdict.code,
        verdict.reason,
        verdict.subject or None,
        verdict.sender or None,
        verdict.message_id or None,
        content.number if content else None,
        content.model_dump_json(exclude_none=True) if content else None,
        verdict.place._asdict() if verdict.place else None,
        verdict.mentions,
        verdict.warnings,
        verdict.sent_at,
        verdict.strange,
    )


_bounded = False


def _bound_memory(megabytes: int) -> None:
    global _bounded
    if not _bounded:
        with open("/proc/self/statm", encoding="ascii") as file:
            now = int(file.read().split()[0]) * resource.getpagesize()
        limit = now + megabytes * 1024 * 1024
        resource.setrlimit(resource.RLIMIT_AS, (limit, limit))
        _bounded = True
