"""Broker, database and mail servers go away under load and come back: nothing is lost, nothing is doubled,
and meanwhile everybody is told the truth."""

import signal
from collections.abc import Iterator
from typing import Any

import httpx
import pytest
from batches import Letter, batch, ordinary
from fleet import Fleet, Mailbox, until
from ledger import violations
from localservers import FaultProxy

pytestmark = pytest.mark.timeout(300)  # the first test starts the fleet


@pytest.fixture(autouse=True)
def books(fleet: Fleet, mailbox: Mailbox) -> Iterator[None]:
    """Whatever happened, every mail settles in the end, and the books are in order."""
    yield
    assert violations(fleet.settle(mailbox)) == []
    assert fleet.reconcile() == []


def stored(fleet: Fleet, mailbox: Mailbox, state: str = "%") -> int:
    query = "SELECT count(*) FROM mail WHERE mailbox_id::text = $1 AND state LIKE $2"
    return fleet.rows("mail_ingest", query, mailbox.id, state)[0]["count"]


def post(fleet: Fleet, mailbox: Mailbox, letter: Letter) -> httpx.Response:
    with fleet.http("mail_ingest") as http:
        return http.post("/v1/mails", params={"mailbox_id": mailbox.id}, content=letter.raw)


def readiness(fleet: Fleet, module: str) -> tuple[int, str]:
    answer = httpx.get(f"{fleet.address(module)}/readyz", timeout=20)
    return answer.status_code, answer.json()["status"]


def test_without_the_broker_work_is_taken_and_arrives_later(fleet: Fleet, mailbox: Mailbox) -> None:
    mailbox.deliver(batch())
    fleet.watch(mailbox)
    until(lambda: stored(fleet, mailbox), "mail in the log")
    fleet.rabbitmq.kill9()
    try:
        until(lambda: readiness(fleet, "mail_ingest") == (200, "degraded"), "degraded service")
        letter = ordinary()
        assert post(fleet, mailbox, letter).status_code == 202
        mailbox.delivered.append(letter)
        mailbox.deliver(more := batch(16))
        until(lambda: not mailbox.left(), "mailbox read")
        until(lambda: stored(fleet, mailbox) > len(more), "mails in the log")
    finally:
        fleet.rabbitmq.start()
    assert violations(fleet.settle(mailbox)) == []
    for module in ("mail_ingest", "dispatch", "customer"):
        until(lambda module=module: readiness(fleet, module) == (200, "ok"), f"ready {module}")


def test_without_the_database_nothing_is_acknowledged_and_nothing_deleted(
    fleet: Fleet, mailbox: Mailbox
) -> None:
    mailbox.deliver(batch())
    fleet.watch(mailbox)
    until(lambda: stored(fleet, mailbox), "mail in the log")
    fleet.postgres.kill9()
    try:
        waiting = batch(16)
        mailbox.deliver(waiting)
        letter = ordinary()
        refused = post(fleet, mailbox, letter)
        assert refused.status_code == 503
        assert int(refused.headers["Retry-After"]) > 0
        assert refused.headers["Content-Type"] == "application/problem+json"
        assert refused.json()["status"] == 503
        for module in ("mail_ingest", "dispatch", "customer"):
            assert readiness(fleet, module) == (503, "down")
        left = mailbox.left()
        assert [mail.raw for mail in waiting] == left[-len(waiting) :]
    finally:
        fleet.postgres.start()
    assert until(lambda: post(fleet, mailbox, letter), "answer").status_code == 202
    mailbox.delivered.append(letter)
    assert violations(fleet.settle(mailbox)) == []
    assert readiness(fleet, "mail_ingest") == (200, "ok")


def test_a_mailbox_server_that_dies_in_a_session_loses_nothing(fleet: Fleet, mailbox: Mailbox) -> None:
    mailbox.deliver(batch(90))
    fleet.watch(mailbox)
    until(lambda: stored(fleet, mailbox), "mail in the log")
    fleet.dovecot.kill9()
    try:
        until(lambda: poll_error(fleet, mailbox), "word of it in the settings of the mailbox")
    finally:
        fleet.dovecot.start()
    assert violations(fleet.settle(mailbox)) == []


def poll_error(fleet: Fleet, mailbox: Mailbox) -> str:
    with fleet.http("mail_ingest") as http:
        return http.get(f"/v1/mailboxes/{mailbox.id}").raise_for_status().json()["poll_error"] or ""


def mail_log(fleet: Fleet, mailbox: Mailbox) -> list[dict[str, Any]]:
    with fleet.http("mail_ingest") as http:
        params = {"mailbox_id": mailbox.id, "limit": 200}
        return http.get("/v1/mails", params=params).raise_for_status().json()["items"]


def test_a_forward_that_is_put_off_goes_again_once(fleet: Fleet, mailbox: Mailbox) -> None:
    fleet.sink.answer("RCPT", "451 4.3.0 try later", times=2)
    mailbox.deliver([ordinary() for _ in range(3)])
    fleet.watch(mailbox)
    assert violations(fleet.settle(mailbox), copies=False) == []


@pytest.mark.parametrize("kept", [True, False])
def test_a_forward_whose_answer_was_lost_goes_again_under_its_message_id(
    fleet: Fleet, mailbox: Mailbox, kept: bool
) -> None:
    fleet.sink.answer("DATA", "", keep=kept)
    mailbox.deliver([ordinary()])
    fleet.watch(mailbox)
    facts = fleet.settle(mailbox)
    assert violations(facts) == []
    assert len(facts.sent) == (2 if kept else 1)


def test_a_forward_refused_for_good_waits_for_a_person(fleet: Fleet, mailbox: Mailbox) -> None:
    fleet.sink.answer("DATA", "550 5.7.1 not wanted here")
    mailbox.deliver([ordinary() for _ in range(3)])
    fleet.watch(mailbox)
    facts = fleet.settle(mailbox)
    assert len(facts.sent) == 2

    [failed] = [mail for mail in mail_log(fleet, mailbox) if mail["forward"] == "failed"]
    assert failed["outcome"] == "processed"
    assert "550" in failed["forward_error"]
    assert "not wanted here" in failed["forward_error"]

    with fleet.http("mail_ingest") as http:
        http.post(f"/v1/mails/{failed['id']}/forward").raise_for_status()
    assert violations(fleet.settle(mailbox), copies=False) == []


def test_a_mail_server_that_stalls_stops_no_other_mailbox(fleet: Fleet, mailbox: Mailbox) -> None:
    other = fleet.mailbox()
    mailbox.deliver([ordinary() for _ in range(3)])
    other.deliver([ordinary() for _ in range(3)])
    with FaultProxy(fleet.dovecot.pop3) as proxy:
        proxy.fail("request", b"RETR", "stall")
        fleet.watch(mailbox, port=proxy.port)
        until(lambda: proxy.struck, "stalled session")
        fleet.watch(other)
        assert violations(fleet.settle(other)) == []
        fleet.forget(other)
        assert len(mailbox.left()) == 3
        proxy.cut_all()
        assert violations(fleet.settle(mailbox)) == []
        fleet.forget(mailbox)


def test_a_poller_that_lost_its_lease_deletes_nothing(fleet: Fleet, mailbox: Mailbox) -> None:
    letters = [ordinary() for _ in range(3)]
    mailbox.deliver(letters)
    stolen = "lease_by = 'another', lease_until = now() + interval '1 hour'"
    with FaultProxy(fleet.dovecot.pop3) as proxy:
        proxy.fail("request", b"DELE", "stall")
        fleet.watch(mailbox, port=proxy.port)
        until(lambda: proxy.struck, "session that is about to delete")
        fleet.rows("mail_ingest", f"UPDATE mailbox SET {stolen} WHERE id::text = $1", mailbox.id)
        lost = f'"mailbox": "{mailbox.id}", "event": "mailbox_lease_lost"'
        until(lambda: lost in fleet.log_of("mail_ingest"), "word of the lost lease")
        proxy.cut_all()
        assert mailbox.left() == [letter.raw for letter in letters]

        fleet.rows("mail_ingest", "UPDATE mailbox SET lease_until = NULL WHERE id::text = $1", mailbox.id)
        assert violations(fleet.settle(mailbox)) == []
        fleet.forget(mailbox)


def test_of_two_replicas_one_polls(fleet: Fleet, mailbox: Mailbox) -> None:
    second = fleet.start("mail_ingest", replica=2)
    try:
        fleet.watch(mailbox)
        for name in ("mail_ingest", second) * 4:
            mailbox.deliver(batch(20))
            with fleet.http(name) as http:
                http.post(f"/v1/mailboxes/{mailbox.id}/poll").raise_for_status()
            until(lambda: not mailbox.left(), "empty mailbox")
        facts = fleet.settle(mailbox)
    finally:
        fleet.stop(second)
    assert violations(facts, copies=False) == []
    assert sessions_at_once(fleet, mailbox) == 1


def sessions_at_once(fleet: Fleet, mailbox: Mailbox) -> int:
    """The most POP3 sessions that the mail server had open for this mailbox."""
    open_now = most = 0
    for line in (fleet.dovecot.folder / "dovecot.log").read_text().splitlines():
        if f"Login: user=<{mailbox.user}>" in line:
            open_now += 1
        elif f"pop3({mailbox.user})<" in line and "Disconnected" in line:
            open_now -= 1
        most = max(most, open_now)
    return most


def test_a_replica_that_wakes_after_its_lease_does_no_harm(fleet: Fleet, mailbox: Mailbox) -> None:
    mailbox.deliver(batch(90))
    fleet.watch(mailbox)
    until(lambda: stored(fleet, mailbox), "mail in the log")
    fleet.send("mail_ingest", signal.SIGSTOP)
    second = fleet.start("mail_ingest", replica=2)
    try:
        # first its locks are taken from it (10 to 15 s), then its messages (two missed heartbeats of 10 s)
        assert violations(fleet.settle(mailbox)) == []
        fleet.send("mail_ingest", signal.SIGCONT)
        mailbox.deliver(batch(16))
        assert violations(fleet.settle(mailbox)) == []
    finally:
        fleet.send("mail_ingest", signal.SIGCONT)
        fleet.stop(second)


@pytest.mark.parametrize("module", ["mail_ingest", "dispatch", "customer"])
def test_a_service_asked_to_end_under_load_ends_in_good_order(
    fleet: Fleet, mailbox: Mailbox, module: str
) -> None:
    mailbox.deliver(batch(120))
    fleet.watch(mailbox)
    until(lambda: stored(fleet, mailbox, "settled"), "settled mail")
    assert fleet.stop(module) <= 10
    fleet.start(module)
    assert violations(fleet.settle(mailbox), copies=False) == []


def test_a_mail_too_large_to_read_stays_and_is_named(fleet: Fleet, mailbox: Mailbox) -> None:
    large = Letter(b"Subject: large\r\n\r\n" + b"x" * 70 * 2000 + b"\r\n", frozenset({"unable"}))
    mailbox.deliver([ordinary(), large, ordinary()])
    fleet.stop("mail_ingest")
    fleet.start("mail_ingest", CALLBOARD_MAX_MAIL_BYTES="100000")
    fleet.watch(mailbox)
    until(lambda: stored(fleet, mailbox, "settled") == 2, "settled neighbours")
    assert "140020 bytes" in until(lambda: poll_error(fleet, mailbox), "word of it")
    assert mailbox.left() == [large.raw]

    fleet.stop("mail_ingest")
    fleet.start("mail_ingest")
    assert violations(fleet.settle(mailbox)) == []
