"""Mail servers as they are: that delete at once or not at all, guess sizes, or break at one mail. Whatever
they do, each mail is stored once, one that stays holds up no other, and every one that stays is named."""

import asyncio
from collections.abc import AsyncGenerator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import pytest
from batches import dispatch, ordinary
from harness import at_work, client
from letters import RULES
from localservers import Dovecot
from mail_ingest.service import service
from scripted_pop3 import Pop3, serving
from shared.bus import LocalBus
from shared.service import Running

BOX: dict[str, Any] = {
    "name": "odd",
    "kind": "pop3",
    "host": "localhost",
    "user": "office",
    "password": "pw",
    "authserv_id": RULES.authserv_id,
    "trusted_senders": RULES.trusted_senders,
    "error_to": "error@contractor.example",
    "poll_seconds": 86_400,
}


class Deaf(LocalBus):
    async def publish(self, name: str, body: bytes, source: str) -> None:
        raise OSError("nobody listens in this test")


@pytest.fixture
async def running(tmp_path: Path) -> AsyncGenerator[Running[Any]]:
    url = f"sqlite+aiosqlite:///{tmp_path}/mail.db"
    settings = {"mail_dir": str(tmp_path / "out"), "max_mail_bytes": 100_000}
    async with at_work(service, url, Deaf(), loops=True, **settings) as found:
        yield found


@pytest.fixture
async def http(running: Running[Any]) -> AsyncGenerator[httpx.AsyncClient]:
    async with client(running, "office.admin") as found:
        yield found


async def watch(http: httpx.AsyncClient, port: int, **changes: Any) -> str:
    answer = await http.post("/v1/mailboxes", json={**BOX, "port": port, **changes})
    return answer.raise_for_status().json()["id"]


async def polled(http: httpx.AsyncClient, box: str, times: int = 1) -> dict[str, Any]:
    """The mailbox after its next visits."""
    seen: dict[str, Any] = {}
    for _ in range(times):
        await settled(http)
        before = (await http.get(f"/v1/mailboxes/{box}")).json()["polled_at"]
        (await http.post(f"/v1/mailboxes/{box}/poll")).raise_for_status()
        async with asyncio.timeout(40):
            while (seen := (await http.get(f"/v1/mailboxes/{box}")).json())["polled_at"] == before:
                await asyncio.sleep(0.02)
    return seen


async def settled(http: httpx.AsyncClient) -> list[dict[str, Any]]:
    """The mail log once everything in it was read."""
    async with asyncio.timeout(40):
        while True:
            lines = (await http.get("/v1/mails", params={"limit": 200})).json()["items"]
            if all(line["state"] in ("waiting", "settled") for line in lines):
                return lines
            await asyncio.sleep(0.05)


def raws(count: int) -> list[bytes]:
    return [ordinary().raw for _ in range(count)]


@dataclass
class Deleting(Pop3):
    """Takes a mail out of the mailbox as soon as it was sent."""

    sent: set[int] = field(default_factory=set)

    def answer(self, command: bytes) -> bytes:
        verb, _, argument = command.partition(b" ")
        if verb in (b"LIST", b"DELE", b"RETR") and argument and int(argument) in self.sent:
            return b"-ERR no such message\r\n"
        if verb == b"RETR":
            self.sent.add(int(argument))
        if verb in (b"LIST", b"UIDL") and not argument:
            said = b"+OK\r\n"
            for n, mail in enumerate(self.mails, 1):
                if n not in self.sent:
                    said += b"%d %s\r\n" % (n, b"%d" % len(mail) if verb == b"LIST" else b"uid-%d" % n)
            return said + b".\r\n"
        return super().answer(command)


@pytest.mark.parametrize("capabilities", [None, (b"PIPELINING",)])
@pytest.mark.parametrize("count", [1, 6, 120])
async def test_a_server_that_deletes_what_it_sends(
    http: httpx.AsyncClient, capabilities: Sequence[bytes] | None, count: int
) -> None:
    mails = raws(count)
    async with serving(Deleting(mails, capabilities=capabilities)) as server:
        box = await watch(http, server.port)
        async with asyncio.timeout(60):
            while len(server.sent) < count:
                await asyncio.sleep(0.05)
        await polled(http, box)
        assert len(await settled(http)) == count


@dataclass
class CutsAfter(Deleting):
    """Its line is cut at a mail, and what it sent is gone all the same."""

    cut_at: int = 4

    def answer(self, command: bytes) -> bytes:
        if command == b"RETR %d" % self.cut_at:
            self.cut_at = 0
            return b""
        return super().answer(command)


@pytest.mark.parametrize("capabilities", [None, (b"PIPELINING",)])
async def test_what_came_whole_before_the_line_was_cut_is_stored_and_read(
    http: httpx.AsyncClient, capabilities: Sequence[bytes] | None
) -> None:
    async with serving(CutsAfter(raws(6), capabilities=capabilities)) as server:
        box = await watch(http, server.port)
        await polled(http, box, 2)
        lines = await settled(http)
        assert [line["state"] for line in lines] == ["waiting"] * 6


@pytest.mark.parametrize("uidl", [True, False])
async def test_a_server_that_keeps_what_it_says_it_deleted(
    http: httpx.AsyncClient, running: Running[Any], uidl: bool
) -> None:
    mails = raws(6)
    answers = {} if uidl else {b"UIDL": b"-ERR what?\r\n"}
    async with serving(Pop3(mails, answers=answers)) as server:
        box = await watch(http, server.port)
        seen = await polled(http, box, 5)
        lines = await settled(http)
        assert len(lines) == 6
        assert "keeps them: 6 of them" in seen["poll_error"]
        server.mails = [*mails, *raws(1)]
        await polled(http, box)
        assert len(await settled(http)) == 7


async def test_the_alarm_ends_when_the_server_lets_go(http: httpx.AsyncClient) -> None:
    async with serving(Pop3(raws(3))) as server:
        box = await watch(http, server.port)
        assert "keeps them: 3" in (await polled(http, box, 2))["poll_error"]
        server.mails = []
        assert (await polled(http, box))["poll_error"] is None


async def test_an_imap_server_that_expunges_nothing(dovecot: Dovecot, http: httpx.AsyncClient) -> None:
    """A folder that may not be emptied: the mails are put back as they were, under their uids."""
    user = dovecot.new_user()
    mails = raws(2)
    dovecot.deliver(user, mails)
    box = await watch(http, dovecot.imap, kind="imap", user=user)
    await polled(http, box)
    dovecot.deliver(user, mails)  # other uids: these are other mails
    await polled(http, box)
    assert len(await settled(http)) == 4
    assert dovecot.messages(user) == []


@dataclass
class Guessing(Pop3):
    """Announces other sizes than it sends, and the true one once it has looked into the mail."""

    factor: float = 2.0
    learns: bool = False
    known: set[int] = field(default_factory=set)

    def size(self, number: int) -> int:
        true = len(self.mails[number - 1])
        return true if self.learns and number in self.known else int(true * self.factor)

    def answer(self, command: bytes) -> bytes:
        verb, _, argument = command.partition(b" ")
        if verb == b"RETR":
            self.known.add(int(argument))
        if verb == b"LIST" and argument:
            return b"+OK %d %d\r\n" % (int(argument), self.size(int(argument)))
        if verb == b"LIST":
            lines = [b"%d %d" % (n, self.size(n)) for n in range(1, len(self.mails) + 1)]
            return b"+OK\r\n" + b"".join(line + b"\r\n" for line in lines) + b".\r\n"
        return super().answer(command)


@pytest.mark.parametrize("capabilities", [None, (b"PIPELINING",)])
@pytest.mark.parametrize("learns", [False, True])
@pytest.mark.parametrize("factor", [0.0, 0.4, 1.3, 1.5, 2.0, 3.0])
async def test_an_announced_size_is_a_hint(
    http: httpx.AsyncClient, factor: float, learns: bool, capabilities: Sequence[bytes] | None
) -> None:
    server = Guessing(raws(6), factor=factor, learns=learns, capabilities=capabilities)
    async with serving(server):
        box = await watch(http, server.port)
        await polled(http, box)
        assert [line["state"] for line in await settled(http)] == ["waiting"] * 6


async def test_a_size_out_of_all_proportion_is_believed_when_the_mail_comes_so_again(
    http: httpx.AsyncClient,
) -> None:
    async with serving(Guessing(raws(2), factor=50.0)) as server:
        box = await watch(http, server.port)
        await polled(http, box, 2)
        assert len(await settled(http)) == 2


async def test_one_that_stays_holds_up_no_other_and_each_is_named(http: httpx.AsyncClient) -> None:
    """The second is too large for ever; the fourth the server cannot open, until it can."""
    mails = [raws(1)[0], b"x" * 150_000 + b"\r\n", raws(1)[0], raws(1)[0], raws(1)[0]]
    broken = {b"RETR 4": b""}
    async with serving(Pop3(mails, answers=broken)) as server:
        box = await watch(http, server.port)
        seen = await polled(http, box, 2)
        assert len(await settled(http)) == 3
        assert "uid-2" in seen["poll_error"]
        assert "uid-4" in seen["poll_error"]
        server.answers.clear()
        seen = await polled(http, box)
        assert len(await settled(http)) == 4
        assert "uid-2" in seen["poll_error"]
        assert "uid-4" not in seen["poll_error"]


async def test_mails_that_break_the_order_are_named_and_their_neighbours_read(
    http: httpx.AsyncClient,
) -> None:
    odd = [b"Subject: x\r\n\r\n" + b"y" * 500 + b"\r\n.\r\nrest\r\n", b"a: b\r\n\r\n.\r\n+OK\r\nc: d\r\n"]
    mails = [*raws(2), odd[0], *raws(2), odd[1], *raws(2)]
    async with serving(Pop3(mails, escape=False)) as server:
        box = await watch(http, server.port)
        seen = await polled(http, box)
        lines = await settled(http)
        assert [line["state"] for line in lines] == ["waiting"] * 6
        assert "uid-3" in seen["poll_error"]
        assert "uid-6" in seen["poll_error"]


async def test_each_mail_that_stays_in_a_real_mailbox_is_named(
    dovecot: Dovecot, http: httpx.AsyncClient
) -> None:
    user = dovecot.new_user()
    stays = [b"Subject: large\r\n\r\n" + b"y" * 200_000, b".\r\nfirst\r\n", b".\r\nsecond\r\n"]
    dovecot.deliver(user, [stays[0], *raws(2), stays[1], *raws(2), stays[2], *raws(2)])
    box = await watch(http, dovecot.pop3, user=user)
    seen = await polled(http, box)
    assert len([line for line in await settled(http) if line["number"]]) == 6
    assert "3 mails stay" in seen["poll_error"]
    assert len(dovecot.messages(user)) == 3


async def test_a_uid_that_became_another_mails_hides_it_not(http: httpx.AsyncClient) -> None:
    """While the old one is kept for some days, the server begins its counter anew."""
    old, new = dispatch("70000001", mail=1), dispatch("70000002", mail=1)
    assert len(old) == len(new)
    async with serving(Pop3([old])) as server:
        box = await watch(http, server.port, keep_days=5)
        await polled(http, box)
        server.mails = [new]
        await polled(http, box)
        assert {line["number"] for line in await settled(http)} == {"70000001", "70000002"}


async def test_mails_that_are_kept_on_purpose_are_not_read_anew_each_time(http: httpx.AsyncClient) -> None:
    mails = [raw + b"\r\n" + b"x" * 60_000 + b"\r\n" for raw in raws(12)]
    async with serving(Guessing(mails, factor=1.1)) as server:
        box = await watch(http, server.port, keep_days=5)
        await polled(http, box)
        server.heard.clear()
        seen = await polled(http, box)
        assert 0 < len([line for line in server.heard if line.startswith(b"RETR")]) < 6
        assert not any(line.startswith(b"DELE") for line in server.heard)
        assert seen["poll_error"] is None
        assert len(await settled(http)) == 12
