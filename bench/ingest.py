"""2,000 mails from a Dovecot mailbox through the whole job, beside programs that only download them.

Ours: stored, parsed, dispatched, matched to a customer, forwarded to an SMTP sink, mailbox empty; over
RabbitMQ and PostgreSQL. Theirs: the same mailbox into a Maildir or a file. The floor: pipelined RETR, parse,
batched insert of the raw mail, DELE, without a bus.
"""

import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

from localservers import Dovecot
from localservers.dovecot import PASSWORD

from bench.downloads import PEERS, floor, timed
from bench.fleet import Fleet, fleet, free_port, process_of
from bench.mails import AUTHSERV_ID, SENDER, VENDOR_ID, mail

MAILS = 2000
ROUNDS = 3
WARM_UP = 500


def run(mails: int = MAILS, rounds: int = ROUNDS) -> dict[str, Any]:
    """Mails a second of each, and ours as a ratio of them. The floor and ours are medians of rounds, one
    measured right after the other, and their ratio is the median of the pairs'."""
    messages = _messages(mails, 0)
    rates: dict[str, float] = {}
    with Dovecot() as dovecot:
        for name, download in PEERS.items():
            rates[name] = mails / timed(dovecot, messages, download)
    floors, ours, spent = _side_by_side(mails, rounds)
    rates |= {"floor": statistics.median(floors), "callboard": statistics.median(ours)}
    ratios = {f"callboard/{name}": rates["callboard"] / rates[name] for name in PEERS}
    pairs = [our / least for least, our in zip(floors, ours, strict=True)]
    ratios["callboard/floor"] = statistics.median(pairs)
    return {
        "mails": mails,
        "bytes_a_mail": sum(map(len, messages)) // mails,
        "per_second": rates,
        "ratio": ratios,
        "pairs": pairs,
        "processor_ms_a_mail": spent,
    }


def _messages(mails: int, number: int) -> list[bytes]:
    return [mail(40_000_000 + number * 1_000_000 + each) for each in range(mails)]


def _side_by_side(mails: int, rounds: int) -> tuple[list[float], list[float], dict[str, float]]:
    """Mails a second of the floor and of the whole job, round by round, and the milliseconds of processor
    that each of our processes spent on a mail."""
    sink_port = free_port()
    count = Path(tempfile.mkdtemp(prefix="bench.")) / "count"
    floors: list[float] = []
    ours: list[float] = []
    with (
        process_of("bench.sink", {}, str(sink_port), str(count)),
        fleet(
            ["mail_ingest", "dispatch", "customer"],
            CALLBOARD_SMTP_HOST="127.0.0.1",
            CALLBOARD_SMTP_PORT=str(sink_port),
        ) as system,
    ):
        # a service runs for weeks: what it does once (first statements, the worker's start) is not its rate
        _take_in(system, count, _messages(WARM_UP, 0))
        spent = dict.fromkeys(system.pids, 0.0)
        for number in range(1, rounds + 1):
            messages = _messages(mails, number)
            floors.append(mails / timed(system.dovecot, messages, partial(floor, system.postgres)))
            before = system.seconds_of_processor()
            ours.append(mails / _take_in(system, count, messages))
            after = system.seconds_of_processor()
            spent = {name: spent[name] + after[name] - before[name] for name in spent}
    return floors, ours, {name: round(each * 1e3 / mails / rounds, 3) for name, each in spent.items()}


def _take_in(system: Fleet, count: Path, messages: list[bytes]) -> float:
    """Seconds until every mail is forwarded, every dispatch has its customer and the mailbox is empty."""
    user = system.dovecot.new_user()
    system.dovecot.deliver(user, messages)
    sent = _read(count) + len(messages)
    matched = "SELECT count(*) FROM dispatch WHERE customer_id IS NOT NULL"
    known = int(system.postgres.execute(matched, database="dispatch")) + len(messages)
    with system.http("mail_ingest") as http:
        started = time.perf_counter()
        http.post("/v1/mailboxes", json=_mailbox(system.dovecot, user)).raise_for_status()
        _wait(lambda: _read(count) >= sent, f"{sent} forwards")
        _wait(lambda: int(system.postgres.execute(matched, database="dispatch")) == known, "matches")
        took = time.perf_counter() - started
    if system.dovecot.messages(user):
        raise RuntimeError("the mailbox is not empty")
    return took


def _mailbox(dovecot: Dovecot, user: str) -> dict[str, Any]:
    return {
        "name": user,
        "host": "127.0.0.1",
        "port": dovecot.pop3,
        "user": user,
        "password": PASSWORD,
        "address": f"{user}@contractor.example",
        "vendor_id": VENDOR_ID,
        "authserv_id": AUTHSERV_ID,
        "trusted_senders": [SENDER],
        "processed_to": "done@contractor.example",
        "error_to": "error@contractor.example",
        "customer": "American Home Shield",
    }


def _read(count: Path) -> int:
    return int(count.read_text() or 0) if count.exists() else 0


def _wait(done: Callable[[], bool], what: str, seconds: float = 180) -> None:
    end = time.monotonic() + seconds
    while not done():
        if time.monotonic() > end:
            raise TimeoutError(f"no {what} after {seconds} s: see .run/bench")
        time.sleep(0.02)


if __name__ == "__main__":
    import json

    sys.stdout.write(json.dumps(run(), indent=2) + "\n")
