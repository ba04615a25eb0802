"""The process that owns a step dies there, as in a power cut, and comes back: every mail ends in one outcome,
no dispatch is made twice, and each forward arrives."""

import pytest
from batches import batch
from fleet import Fleet, Mailbox
from ledger import violations

pytestmark = pytest.mark.timeout(300)  # the first test starts the fleet
KILLED = 137
POINTS = {
    "mail_ingest": (
        "after_retr",
        "after_store",
        "before_dele",
        "after_dele",
        "before_quit",
        "after_quit",
        "after_parse",
        "after_mail-ingest_publish",
        "after_mail-ingest_commit",
        "after_smtp",
        "after_mark",
    ),
    "dispatch": ("after_dispatch_commit", "after_dispatch_publish"),
    "customer": ("after_customer_commit", "after_customer_publish"),
}


@pytest.mark.parametrize(
    ("module", "point"), [(module, point) for module, points in POINTS.items() for point in points]
)
def test_a_kill_loses_and_doubles_nothing(fleet: Fleet, mailbox: Mailbox, module: str, point: str) -> None:
    mailbox.deliver(batch())
    fleet.stop(module)
    fleet.start(module, CALLBOARD_FAULT_POINT=point)
    fleet.watch(mailbox)
    assert fleet.died(module) == KILLED, "the point was never reached"
    fleet.start(module)

    facts = fleet.settle(mailbox)
    assert violations(facts, copies=module == "mail_ingest") == []
    assert fleet.reconcile() == []
