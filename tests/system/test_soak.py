"""`make soak`: everything is killed and paused by a seeded schedule while mails keep coming; the ledger holds
after each round. SOAK_MINUTES (10) bounds the time, SOAK_SEED repeats a schedule."""

import itertools
import os
import random
import signal
import threading
import time
from collections import Counter
from collections.abc import Callable

import pytest
from batches import batch
from fleet import MODULES, Fleet, Mailbox
from ledger import violations

MINUTES = float(os.environ.get("SOAK_MINUTES", "10"))
ROUND_SECONDS = 60
QUIET_SECONDS = 120


class Nemesis:
    """One fault after another, each healed before the next."""

    def __init__(self, fleet: Fleet, chance: random.Random) -> None:
        self.fleet, self.chance, self.done = fleet, chance, Counter[str]()

    def strike(self) -> None:
        faults = (
            *[self.kill_service] * 4,
            *[self.pause_service] * 2,
            *[self.stop_service] * 2,
            *[self.kill_broker] * 2,
            self.pause_broker,
            *[self.kill_database] * 2,
            self.pause_database,
            *[self.kill_mailboxes] * 2,
            *[self.refuse_forwards] * 2,
            self.lose_answers,
        )
        fault: Callable[[], None] = self.chance.choice(faults)
        print(f"{time.strftime('%X')} {fault.__name__}", flush=True)
        fault()
        self.done[fault.__name__] += 1

    def kill_service(self) -> None:
        module = self.chance.choice(MODULES)
        self.fleet.kill(module)
        self._away(0, 2)
        self.fleet.start(module)

    def stop_service(self) -> None:
        module = self.chance.choice(MODULES)
        assert self.fleet.stop(module) <= 10, module
        self.fleet.start(module)

    def pause_service(self) -> None:
        """Past its leases, and sometimes past its heartbeats."""
        module = self.chance.choice(MODULES)
        self.fleet.send(module, signal.SIGSTOP)
        time.sleep(self.chance.choice((3, 3, 25)))
        self.fleet.send(module, signal.SIGCONT)

    def kill_broker(self) -> None:
        self.fleet.rabbitmq.kill9()
        self._away(0, 5)
        self.fleet.rabbitmq.start()

    def pause_broker(self) -> None:
        self.fleet.rabbitmq.pause()
        time.sleep(25)
        self.fleet.rabbitmq.resume()

    def kill_database(self) -> None:
        self.fleet.postgres.kill9()
        self._away(0, 5)
        self.fleet.postgres.start()

    def pause_database(self) -> None:
        self.fleet.postgres.pause()
        self._away(1, 8)
        self.fleet.postgres.resume()

    def kill_mailboxes(self) -> None:
        self.fleet.dovecot.kill9()
        self._away(0, 5)
        self.fleet.dovecot.start()

    def refuse_forwards(self) -> None:
        self.fleet.sink.answer("RCPT", "451 4.3.0 try later", times=self.chance.randrange(1, 20))

    def lose_answers(self) -> None:
        self.fleet.sink.answer("DATA", "", keep=True, times=self.chance.randrange(1, 5))

    def _away(self, least: float, most: float) -> None:
        time.sleep(self.chance.uniform(least, most))


@pytest.mark.soak
def test_nothing_is_lost_or_doubled_under_a_nemesis(fleet: Fleet) -> None:
    seed = int(os.environ.get("SOAK_SEED") or time.time())
    chance, end = random.Random(seed), time.monotonic() + MINUTES * 60
    nemesis, mails, found = Nemesis(fleet, chance), 0, list[str]()
    for number in itertools.count(1):
        mailboxes = [fleet.mailbox() for _ in range(3)]
        for mailbox in mailboxes:
            fleet.watch(mailbox)
        _round(nemesis, mailboxes)
        facts = fleet.settle(*mailboxes, seconds=QUIET_SECONDS)
        wrong = violations(facts) + fleet.reconcile()
        found += wrong
        mails += len(facts.delivered)
        for mailbox in mailboxes:
            fleet.forget(mailbox)
        print(
            f"round {number}, seed {seed}: {len(facts.delivered)} mails, {len(wrong)} violations {wrong[:5]}"
        )
        if time.monotonic() > end:
            break
    print(f"{number} rounds, {mails} mails, faults {dict(nemesis.done)}, {len(found)} violations")
    assert found == []


def _round(nemesis: Nemesis, mailboxes: list[Mailbox]) -> None:
    """Mails keep coming while the nemesis strikes; at its end everything runs."""
    over = threading.Event()

    def deliver() -> None:
        for mailbox in itertools.cycle(mailboxes):
            mailbox.deliver(batch(18))
            if over.wait(1.5):
                return

    postman = threading.Thread(target=deliver)
    postman.start()
    try:
        end = time.monotonic() + ROUND_SECONDS
        while time.monotonic() < end:
            time.sleep(nemesis.chance.uniform(1, 4))
            nemesis.strike()
            ended = [name for name, process in nemesis.fleet.processes.items() if process.poll() is not None]
            assert ended == [], "ended without a cause"
    finally:
        over.set()
        postman.join()
