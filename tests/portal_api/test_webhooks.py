"""Webhooks arrive at a real server: signed, once, again when they must, and told in a log."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, get_args
from uuid import UUID, uuid4

import httpx
import pytest
from harness import at_work, client, feed
from portal_api.attempts import Answer
from portal_api.flows.sendings import Sent, lease, settle
from portal_api.loops import webhooks
from portal_api.models.webhooks import webhook_delivery, webhook_subscription
from portal_api.public import PUBLIC, PublicName
from portal_api.service import service
from receiver import Receiver, receiver
from shared.db import utcnow
from shared.service import Running
from shared.tables import audit, idempotency
from sqlalchemy import select, update
from standardwebhooks import WebhookVerificationError
from webhook_tests import QUICK, changed, deliveries, settled, subscribe, subscription, tries


@pytest.fixture
def small_database(tmp_path: Path) -> str:
    return f"sqlite+aiosqlite:///{tmp_path}/portal-api.db"


@pytest.fixture(autouse=True)
def eager(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(webhooks, "NET", 0.05)
    monkeypatch.setattr(webhooks, "LAST_SECONDS", 0.1)


@asynccontextmanager
async def telling(
    url: str, *, loops: bool = True, **settings: Any
) -> AsyncGenerator[tuple[Running[Any], Receiver, httpx.AsyncClient]]:
    async with (
        receiver() as target,
        at_work(service, url, loops=loops, **(QUICK | settings)) as run,
        client(run, "office.admin") as office,
    ):
        yield run, target, office


async def test_an_event_arrives_signed_with_what_it_says(any_database: str) -> None:
    async with telling(any_database) as (run, target, office):
        made = await subscribe(office, target)
        event = changed()
        await feed(run, event)
        (taken,) = await target.wait(1)
        said = taken.verified(made["secret"])
        assert (said["type"], said["data"]) == (
            "dispatch.status_changed",
            event.model_dump(mode="json", exclude_none=True),
        )
        assert abs(datetime.fromisoformat(said["timestamp"]) - utcnow()) < timedelta(seconds=20)
        assert taken.headers["content-type"] == "application/json"
        assert taken.headers["host"] == f"127.0.0.1:{target.port}"
        (row,) = await settled(office, 1)
        assert (row["state"], row["event_id"], row["attempts"]) == ("delivered", taken.id, 1)
        (once,) = await tries(office, row["id"])
        assert once["status"] == 204


async def test_only_what_was_asked_for_is_told_and_each_once(any_database: str) -> None:
    async with telling(any_database) as (run, target, office):
        await subscribe(office, target, events=["invoice.issued"])
        mine = await subscribe(office, target)
        off = await subscribe(office, target, enabled=False)
        event = changed()
        await feed(run, event, changed())
        await feed(run, event)  # heard again under another envelope
        await settled(office, 2)
        assert [row["subscription_id"] for row in await deliveries(office)] == [mine["id"]] * 2
        assert len({taken.id for taken in target.taken}) == len(target.taken) == 2
        assert await deliveries(office, subscription_id=off["id"]) == []


async def test_the_secret_is_shown_once_and_kept_nowhere(small_database: str) -> None:
    async with telling(small_database, loops=False) as (run, target, office):
        office.headers["Idempotency-Key"] = "a"
        made = await subscribe(office, target)
        del office.headers["Idempotency-Key"]
        secret = made["secret"]
        assert secret.startswith("whsec_")
        async with run.database.read() as read:
            for table in (webhook_subscription, audit, idempotency):
                assert secret[6:] not in str((await read.execute(select(table))).all())
        for path in ("", f"/{made['id']}"):
            assert secret[6:] not in (await office.get(f"/v1/webhook-subscriptions{path}")).text


async def test_after_a_rotation_both_secrets_sign_for_a_day(small_database: str) -> None:
    async with telling(small_database) as (run, target, office):
        made = await subscribe(office, target)
        rotated = (await office.post(f"/v1/webhook-subscriptions/{made['id']}/secret")).json()
        assert rotated["secret"] != made["secret"]
        ends = datetime.fromisoformat(rotated["previous_ends_at"])
        assert timedelta(hours=23, minutes=59) < ends - utcnow() < timedelta(hours=24, minutes=1)
        await feed(run, changed())
        (both,) = await target.wait(1)
        assert both.verified(made["secret"]) == both.verified(rotated["secret"])
        async with run.work() as work:
            await work.session.execute(update(webhook_subscription).values(previous_ends_at=work.now))
        await feed(run, changed())
        _, newest = await target.wait(2)
        newest.verified(rotated["secret"])
        with pytest.raises(WebhookVerificationError):
            newest.verified(made["secret"])


async def test_failures_are_tried_again_under_the_same_id_and_then_given_up(small_database: str) -> None:
    async with telling(small_database, webhook_seconds=0.3) as (run, target, office):
        made = await subscribe(office, target)
        moved = {"Location": f"{target.url}/elsewhere"}
        target.answers = [(500, {}, b"broken"), 2.0, (302, moved, b""), (400, {}, b"no")]
        await feed(run, changed())
        (row,) = await settled(office, 1)
        assert row["state"] == "failed"
        assert [(each["status"], each["answer"]) for each in await tries(office, row["id"])] == [
            (500, "broken"),
            (None, "no answer within 0.3 seconds"),
            (302, ""),
            (400, "no"),
        ]
        assert [taken.path for taken in target.taken] == ["/hooks"] * 4  # a redirect leads nowhere
        assert len({taken.id for taken in target.taken}) == 1
        for taken in target.taken:
            taken.verified(made["secret"])
        assert (await subscription(office, made["id"]))["failing_since"]


async def test_the_schedule_is_the_specifications() -> None:
    hours = [pause / 3600 for pause in service.settings().model_dump()["webhook_pauses"][2:]]
    assert service.settings().model_dump()["webhook_pauses"][:2] == (5, 300)
    assert hours == [0.5, 2, 5, 10, 14, 20, 24]


async def test_a_target_that_is_gone_is_told_no_more(any_database: str) -> None:
    async with telling(any_database) as (run, target, office):
        made = await subscribe(office, target)
        target.otherwise = (410, {}, b"")
        await feed(run, changed())
        async with asyncio.timeout(10):
            while (now := await subscription(office, made["id"]))["enabled"]:
                await asyncio.sleep(0.02)
        assert now["disabled_because"] == "The target answered 410 Gone."
        await feed(run, changed())
        assert len(await deliveries(office)) == 1
        async with run.database.read() as read:
            actions = (await read.execute(select(audit.c.who, audit.c.action).order_by(audit.c.seq))).all()
        assert actions[-1] == ("callboard", "webhook_subscription.disabled")

        target.otherwise = (204, {}, b"")  # what waited goes out once somebody enables it again
        etag = {"If-Match": f'"{now["version"]}"'}
        url = f"/v1/webhook-subscriptions/{made['id']}"
        again = (await office.patch(url, json={"enabled": True}, headers=etag)).json()
        assert (again["enabled"], again["disabled_because"], again["failing_since"]) == (True, None, None)
        await settled(office, 1, state="delivered")


async def test_days_without_a_success_disable_and_one_success_forgives(small_database: str) -> None:
    async with telling(small_database, webhook_pauses=(60,)) as (run, target, office):
        made = await subscribe(office, target)

        async def fail_since(days: float) -> None:
            async with run.work() as work:
                since = work.now - timedelta(days=days)
                await work.session.execute(update(webhook_subscription).values(failing_since=since))

        await fail_since(4)
        await feed(run, changed())
        await settled(office, 1)
        assert (await subscription(office, made["id"]))["failing_since"] is None
        await fail_since(6)
        target.otherwise = (500, {}, b"out of order")
        await feed(run, changed())
        async with asyncio.timeout(10):
            while (now := await subscription(office, made["id"]))["enabled"]:
                await asyncio.sleep(0.02)
        assert "Last: 500 out of order" in now["disabled_because"]


async def test_retry_after_holds_the_whole_target_back(small_database: str) -> None:
    async with telling(small_database) as (run, target, office):
        made = await subscribe(office, target)
        target.answers = [(429, {"Retry-After": "3600"}, b"slower")]
        await feed(run, changed())
        async with asyncio.timeout(10):
            while (until := (await subscription(office, made["id"]))["paused_until"]) is None:
                await asyncio.sleep(0.02)
        waits = datetime.fromisoformat(until) - utcnow()
        assert timedelta(minutes=59) < waits < timedelta(minutes=61)
        await feed(run, changed())
        first, second = await deliveries(office)
        assert {first["attempts"], second["attempts"]} == {0, 1}
        async with run.work() as work:  # the hour is over
            await work.session.execute(update(webhook_subscription).values(paused_until=work.now))
            await work.session.execute(update(webhook_delivery).values(due_at=work.now))
        await settled(office, 2, state="delivered")


async def test_a_slow_target_holds_up_no_other(small_database: str) -> None:
    async with telling(small_database, webhook_seconds=5) as (run, target, office), receiver() as stuck:
        stuck.otherwise = 4.0
        await subscribe(office, stuck)
        await subscribe(office, target)
        async with asyncio.timeout(3):
            await feed(run, *[changed() for _ in range(30)])
            await target.wait(30)
        assert len(stuck.taken) == 8  # at once, and no more


async def test_an_answer_without_end_is_cut_off(small_database: str) -> None:
    async with telling(small_database) as (run, target, office):
        await subscribe(office, target)
        target.answers = ["flood"]
        await feed(run, changed())
        (row,) = await settled(office, 1)
        (once,) = await tries(office, row["id"])
        assert (row["state"], once["status"], len(once["answer"])) == ("delivered", 200, 500)
        assert target.flooded < 20_000_000


async def test_what_a_target_echoes_is_kept_without_secrets(small_database: str) -> None:
    async with telling(small_database) as (run, target, office):
        made = await subscribe(office, target)
        echo = f"key {made['secret']} v1,{'K5oZ' * 10}aI4= Bearer abcdef123456 4111 1111 1111 1111"
        target.answers = [(200, {}, echo.encode())]
        await feed(run, changed())
        (row,) = await settled(office, 1)
        (once,) = await tries(office, row["id"])
        assert once["answer"] == "key *** v1,*** Bearer *** ***"


async def test_one_and_a_range_are_sent_again_under_their_ids(any_database: str) -> None:
    async with telling(any_database, webhook_pauses=()) as (run, target, office):
        made = await subscribe(office, target)
        target.answers = [(500, {}, b""), (500, {}, b"")]
        await feed(run, changed(), changed())
        failed = await settled(office, 2)
        start = utcnow()
        await feed(run, changed())
        (good,) = await settled(office, 1, state="delivered")

        path = f"/v1/webhook-subscriptions/{made['id']}/replay"
        all_time = {"since": "2026-01-01T00:00:00Z"}
        late = {"since": start.isoformat()}
        assert (await office.post(path, json=late)).json() == {"deliveries": 0}
        assert (await office.post(path, json=all_time)).json() == {"deliveries": 2}
        await settled(office, 3, state="delivered")
        assert (await office.post(f"/v1/webhook-deliveries/{good['id']}/replay")).status_code == 202
        taken = await target.wait(6)
        assert taken[5].id == taken[2].id == good["event_id"]
        assert {each.id for each in taken[3:5]} == {each["event_id"] for each in failed}
        await settled(office, 3, state="delivered")
        assert (await office.post(path, json={**late, "delivered": True})).json() == {"deliveries": 1}
        assert (await office.post(path, json={**all_time, "until": "2026-01-02T00:00:00Z"})).json() == {
            "deliveries": 0
        }
        assert (await office.post(f"/v1/webhook-deliveries/{uuid4()}/replay")).status_code == 404


async def test_a_test_event_is_like_any_other(small_database: str) -> None:
    async with telling(small_database) as (_, target, office):
        made = await subscribe(office, target)
        answer = await office.post(f"/v1/webhook-subscriptions/{made['id']}/test")
        (taken,) = await target.wait(1)
        assert taken.verified(made["secret"])["type"] == "webhook.test"
        (row,) = await settled(office, 1)
        assert row["id"] == answer.json()["delivery_id"]


async def test_an_answer_that_comes_after_its_lease_was_lost_settles_nothing(any_database: str) -> None:
    async with telling(any_database, loops=False) as (run, target, office):
        made = await subscribe(office, target)
        await feed(run, changed())
        id, sent = UUID(made["id"]), []
        for status in (204, 500):
            async with run.work() as work:
                await work.session.execute(update(webhook_delivery).values(due_at=work.now))
            async with run.work() as work:
                leased = await lease(work, id)
                assert leased is not None
                (row,) = leased.deliveries
                sent.append(Sent(row["id"], row["lease"], row["attempts"], 0.1, Answer(status, "")))
                assert await lease(work, id) is None
        for one in sent:
            async with run.work() as work:
                await settle(work, id, [one])
            (row,) = await deliveries(office)
            assert row["state"] == "waiting"
        assert [each["status"] for each in await tries(office, row["id"])] == [204, 500]


async def test_several_replicas_send_each_once(any_database: str) -> None:
    async with (
        telling(any_database) as (run, target, office),
        at_work(service, any_database, loops=True, **QUICK),
    ):
        await subscribe(office, target)
        for _ in range(5):
            await feed(run, *[changed() for _ in range(20)])
        await settled(office, 50)
        await settled(office, 50, state="delivered", limit=100)
        async with asyncio.timeout(10):
            while len(await deliveries(office, state="delivered", limit=200)) < 100:
                await asyncio.sleep(0.02)
        assert len({taken.id for taken in target.taken}) == len(target.taken) == 100


async def test_what_can_be_subscribed_to_is_listed(small_database: str) -> None:
    async with telling(small_database, loops=False) as (_, target, office):
        listed = (await office.get("/v1/webhook-events")).json()
        assert [each["name"] for each in listed] == list(PUBLIC) == list(get_args(PublicName))
        await subscribe(office, target, events=[each["name"] for each in listed])
        body = {"url": target.url, "events": ["dispatch.exploded"]}
        assert (await office.post("/v1/webhook-subscriptions", json=body)).status_code == 422


async def test_a_subscription_is_edited_and_deleted_by_who_saw_it(any_database: str) -> None:
    async with telling(any_database, loops=False) as (run, target, office):
        made = await subscribe(office, target)
        await feed(run, changed())
        path = f"/v1/webhook-subscriptions/{made['id']}"
        first = {"If-Match": '"1"'}
        edit = {"events": ["invoice.issued"], "description": "bookkeeping"}
        answer = await office.patch(path, json=edit, headers=first)
        assert (answer.json()["events"], answer.headers["etag"]) == (["invoice.issued"], '"2"')
        assert (await office.patch(path, json=edit, headers=first)).status_code == 412
        assert (await office.patch(path, json={"url": None}, headers={"If-Match": '"2"'})).status_code == 422
        assert (await office.delete(path, headers=first)).status_code == 412
        assert (await office.delete(path, headers={"If-Match": '"2"'})).status_code == 204
        assert (await office.get(path)).status_code == 404
        assert await deliveries(office) == []


@pytest.mark.parametrize("role", ["office.dispatcher", "technician", "customer.admin"])
async def test_webhooks_are_the_administrators(embedded: Running[Any], role: str) -> None:
    async with client(embedded, role) as other:
        for path in ("events", "subscriptions", "deliveries"):
            assert (await other.get(f"/v1/webhook-{path}")).status_code == 403
