"""The ledger is itself tested: a run without faults holds, and each fault planted in a copy of it is seen."""

from collections.abc import Callable
from copy import deepcopy

import pytest
from batches import batch
from fleet import Fleet
from ledger import Facts, violations

pytestmark = pytest.mark.timeout(300)  # the first test starts the fleet


@pytest.fixture(scope="module")
def finished(fleet: Fleet) -> Facts:
    """What a run without faults left behind."""
    mailbox = fleet.mailbox()
    mailbox.deliver(batch())
    fleet.watch(mailbox)
    facts = fleet.settle(mailbox)
    fleet.forget(mailbox)
    return facts


def test_a_run_without_faults_holds_and_forwards_once(finished: Facts) -> None:
    assert violations(finished, copies=False) == []
    assert {mail["outcome"] for mail in finished.mails} == {
        "processed",
        "updated",
        "cancelled",
        "duplicate",
        "unable",
        "ignored",
    }
    assert finished.told
    assert len(finished.mails) == len(finished.delivered)


def lose_a_mail(facts: Facts) -> None:
    facts.mails = facts.mails[1:]


def invent_a_mail(facts: Facts) -> None:
    facts.mails = [*facts.mails, {**facts.mails[0], "id": "another", "sha256": "0" * 64}]


def take_a_mail_twice(facts: Facts) -> None:
    facts.mails = [*facts.mails, {**facts.mails[0], "id": "another"}]


def leave_a_mail_behind(facts: Facts) -> None:
    facts.left = [facts.delivered[0].raw]


def leave_a_mail_unsettled(facts: Facts) -> None:
    facts.mails = [{**facts.mails[0], "state": "waiting", "outcome": None}, *facts.mails[1:]]


def judge_a_mail_wrongly(facts: Facts) -> None:
    facts.mails = [{**facts.mails[0], "outcome": "unable"}, *facts.mails[1:]]


def lose_a_forward(facts: Facts) -> None:
    facts.sent = facts.sent[1:]


def double_a_forward(facts: Facts) -> None:
    facts.sent = [*facts.sent, facts.sent[0]]


def double_a_forward_under_another_id(facts: Facts) -> None:
    facts.sent = [*facts.sent, facts.sent[0].replace(b"Message-ID: <", b"Message-ID: <again.")]


def damage_a_forward(facts: Facts) -> None:
    head, mark, tail = facts.sent[0].partition(b'filename="original.eml"')
    body = tail.replace(b"\r\n\r\n", b"\r\n\r\nAAAA", 1)
    facts.sent = [head + mark + body, *facts.sent[1:]]


def forward_without_a_cause(facts: Facts) -> None:
    other = facts.sent[0].replace(b"SHA256: ", b"SHA256: f", 1)
    facts.sent = [*facts.sent, other]


def refuse_a_forward(facts: Facts) -> None:
    facts.forwards = [{**facts.forwards[0], "state": "failed"}, *facts.forwards[1:]]


def lose_a_dispatch(facts: Facts) -> None:
    facts.dispatches = facts.dispatches[1:]


def double_a_dispatch(facts: Facts) -> None:
    facts.dispatches = [*facts.dispatches, facts.dispatches[0]]


def swap_two_dispatches(facts: Facts) -> None:
    first, second, *rest = facts.dispatches
    swapped = {**first, "content": second["content"]}, {**second, "content": first["content"]}
    facts.dispatches = [*swapped, *rest]


def forget_a_customer(facts: Facts) -> None:
    facts.dispatches = [{**facts.dispatches[0], "customer_id": None}, *facts.dispatches[1:]]


def disagree_about_a_mail(facts: Facts) -> None:
    facts.received = [{**facts.received[0], "outcome": "refused"}, *facts.received[1:]]


def lose_an_update(facts: Facts) -> None:
    facts.told = facts.told[1:]


def book_an_update_twice(facts: Facts) -> None:
    facts.told = [*facts.told, {**facts.told[0], "updateId": "another"}]


def leave_an_event(facts: Facts) -> None:
    facts.waiting = {**facts.waiting, "dispatch": 1}


def bury_an_event(facts: Facts) -> None:
    facts.dead = ["dispatch.received.v1"]


PLANTED: tuple[Callable[[Facts], None], ...] = (
    lose_a_mail,
    invent_a_mail,
    take_a_mail_twice,
    leave_a_mail_behind,
    leave_a_mail_unsettled,
    judge_a_mail_wrongly,
    lose_a_forward,
    double_a_forward,
    double_a_forward_under_another_id,
    damage_a_forward,
    forward_without_a_cause,
    refuse_a_forward,
    lose_a_dispatch,
    double_a_dispatch,
    swap_two_dispatches,
    forget_a_customer,
    disagree_about_a_mail,
    lose_an_update,
    book_an_update_twice,
    leave_an_event,
    bury_an_event,
)


@pytest.mark.parametrize("plant", PLANTED, ids=lambda plant: plant.__name__)
def test_the_ledger_sees(finished: Facts, plant: Callable[[Facts], None]) -> None:
    facts = deepcopy(finished)
    plant(facts)
    assert violations(facts, copies=False) != []
