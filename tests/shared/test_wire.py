"""Whatever a request or a message brings along, an envelope is JSON with the attributes that we gave it."""

from collections.abc import AsyncGenerator
from pathlib import Path
from typing import Any

import pydantic_core
import pytest
from bus_tests import mention
from harness import at_work, client
from hypothesis import given
from hypothesis import strategies as st
from payments.service import service as payments
from shared.events import Envelope
from shared.events.dispatch import DispatchMentioned
from shared.outbox import relay_once
from shared.service import Running
from shared.tables import outbox
from shared.transaction import CommitBeforeAnswer
from shared.wire import complaint, label, read, text_of, trace_of, write
from sqlalchemy import select

GOOD = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"
BAD = (
    '"',
    "\\",
    'x","id":"00000000-0000-0000-0000-000000000001',
    'x","type":"dispatch.created.v1',
    'x","subject":"another',
    GOOD.upper(),
    GOOD + "-more",
    GOOD + '"',
    " " + GOOD,
    GOOD + "\n",
    GOOD.replace("00-4", "ff-4"),
    "00-" + "0" * 32 + "-00f067aa0ba902b7-01",
    "00-4bf92f3577b34da6a3ce929d0e0e4736-" + "0" * 16 + "-01",
    "٠٠-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
    "",
)


@pytest.fixture
async def running(tmp_path: Path) -> AsyncGenerator[Running[Any]]:
    async with at_work(payments, f"sqlite+aiosqlite:///{tmp_path}/x.db") as found:
        yield found


async def emitted_under(running: Running[Any], header: bytes) -> dict[str, Any]:
    """The envelope of an event that a request with this `traceparent` said."""

    async def route(_scope: Any, _receive: Any, send: Any) -> None:
        async with running.work() as work:
            work.emit(mention("7"), 'about "7"')
        await send({"type": "http.response.start", "status": 204, "headers": []})
        await send({"type": "http.response.body"})

    async def nothing(*_: Any) -> None:
        return

    scope = {"type": "http", "method": "POST", "path": "/", "headers": [(b"traceparent", header)]}
    await CommitBeforeAnswer(route)(scope, nothing, nothing)
    async with running.database.read() as connection:
        body = (await connection.execute(select(outbox.c.body))).scalar_one()
    return pydantic_core.from_json(body)


@pytest.mark.parametrize("header", BAD)
async def test_a_header_that_is_no_traceparent_is_in_no_event(running: Running[Any], header: str) -> None:
    found = await emitted_under(running, header.encode("utf-8"))
    assert "traceparent" not in found
    assert (found["type"], found["source"]) == ("dispatch.mentioned.v1", "payments")
    assert found["subject"] == 'about "7"'
    assert Envelope.model_validate(found).event() == DispatchMentioned.model_validate(found["data"])


async def test_a_traceparent_is_handed_on(running: Running[Any]) -> None:
    assert (await emitted_under(running, GOOD.encode()))["traceparent"] == GOOD


@given(st.text(), st.text())
def test_no_text_reaches_past_its_attribute(subject: str, source: str) -> None:
    try:
        body = write({"subject": subject, "source": source}, '{"a":1}')
    except ValueError:
        return  # half of a surrogate pair is in no JSON
    assert pydantic_core.from_json(body) == {"subject": subject, "source": source, "data": {"a": 1}}


@given(st.text())
def test_only_the_form_of_the_w3c_is_a_trace(text: str) -> None:
    assert trace_of(text) is None


@given(
    st.binary()
    | st.recursive(
        st.none() | st.integers() | st.text(),
        lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    ).map(
        lambda value: pydantic_core.to_json(value, inf_nan_mode="constants") if _is_sendable(value) else b""
    )
)
def test_nothing_that_arrives_is_too_odd_to_be_looked_at(body: bytes) -> None:
    for each in read(body):
        assert complaint(each, "")
        assert len(label(each)[1]) <= 80
        assert "\0" not in text_of(each)
        assert label(each) == label(each)


def _is_sendable(value: Any) -> bool:
    try:
        pydantic_core.to_json(value)
    except ValueError:
        return False
    return True


async def test_a_row_in_the_outbox_is_checked_before_it_goes(running: Running[Any]) -> None:
    assert await relay_once(running) == 0
    async with client(running) as http:
        state = (await http.get("/readyz")).json()["services"]["payments"]
    assert (state["outbox"], state["parked"], state["since"]) == (0, 0, None)
