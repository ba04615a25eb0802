"""The truth of a dispatch is the partner's own sequence of words, in whatever order its mails arrive."""

import asyncio
from collections.abc import Iterator
from contextlib import AsyncExitStack
from datetime import UTC, datetime, timedelta
from itertools import count
from pathlib import Path
from typing import Any, NamedTuple
from uuid import UUID

import pytest
from dispatch.models import alert, dispatch
from dispatch.models import early as waiting_table
from dispatch.service import service
from dispatches import content, received
from harness import at_work, client, feed, said
from hypothesis import given, settings
from hypothesis import strategies as st
from shared.events.dispatch import DispatchContent, DispatchReceived, DispatchResolved, Note, dispatch_id
from shared.service import Running
from sqlalchemy import select

DAY = datetime(2026, 1, 5, tzinfo=UTC)
WORDS: dict[str, dict[str, Any]] = {
    "order": {},
    "expedited": {"priority": "EXPEDITED"},
    "other trade": {"trade": "PLM", "fee": content().fee.model_copy(update={"open": 0})},
    "cancelled": {"dispatch_type": "CANCELLED", "lines": ()},
    "cancelled, with a note": {"dispatch_type": "Cancel", "notes": (Note(kind="message", text="sold"),)},
}
numbers = count(50_000_000)


class Case(NamedTuple):
    """`words` are what the partner said, one a minute; `order` is in which its mails arrive, some of them
    twice (as the same mail, or as a copy of it); `cuts` say where a batch ends."""

    words: list[str]
    order: list[tuple[int, bool]]
    cuts: list[bool]
    dated: bool


@st.composite
def cases(draw: st.DrawFn) -> Case:
    """The first word is an order. What has no dates arrives as it was said."""
    words = ["order", *draw(st.lists(st.sampled_from(sorted(WORDS)), max_size=5))]
    dated = draw(st.booleans())
    order = list(range(len(words)))
    if dated:
        again = draw(st.lists(st.sampled_from(order), max_size=3))
        order = draw(st.permutations(order + again))
    arriving = [(each, draw(st.booleans())) for each in order]
    return Case(words, arriving, [draw(st.booleans()) for _ in arriving], dated)


class Office:
    """The service on a database of its own, driven from tests that are not asynchronous themselves."""

    def __init__(self, runner: asyncio.Runner, run: Running[Any]) -> None:
        self.runner, self.run = runner, run

    def deliver(self, batch: list[DispatchReceived]) -> list[DispatchResolved]:
        self.runner.run(feed(self.run, *batch))
        return [event for event in self.runner.run(said(self.run)) if isinstance(event, DispatchResolved)]

    def rows(self, table: Any, id: UUID) -> list[Any]:
        return self.runner.run(self._rows(table, id))

    async def _rows(self, table: Any, id: UUID) -> list[Any]:
        key = table.c.id if table is dispatch else table.c.dispatch_id
        async with self.run.database.read() as read:
            return list((await read.execute(select(table).where(key == id))).all())

    def reopen(self, id: UUID) -> None:
        self.runner.run(self._reopen(id))

    async def _reopen(self, id: UUID) -> None:
        async with client(self.run, "office.dispatcher") as office:
            for raised in (await office.get("/v1/alerts", params={"dispatch_id": str(id)})).json()["items"]:
                await office.post(f"/v1/alerts/{raised['id']}/acknowledge")
            await office.put(f"/v1/dispatches/{id}/status", json={"status": "Pending"})


@pytest.fixture(scope="module")
def office(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Office]:
    folder: Path = tmp_path_factory.mktemp("sequence")
    with asyncio.Runner() as runner:
        stack = AsyncExitStack()
        opening = stack.enter_async_context(at_work(service, f"sqlite+aiosqlite:///{folder}/dispatch.db"))
        yield Office(runner, runner.run(opening))
        runner.run(stack.aclose())


def mails_of(case: Case, number: str) -> list[DispatchReceived]:
    """In the order of their arrival, which is after all Dates."""
    said_once: dict[int, DispatchReceived] = {}
    arriving: list[DispatchReceived] = []
    for position, is_copy in case.order:
        sent_at = DAY + timedelta(minutes=position) if case.dated else None
        what = content(number, **WORDS[case.words[position]])
        mail = received(what, sent_at=sent_at)
        arriving.append(mail if is_copy else said_once.setdefault(position, mail))
    return arriving


def batches_of(case: Case, mails: list[DispatchReceived]) -> list[list[DispatchReceived]]:
    batches: list[list[DispatchReceived]] = [[]]
    for mail, ends in zip(mails, case.cuts, strict=True):
        batches[-1].append(mail)
        if ends:
            batches.append([])
    return [batch for batch in batches if batch]


@settings(max_examples=60, deadline=None)
@given(cases())
def test_what_stands_is_the_partners_last_word(office: Office, case: Case) -> None:
    number = str(next(numbers))
    id = dispatch_id("ahs", number)
    mails = mails_of(case, number)
    outcomes = {
        answer.mail_id: answer.mail_outcome
        for batch in batches_of(case, mails)
        for answer in office.deliver(batch)
    }
    assert outcomes.keys() == {mail.mail_id for mail in mails}
    (row,) = office.rows(dispatch, id)
    assert office.rows(waiting_table, id) == []
    alerts = office.rows(alert, id)
    kinds = {raised.kind for raised in alerts}
    last = content(number, **WORDS[case.words[-1]])
    if "cancelled" in case.words[-1]:
        assert (row.status, row.closed) == ("Cancelled", True)
        assert "cancelled" in kinds
    else:
        assert DispatchContent.model_validate(row.as_sent or row.content) == last
        assert row.status == "Pending" or "after_cancellation" in kinds
    told = {raised.mail_id for raised in alerts}
    texts = {raised.text for raised in alerts}
    for mail_id, outcome in outcomes.items():
        if outcome in ("updated", "late"):
            assert mail_id in told or any("came late" in text for text in texts)
    assert row.needs_attention or not alerts


@settings(max_examples=30, deadline=None)
@given(cases(), st.data())
def test_whoever_contradicts_what_stands_is_told(office: Office, case: Case, data: st.DataObject) -> None:
    """A person looks at the alerts and reopens what was cancelled, somewhere in between: after each mail that
    said otherwise than what now stands there is an alert that nobody has looked at."""
    number = str(next(numbers))
    id = dispatch_id("ahs", number)
    for mail in mails_of(case, number):
        office.deliver([mail])
        rows = office.rows(dispatch, id)
        if not rows:
            continue
        cancelling = (mail.content.dispatch_type or "").upper().startswith("CANCEL")
        (row,) = rows
        differs = cancelling != (row.status == "Cancelled") or (
            not cancelling and DispatchContent.model_validate(row.content) != mail.content
        )
        assert row.needs_attention or not differs
        if row.status == "Cancelled" and data.draw(st.booleans()):
            office.reopen(id)
