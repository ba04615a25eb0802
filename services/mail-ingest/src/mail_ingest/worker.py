"""Reading mails in a process of their own: a hostile one costs at most the set time and memory there."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import anyio
import structlog
from anyio import to_process
from shared.db import Row

from mail_ingest.reading import Reading, failed, read_mails, too_slow
from mail_ingest.settings import IngestSettings
from mail_ingest.verdict import Rules

log = structlog.get_logger()

# The worker bounds each mail by its own processor time; this is only for one that does not come back at all,
# and generous, so that a busy machine makes no mail unable.
PATIENCE = 15
START_SECONDS = 15.0


@dataclass(frozen=True)
class Job:
    raw: bytes
    rules: Rules
    correction: dict[str, Any] | None
    attempts: int

    @classmethod
    def of(cls, mail: Row, box: Row, raw: bytes, settings: IngestSettings) -> "Job":
        own = tuple({address for address in (box.address, box.user, box.return_address) if "@" in address})
        rules = Rules(
            partner=box.partner,
            authserv_id=box.authserv_id or None,
            trusted_senders=tuple(box.trusted_senders),
            own_addresses=own,
            office_addresses=tuple({address for address in (box.processed_to, box.error_to) if address}),
            vendor_id=box.vendor_id or None,
            max_bytes=settings.max_parse_bytes,
            results_below_received=box.results_below_received,
        )
        return cls(raw, rules, mail.correction, mail.attempts)


async def read(jobs: Sequence[Job], settings: IngestSettings) -> list[Reading]:
    """A reading for each job, whatever the mails do to the worker."""
    exhausted = [job.attempts > settings.parse_attempts for job in jobs]
    allowed = [job for job, over in zip(jobs, exhausted, strict=True) if not over]
    readings = iter(await _guarded(allowed, settings) if allowed else [])
    return [_exhausted(job) if over else next(readings) for job, over in zip(jobs, exhausted, strict=True)]


def _exhausted(job: Job) -> Reading:
    said = f"Reading this mail ended the program {job.attempts - 1} times. Look at the raw mail."
    return failed("parser_failure", said)


async def _guarded(jobs: Sequence[Job], settings: IngestSettings) -> list[Reading]:
    try:
        with anyio.fail_after(settings.parse_seconds * PATIENCE + START_SECONDS):
            return await to_process.run_sync(
                read_mails,
                [(job.raw, job.rules, job.correction) for job in jobs],
                settings.parse_megabytes,
                settings.parse_seconds,
                cancellable=True,
            )
    except TimeoutError:
        failure = too_slow(settings.parse_seconds)
    except (anyio.BrokenWorkerProcess, MemoryError):
        bound = f"{settings.parse_megabytes} MB of memory"
        failure = failed("too_large", f"Reading this mail took over {bound}. Look at the raw mail.")
    log.warning("reader_stopped", mails=len(jobs), code=failure.code)
    if len(jobs) == 1:
        return [failure]
    readings: list[Reading] = []
    for job in jobs:
        readings += await _guarded([job], settings)
    return readings
