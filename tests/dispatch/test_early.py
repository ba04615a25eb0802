"""What comes before its dispatch."""

from typing import Any

import pytest
from dispatch.models import alert, delivery, dispatch
from dispatch.models import early as waiting_table
from dispatches import answers, content, on, outcomes, received, rows, texts
from harness import client, feed, said
from shared.db import uuid7
from shared.events.dispatch import (
    DispatchMentioned,
)
from shared.service import Running


def mentioning(number: str) -> DispatchMentioned:
    about = {"partner": "ahs", "received_at": "2026-01-06T10:00:00Z"}
    subject = f"CIL Accepted for dispatch {number}"
    return DispatchMentioned(mail_id=uuid7(), number=number, subject=subject, **about)


@pytest.mark.parametrize("dates", [{"sent_at": None}, on(9)])
@pytest.mark.parametrize("at_once", [True, False])
async def test_a_cancellation_before_its_order_is_applied_when_it_comes(
    run: Running[Any], dates: dict[str, Any], at_once: bool
) -> None:
    early, order = received(content(dispatch_type="CANCEL"), **dates), received(**on(8))
    for batch in [[early, early, order]] if at_once else [[early], [early], [order]]:
        await feed(run, *batch)
    reason = "it cancels dispatch 40000001, which is not known; it is kept and applied when it comes"
    unable = ("unable", reason)
    assert answers(await said(run)) == [unable, unable, ("processed", None)]
    (row,) = await rows(run, dispatch)
    assert (row.status, row.closed, row.cancelled_by_partner, row.needs_attention) == (
        "Cancelled",
        True,
        True,
        True,
    )
    assert await texts(run) == [("cancelled", "The partner cancelled this dispatch.")]
    assert [(told.status, told.state) for told in await rows(run, delivery)] == [("Pending", "queued")]
    assert await rows(run, waiting_table) == []
    await feed(run, early)  # replayed by hand
    assert outcomes(await said(run)) == ["cancelled"]
    await feed(run, order)
    assert outcomes(await said(run)) == ["processed"]


async def test_a_dispatch_that_is_newer_than_the_cancellation_before_it(run: Running[Any]) -> None:
    await feed(run, received(content(dispatch_type="CANCEL"), **on(9)))
    await feed(run, received(**on(10)))
    (row,) = await rows(run, dispatch)
    assert (row.status, row.needs_attention) == ("Pending", True)
    ((kind, text),) = await texts(run)
    assert kind == "late"
    assert "cancels this dispatch" in text
    await feed(run, received(content(trade="PLM"), **on(8)))
    assert outcomes(await said(run))[-1] == "late"


async def test_a_mailbox_that_rejects_repeats_does_not_cancel_what_comes_later(run: Running[Any]) -> None:
    await feed(run, received(content(dispatch_type="CANCEL"), repeats="reject"))
    await feed(run, received(repeats="reject"))
    (row,) = await rows(run, dispatch)
    assert row.status == "Pending"
    assert await texts(run) == [
        (
            "rejected",
            "The partner cancelled this dispatch; this mailbox rejects repeats, so nothing was changed.",
        )
    ]


async def test_what_came_before_a_dispatch_is_shown_to_who_types_it(run: Running[Any]) -> None:
    await feed(run, received(content(dispatch_type="CANCEL")))
    await feed(run, mentioning("40000001"))
    async with client(run, "office.dispatcher") as office:
        made = await office.post("/v1/dispatches", json={"partner": "ahs", "number": "40000001"})
    assert made.status_code == 201
    assert made.json()["needs_attention"]
    assert sorted(kind for kind, _ in await texts(run)) == ["cancelled", "mentioned"]
    await feed(run, received())
    (row,) = await rows(run, dispatch)
    assert row.status == "Cancelled"


@pytest.mark.parametrize("first", ["the dispatch", "the mention", "at once"])
async def test_a_mention_raises_one_alert_whenever_the_dispatch_comes(run: Running[Any], first: str) -> None:
    mention, other = mentioning("40000001"), mentioning("49999999")
    if first == "the dispatch":
        await feed(run, received())
        await feed(run, mention, mention, other)
    elif first == "the mention":
        await feed(run, mention, mention, other)
        await feed(run, received())
    else:
        await feed(run, mention, received(), other)
    await feed(run, mention)  # read again by hand
    text = 'A mail says: "CIL Accepted for dispatch 40000001"'
    (raised,) = await rows(run, alert)
    assert (raised.kind, raised.text, raised.mail_id) == ("mentioned", text, mention.mail_id)
    (row,) = await rows(run, dispatch)
    assert (row.status, row.needs_attention) == ("Pending", True)
    (left,) = await rows(run, waiting_table)
    assert left.mail_id == other.mail_id
