"""Hostile mails through the running service: each costs at most its bounds, and stops nothing behind it."""

import os
import time
from collections.abc import Iterator
from pathlib import Path

import letters
import pytest
from batches import UNABLE, Letter, ordinary
from fleet import Fleet, Mailbox, until
from hostile import hostile
from ledger import Facts, violations
from localservers.tree import descendants, state

pytestmark = pytest.mark.timeout(300)  # the first test starts the fleet
SECONDS, MEGABYTES = 2.0, 300.0
START_SECONDS = 2.0  # of processor time, for the worker that takes the place of one that was stopped
ANY = frozenset({"processed", "duplicate", UNABLE})
DEADLY = str(Path(__file__).parent.parent / "deadly")


def worker_of(pid: int) -> int:
    """The process that reads mails; 0 where none is there now."""
    return next((each for each in descendants(pid) if each != pid), 0)


def worker_seconds(pid: int) -> float:
    """Processor time of all workers that this service ever had."""
    spent = sum(_times(pid)[2:]) + sum(sum(_times(each)[:2]) for each in descendants(pid) if each != pid)
    return spent / os.sysconf("SC_CLK_TCK")


def _times(pid: int) -> list[int]:
    """User and system time of the process, and of its children that have ended."""
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except (FileNotFoundError, ProcessLookupError):
        return [0, 0, 0, 0]
    return [int(field) for field in fields[11:15]]


def most_megabytes(pid: int) -> float:
    """The most memory that the process ever had."""
    try:
        status = Path(f"/proc/{pid}/status").read_text()
    except (FileNotFoundError, ProcessLookupError):
        return 0.0
    return int(status.partition("VmHWM:")[2].split()[0]) / 1024 if "VmHWM:" in status else 0.0


def poll(fleet: Fleet, mailbox: Mailbox) -> None:
    with fleet.http("mail_ingest") as http:
        http.post(f"/v1/mailboxes/{mailbox.id}/poll").raise_for_status()


def test_a_hostile_mail_costs_at_most_its_bounds(fleet: Fleet, mailbox: Mailbox) -> None:
    fleet.watch(mailbox, poll_seconds=86_400)
    mailbox.deliver([ordinary()])
    poll(fleet, mailbox)
    assert violations(fleet.settle(mailbox)) == []
    service = fleet.processes["mail_ingest"].pid
    usual = most_megabytes(worker_of(service))
    costs: dict[str, tuple[float, float]] = {}
    for name, raw in hostile(1).items():
        before, peak = worker_seconds(service), 0.0
        mailbox.deliver([Letter(raw, ANY), ordinary()])
        poll(fleet, mailbox)
        end = time.monotonic() + 60
        while not fleet.settled(mailbox) and time.monotonic() < end:
            peak = max(peak, most_megabytes(worker_of(service)))
        costs[name] = (worker_seconds(service) - before, peak)
    assert violations(fleet.settle(mailbox)) == []
    dear = {
        name: (round(seconds, 2), round(peak))
        for name, (seconds, peak) in costs.items()
        if seconds > SECONDS + START_SECONDS or peak > usual + MEGABYTES
    }
    assert dear == {}, "processor seconds and megabytes of the worker"
    print({name: (round(seconds, 2), round(peak)) for name, (seconds, peak) in costs.items()})


def test_large_mails_at_once_do_not_fill_the_memory(fleet: Fleet, mailbox: Mailbox) -> None:
    fleet.stop("mail_ingest")
    fleet.start("mail_ingest")
    service = fleet.processes["mail_ingest"].pid
    large = letters.part(bytes(range(256)) * 6_000, "application/pdf")
    mails = [letters.letter(large, letters.part(b"%d" % number, "text/plain")) for number in range(60)]
    mailbox.deliver([Letter(raw, frozenset({UNABLE})) for raw in mails])
    before = most_megabytes(service)
    fleet.watch(mailbox)
    assert violations(fleet.settle(mailbox, seconds=90)) == []
    assert most_megabytes(service) - before < sum(map(len, mails)) / 1e6


@pytest.fixture
def deadly(fleet: Fleet, tmp_path: Path) -> Iterator[Path]:
    """The service reads with a parser that has deadly bugs; the file is there once one hangs."""
    fleet.stop("mail_ingest")
    path = os.pathsep.join(filter(None, (DEADLY, os.environ.get("PYTHONPATH"))))
    mark = tmp_path / "hangs"
    fleet.environment |= {"PYTHONPATH": path, "DEADLY_MARK": str(mark)}
    fleet.start("mail_ingest")
    yield mark
    del fleet.environment["PYTHONPATH"], fleet.environment["DEADLY_MARK"]
    if "mail_ingest" in fleet.processes:
        fleet.stop("mail_ingest")
    fleet.start("mail_ingest")


def neighbours(deadly: str) -> list[Letter]:
    raw = letters.headed(b"\r\n", f"X-Deadly: {deadly}")
    return [ordinary(), ordinary(), Letter(raw, frozenset({UNABLE})), ordinary(), ordinary()]


@pytest.mark.usefixtures("deadly")
@pytest.mark.parametrize("way", ["worker", "hang"])
def test_a_mail_that_stops_the_worker_is_unable(fleet: Fleet, mailbox: Mailbox, way: str) -> None:
    mailbox.deliver(neighbours(way))
    fleet.watch(mailbox)
    assert violations(fleet.settle(mailbox)) == []


@pytest.mark.usefixtures("deadly")
def test_a_mail_that_kills_the_service_is_unable_after_its_attempts(fleet: Fleet, mailbox: Mailbox) -> None:
    mailbox.deliver(neighbours("service"))
    fleet.watch(mailbox)
    deaths, end = 0, time.monotonic() + 90
    while not fleet.settled(mailbox) and time.monotonic() < end:
        if fleet.processes["mail_ingest"].poll() is not None:
            deaths += 1
            fleet.died("mail_ingest")
            fleet.start("mail_ingest")
    assert violations(fleet.settle(mailbox)) == []
    assert deaths == 3
    assert "3 times" in _reason(fleet.facts(mailbox))


def _reason(facts: Facts) -> str:
    [unable] = [mail for mail in facts.mails if mail["outcome"] == UNABLE]
    return unable["reason"]


def test_a_worker_does_not_outlive_its_service(fleet: Fleet, mailbox: Mailbox, deadly: Path) -> None:
    mailbox.deliver(neighbours("hang"))
    fleet.watch(mailbox)
    until(deadly.exists, "worker that hangs")
    worker = worker_of(fleet.processes["mail_ingest"].pid)
    fleet.kill("mail_ingest")
    until(lambda: state(worker) in ("", "Z"), "end of the worker", 20)
    fleet.start("mail_ingest")
    assert violations(fleet.settle(mailbox)) == []
