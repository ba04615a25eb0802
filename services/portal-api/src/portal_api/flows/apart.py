"""Messages of one round, each by itself: one that cannot be written holds up no other."""

from collections.abc import Awaitable
from typing import Any, TypeVar

import structlog
from shared.failures import is_outage
from shared.work import Work

log = structlog.get_logger()
T = TypeVar("T")


async def apart(work: Work[Any], step: Awaitable[T], **about: Any) -> tuple[T | None, bool]:
    """What the step yields, and whether it succeeded; what a failed one wrote is undone. `about` is logged.
    A database that is away is nobody's fault and ends the round."""
    try:
        async with work.session.begin_nested():
            return await step, True
    except Exception as error:
        if is_outage(error):
            raise
        log.exception("message_failed", error=type(error).__name__, **about)
        return None, False
