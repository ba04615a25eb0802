"""What a partner says again, and what comes late."""

from typing import Any

import pytest
from dispatch.models import alert, dispatch
from dispatches import answers, content, known, on, outcomes, received, rows, texts
from harness import client, feed, said
from shared.service import Running


@pytest.mark.parametrize("at_once", [True, False])
async def test_an_old_mail_never_overwrites_a_newer_one(run: Running[Any], at_once: bool) -> None:
    trades = {"APL": 8, "PLM": 9, "ELE": 10}
    mails = [received(content(trade=trade), **on(hour)) for trade, hour in trades.items()]
    copies = [received(content(trade=trade), **on(hour)) for trade, hour in trades.items()]
    for batch in [mails + copies] if at_once else [[mail] for mail in mails + copies]:
        await feed(run, *batch)
    assert outcomes(await said(run))[3:] == ["late", "late", "duplicate"]
    (row,) = await rows(run, dispatch)
    assert (row.trade, row.version, row.needs_attention) == ("ELE", 3, True)
    kinds = [(raised.kind, raised.mail_id) for raised in await rows(run, alert)][2:]
    assert kinds == [("late", copies[0].mail_id), ("late", copies[1].mail_id)]


async def test_an_older_version_that_was_never_seen_is_late_too(run: Running[Any]) -> None:
    await feed(run, received(content(trade="PLM"), **on(9)))
    await said(run)
    await feed(run, received(**on(8)))
    ((outcome, reason),) = answers(await said(run))
    assert outcome == "late"
    assert reason == (
        "dispatch 40000001: this mail came late; it is of 2026-01-05 08:00:00 UTC, and what stands is of "
        "2026-01-05 09:00:00 UTC"
    )
    (row,) = await rows(run, dispatch)
    assert (row.trade, row.needs_attention) == ("PLM", True)


async def test_said_before_and_said_again_is_news(run: Running[Any]) -> None:
    """NORMAL, EXPEDITED, NORMAL: with dates and without."""
    for dates in ([on(8), on(9), on(10)], [{}, {}, {}]):
        number = f"4000{len(dates[0])}"
        for priority, date in zip(("NORMAL", "EXPEDITED", "NORMAL"), dates, strict=True):
            await feed(run, received(content(number, priority=priority), **date))
        assert outcomes(await said(run)) == ["processed", "updated", "updated"]
    for row in await rows(run, dispatch):
        assert (row.priority, row.version) == ("NORMAL", 3)


async def test_the_same_words_again_are_dated_anew(run: Running[Any]) -> None:
    """A at 8, A again at 10, and B of 9 o'clock comes last: A stands."""
    await feed(run, received(**on(8)))
    await feed(run, received(**on(10)))
    await feed(run, received(content(trade="PLM"), **on(9)))
    assert outcomes(await said(run)) == ["processed", "duplicate", "late"]


async def test_reinstated_after_the_cancellation(run: Running[Any]) -> None:
    await feed(run, received(**on(8)))
    await feed(run, received(content(dispatch_type="CANCELLED"), **on(9)))
    await feed(run, received(**on(10)))
    assert outcomes(await said(run)) == ["processed", "cancelled", "updated"]
    (row,) = await rows(run, dispatch)
    assert (row.status, row.type, row.needs_attention) == ("Cancelled", "NORMAL", True)
    assert [kind for kind, _ in await texts(run)] == ["cancelled", "after_cancellation", "updated"]


async def test_cancelled_again_in_the_same_words(run: Running[Any]) -> None:
    """The office reopened it after the company had sent it again; then the company cancels once more."""
    cancelled = content(dispatch_type="CANCELLED")
    for what in (content(), cancelled, content(trade="PLM")):
        await feed(run, received(what))
    async with client(run, "office.dispatcher") as office:
        await office.put(f"/v1/dispatches/{known()}/status", json={"status": "Pending"})
    await said(run)
    await feed(run, received(cancelled))
    assert outcomes(await said(run)) == ["cancelled"]
    (row,) = await rows(run, dispatch)
    assert (row.status, row.closed) == ("Cancelled", True)
    assert (await texts(run))[-1] == ("cancelled", "The partner cancelled this dispatch.")


async def test_a_cancellation_repeated_after_the_office_reopened_is_told_once(run: Running[Any]) -> None:
    cancelled = content(dispatch_type="CANCELLED")
    await feed(run, received(), received(cancelled))
    async with client(run, "office.dispatcher") as office:
        await office.put(f"/v1/dispatches/{known()}/status", json={"status": "Pending"})
    await said(run)
    for _ in range(2):
        await feed(run, received(cancelled), received(cancelled))
    assert outcomes(await said(run)) == ["duplicate"] * 4
    (row,) = await rows(run, dispatch)
    assert (row.status, row.needs_attention) == ("Pending", True)
    assert [kind for kind, _ in await texts(run)] == ["cancelled", "restated"]
    async with client(run, "office.dispatcher") as office:
        for raised in (await office.get("/v1/alerts")).json()["items"]:
            await office.post(f"/v1/alerts/{raised['id']}/acknowledge")
    await feed(run, received(cancelled))
    assert [kind for kind, _ in await texts(run)] == ["cancelled", "restated", "restated"]
