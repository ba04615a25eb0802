from typing import Any

from dispatch.models import alert, delivery, dispatch, history, technician
from dispatches import answers, content, known, outcomes, received, rows, texts
from harness import feed, of, said
from shared.db import uuid7
from shared.events.customer import CustomerMatched
from shared.events.dispatch import (
    DispatchContent,
    DispatchCreated,
    DispatchResolved,
    DispatchUpdated,
    Note,
    StatusChanged,
)
from shared.service import Running
from sqlalchemy import insert


async def test_a_new_dispatch_is_stored_said_and_queued_for_the_partner(run: Running[Any]) -> None:
    mail = received()
    await feed(run, mail)
    (row,) = await rows(run, dispatch)
    assert (row.id, row.board, row.version, row.status, row.closed) == (known(), 1, 1, "Pending", False)
    assert (row.customer_name, row.phones, row.fee_open) == ("PAT EXAMPLE", "5550100002", 10000)
    assert DispatchContent.model_validate(row.content) == mail.content
    (told,) = await rows(run, delivery)
    assert (told.partner_code, told.partner_name) == ("50", "Automated Dispatch Load Successful")
    assert (told.state, told.carries, told.association) == ("queued", None, 1)

    events = await said(run)
    assert of(events, DispatchResolved) == [
        DispatchResolved(mail_id=mail.mail_id, dispatch_id=known(), outcome="processed")
    ]
    (created,) = of(events, DispatchCreated)
    assert (created.version, created.content, created.partner) == (1, mail.content, "ahs")
    (status,) = of(events, StatusChanged)
    assert (status.old, status.new, status.by, status.version) == (None, "Pending", "partner ahs", 1)


async def test_a_bare_number_is_stored_and_flagged_incomplete(run: Running[Any]) -> None:
    await feed(run, received(DispatchContent(number="7")))
    (row,) = await rows(run, dispatch)
    assert row.incomplete
    assert outcomes(await said(run)) == ["processed"]


async def test_the_default_technician_gets_new_dispatches(run: Running[Any]) -> None:
    someone = {"id": uuid7(), "version": 1, "name": "Sam Wrench", "active": True, "is_default": True}
    async with run.work() as work:
        await work.session.execute(insert(technician), [someone])
    await feed(run, received())
    (row,) = await rows(run, dispatch)
    assert row.technician_id == someone["id"]


async def test_a_change_is_applied_with_history_and_flagged(run: Running[Any]) -> None:
    await feed(run, received())
    await said(run)
    await feed(run, received(content(trade="PLM")))
    (row,) = await rows(run, dispatch)
    assert (row.version, row.trade, row.status) == (2, "PLM", "Pending")
    assert (row.updated_by_partner, row.needs_attention) == (True, True)
    _, changed = await rows(run, history)
    assert (changed.kind, changed.detail["changes"]) == ("updated", [["trade", "APL", "PLM"]])
    events = await said(run)
    assert outcomes(events) == ["updated"]
    (updated,) = of(events, DispatchUpdated)
    assert (updated.version, updated.changed, updated.content.trade) == (2, ("trade",), "PLM")
    assert len(await rows(run, delivery)) == 1  # the status stayed: nothing to tell


async def test_all_of_it_within_one_batch(run: Running[Any]) -> None:
    await feed(
        run,
        received(),
        received(content("40000002")),
        received(),
        received(content(trade="PLM")),
        received(content(dispatch_type="CANCELLED")),
        received(content("9", dispatch_type="CANCEL")),
    )
    events = await said(run)
    assert outcomes(events) == ["processed", "processed", "duplicate", "updated", "cancelled", "unable"]
    one, two = await rows(run, dispatch)
    assert (one.number, one.status, one.version, one.trade) == ("40000001", "Cancelled", 3, "PLM")
    assert (two.number, two.status, two.version) == ("40000002", "Pending", 1)
    assert [event.version for event in of(events, DispatchUpdated)] == [2, 3]
    assert [(told.number, told.status) for told in await rows(run, delivery)] == [
        ("40000001", "Pending"),
        ("40000002", "Pending"),
    ]


async def test_a_mailbox_that_rejects_repeats(run: Running[Any]) -> None:
    await feed(run, received())
    await said(run)
    await feed(run, received(content(trade="PLM"), repeats="reject"))
    ((outcome, reason),) = answers(await said(run))
    assert (outcome, reason) == (
        "unable",
        "dispatch 40000001 is already known, and this mailbox rejects repeats",
    )
    await feed(run, received(content(trade="PLM")))  # the same content was never applied, so it is not seen
    assert outcomes(await said(run)) == ["updated"]


async def test_the_partners_cancellation_is_not_echoed(run: Running[Any]) -> None:
    await feed(run, received())
    await said(run)
    await feed(run, received(content(dispatch_type="Cancelled", lines=())))
    (row,) = await rows(run, dispatch)
    assert (row.status, row.closed, row.cancelled_by_partner) == ("Cancelled", True, True)
    assert row.content["lines"]  # a cancellation takes nothing away
    events = await said(run)
    assert outcomes(events) == ["cancelled"]
    (status,) = of(events, StatusChanged)
    assert (status.old, status.new, status.by) == ("Pending", "Cancelled", "partner ahs")
    assert [told.status for told in await rows(run, delivery)] == ["Pending"]
    assert [raised.kind for raised in await rows(run, alert)] == ["cancelled"]

    await feed(run, received(content(trade="PLM")))
    (row,) = await rows(run, dispatch)
    assert (row.status, row.trade) == ("Cancelled", "PLM")
    assert [raised.kind for raised in await rows(run, alert)][1:] == ["after_cancellation", "updated"]


async def test_the_same_mail_gets_the_same_answer(run: Running[Any]) -> None:
    mail, change = received(), received(content(trade="PLM"))
    await feed(run, mail, change)
    first = answers(await said(run))
    before = await rows(run, dispatch)
    await feed(run, change, mail)  # as new events: the inbox does not know them
    await feed(run, mail, mail)
    assert answers(await said(run)) == [first[1], first[0], first[0], first[0]]
    assert await rows(run, dispatch) == before
    assert len(await rows(run, history)) == 2


async def test_a_cancellation_in_a_note_asks_a_person(run: Running[Any]) -> None:
    await feed(run, received())
    await feed(run, received(content(notes=(Note(kind="message", text="CANCELLED PER CUSTOMER"),))))
    (row,) = await rows(run, dispatch)
    assert (row.status, row.needs_attention) == ("Pending", True)
    assert [raised.kind for raised in await rows(run, alert)] == ["updated", "cancel_in_note"]


async def test_two_partners_may_use_one_number(run: Running[Any]) -> None:
    await feed(run, received(), received(partner="fahw"))
    assert outcomes(await said(run)) == ["processed", "processed"]
    assert [row.partner for row in await rows(run, dispatch)] == ["ahs", "fahw"]
    assert [told.partner for told in await rows(run, delivery)] == ["ahs"]  # the other has no association


async def test_a_match_is_taken_in_the_order_of_its_versions(run: Running[Any]) -> None:
    await feed(run, received())
    customers = [uuid7() for _ in range(3)]

    def matched(match_version: int, customer: int, zone: str | None = "America/Denver") -> CustomerMatched:
        return CustomerMatched(
            dispatch_id=known(),
            version=1,
            match_version=match_version,
            customer_id=customers[customer],
            location_id=customers[customer],
            state="automatic",
            score=90,
            zone=zone,
        )

    await feed(run, matched(2, 1), matched(1, 0))
    await feed(run, matched(1, 0))
    (row,) = await rows(run, dispatch)
    assert (row.customer_id, row.match_version, row.zone) == (customers[1], 2, "America/Denver")
    assert row.version == 1
    await feed(run, matched(3, 2))
    (row,) = await rows(run, dispatch)
    assert row.customer_id == customers[2]


async def test_a_payer_whom_nobody_knows_is_told_once(run: Running[Any]) -> None:
    await feed(run, received())
    about: dict[str, Any] = {"dispatch_id": known(), "version": 1, "state": "new", "score": 0}
    for version in (1, 2):
        event = CustomerMatched(**about, match_version=version, unknown_payer="Nobody Known")
        await feed(run, event)
    ((kind, text),) = await texts(run)
    assert (kind, "Nobody Known" in text) == ("payer_unknown", True)
    (row,) = await rows(run, dispatch)
    assert row.needs_attention
