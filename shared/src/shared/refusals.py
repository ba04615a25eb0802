"""What was refused for want of a right: 401, 403 and 429 leave a line in the log and a row in the audit
trail.

Whoever floods us must fill neither: within one interval each caller, route and status is one line and one
row, which says how often, and after MOST of them all others are one more.
"""

from collections import Counter
from typing import TYPE_CHECKING, Any, NamedTuple

import structlog
from fastapi import Request

if TYPE_CHECKING:
    from shared.service import Running

log = structlog.get_logger()

GATHER_SECONDS = 10.0
MOST = 100
_IDLE_SECONDS = 3600.0


class Refusal(NamedTuple):
    """`who` is the account or client of a valid token, else empty; `address` is where it came from."""

    status: int
    method: str
    path: str
    who: str
    address: str


OTHERS = Refusal(0, "", "others", "", "")


class Refusals:
    """Of one service in this process, since they were last written."""

    def __init__(self) -> None:
        self.counts = Counter[Refusal]()

    def note(self, request: Request, status: int) -> None:
        route, client = request.scope.get("route"), request.client
        found = Refusal(
            status,
            request.method,
            getattr(route, "path_format", ""),
            getattr(request.scope.get("callboard.principal"), "subject", ""),
            client.host if client else "",
        )
        if found not in self.counts and len(self.counts) >= MOST:
            found = OTHERS
        self.counts[found] += 1
        if self.counts[found] == 1:
            log.warning("access_refused", **found._asdict())

    def taken(self) -> Counter[Refusal]:
        counts, self.counts = self.counts, Counter()
        return counts


async def write_refusals(running: "Running[Any]") -> None:
    """A loop of every service."""
    while not running.stopping.is_set():
        await running.pause(_IDLE_SECONDS, "write_refusals")
        if running.refusals.counts:
            await running.pause(GATHER_SECONDS, "gathering refusals")
            await write(running)


async def write(running: "Running[Any]") -> None:
    counts = running.refusals.taken()
    async with running.work() as work:
        for each, count in counts.items():
            work.audit(
                who=each.who or each.address or "unknown",
                action="access.refused",
                subject=f"{each.method} {each.path}".strip()[:100],
                after={"status": each.status, "address": each.address, "count": count},
            )
