"""Outcomes of mails read one after the other with nothing but memory, for the command line.

In the running system the dispatch service decides this, by the same `content_key`.
"""

from collections.abc import Iterable, Iterator
from typing import NamedTuple

from shared.events.content import content_key
from shared.events.dispatch import Outcome

from mail_ingest.verdict import Verdict


class Judged(NamedTuple):
    outcome: Outcome
    reason: str
    verdict: Verdict


def judge(verdicts: Iterable[Verdict]) -> Iterator[Judged]:
    """Each mail's outcome, in the given order. A content that was seen for its number in whatever earlier
    version is a duplicate: an old mail sent again never overwrites a newer one."""
    seen: dict[str, set[bytes]] = {}
    for verdict in verdicts:
        if verdict.content is None:
            yield Judged("ignored" if verdict.kind == "ignored" else "unable", verdict.reason, verdict)
            continue
        number, key = verdict.content.number, content_key(verdict.content)
        versions = seen.get(number)
        if versions is None and verdict.cancels:
            yield Judged(
                "unable", f"Dispatch {number} is cancelled, but it never came in. Look for it.", verdict
            )
            continue
        if versions is None:
            outcome, reason = "processed", f"Dispatch {number} is new."
        elif key in versions:
            outcome, reason = (
                "duplicate",
                f"Dispatch {number} is known, and this mail says nothing new of it.",
            )
        elif verdict.cancels:
            outcome, reason = "cancelled", f"Dispatch {number} was cancelled by the company."
        else:
            outcome, reason = "updated", f"Dispatch {number} is known; this mail changes it."
        seen.setdefault(number, set()).add(key)
        yield Judged(outcome, reason, verdict)
