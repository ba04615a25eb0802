"""One mail read in the worker process: a verdict as plain values, cheap to send back."""

import resource
from collections.abc import Sequence
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


def failed(code: str, reason: str) -> Reading:
    """The reading of a mail that could not be read within its bounds."""
    return Reading("unable", code, reason)


def read_mails(mails: Sequence[tuple[bytes, Rules, dict[str, Any] | None]], megabytes: int) -> list[Reading]:
    """Runs in the worker process, which may take at most `megabytes` more than it has now."""
    _bound_memory(megabytes)
    return [read_mail(raw, rules, correction) for raw, rules, correction in mails]


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
