"""Connections that break. Whatever the place, no mail is lost, and what is unknown is never called done."""

import pytest
from localservers import Dovecot, FaultProxy
from mail_ingest import mailbox
from mail_ingest.mailbox import MailboxError, MailboxSettings
from scripted_pop3 import Pop3, escaped, serving

MAILS = [b"Subject: mail %d\r\n\r\nbody %d\r\nend %d\r\n" % (n, n, n) for n in range(1, 4)]


def settings(port: int, **more: object) -> MailboxSettings:
    base = {"host": "localhost", "port": port, "user": "office", "password": "pw", "timeout": 10}
    return MailboxSettings.model_validate(base | more)


async def take_all(chosen: MailboxSettings, got: list[bytes]) -> None:
    """What a poll does; `got` tells how far it came."""
    async with mailbox.open_mailbox(chosen) as session:
        items = await session.list()
        async for mail in session.fetch(items):
            assert mail.error is None
            got.append(mail.raw)
        await session.delete(items)
        await session.commit()


# Pattern, on which side, what happens there; the step that fails, mails handed out, mails left.
CUTS = {
    "pop3": [
        ("reply", b"+OK Dovecot", "cut", "greeting", 0, 3),
        ("request", b"USER", "cut", "login", 0, 3),
        ("request", b"PASS", "cut", "login", 0, 3),
        ("request", b"PASS", "lose", "login", 0, 3),
        ("request", b"CAPA", "cut", "login", 0, 3),
        ("request", b"LIST", "cut", "list", 0, 3),
        ("request", b"UIDL", "cut", "list", 0, 3),
        ("request", b"RETR 2", "cut", "fetch", 0, 3),
        ("reply", b"Subject: mail 2", "cut", "fetch", 0, 3),
        ("reply", b"body 2", "cut", "fetch", 0, 3),
        ("reply", b"body 2", "stall", "fetch", 0, 3),
        ("reply", b".\r\n+OK 34 octets\r\nSubject: mail 3", "cut", "fetch", 0, 3),
        ("request", b"LIST ", "cut", "fetch", 0, 3),
        ("request", b"DELE 2", "cut", "delete", 3, 3),
        ("request", b"DELE 3", "lose", "delete", 3, 3),
        ("request", b"QUIT", "cut", "commit", 3, 3),
        ("request", b"QUIT", "lose", "commit", 3, 0),
    ],
    "imap": [
        ("reply", b"* OK", "cut", "greeting", 0, 3),
        ("request", b"LOGIN", "cut", "login", 0, 3),
        ("reply", b"+ OK", "cut", "login", 0, 3),
        ("request", b"SELECT", "cut", "list", 0, 3),
        ("request", b"RFC822.SIZE", "cut", "list", 0, 3),
        ("request", b"BODY.PEEK", "cut", "fetch", 0, 3),
        ("reply", b"body 2", "cut", "fetch", 1, 3),
        ("reply", b"body 2", "stall", "fetch", 1, 3),
        ("request", b"UID STORE", "cut", "commit", 3, 3),
        ("request", b"UID EXPUNGE", "cut", "commit", 3, 3),
        ("request", b"UID EXPUNGE", "lose", "commit", 3, 0),
        ("request", b"LOGOUT", "cut", "commit", 3, 0),
    ],
}


@pytest.mark.parametrize(
    ("kind", "side", "pattern", "action", "step", "read", "left"),
    [(kind, *cut) for kind, cuts in CUTS.items() for cut in cuts],
)
async def test_a_connection_that_breaks(
    dovecot: Dovecot, kind: str, side: str, pattern: bytes, action: str, step: str, read: int, left: int
) -> None:
    user = dovecot.new_user()
    dovecot.deliver(user, MAILS)
    got: list[bytes] = []
    with FaultProxy(getattr(dovecot, kind)) as proxy:
        proxy.fail(side, pattern, action)  # type: ignore[arg-type]
        chosen = settings(proxy.port, kind=kind, user=user, timeout=0.7 if action == "stall" else 10)
        with pytest.raises(MailboxError) as caught:
            await take_all(chosen, got)
        assert len(proxy.struck) == 1
        assert caught.value.step == step
        assert caught.value.code == ("timeout" if action == "stall" else "cut")
        assert got == MAILS[: len(got)]
        assert len(got) == read
        assert len(dovecot.messages(user)) == left
        # The next poll finds the rest and finishes.
        got.clear()
        await take_all(chosen.model_copy(update={"timeout": 10}), got)
        assert got == MAILS[3 - left :]
    assert dovecot.messages(user) == []


async def test_a_server_that_is_killed_while_it_sends() -> None:
    with Dovecot() as dovecot:
        user = dovecot.new_user()
        mails = [b"Subject: x\r\n\r\n" + b"y" * 70 + b"%d\r\n" % n for n in range(2000)]
        dovecot.deliver(user, mails)
        chosen = settings(dovecot.pop3, user=user)
        got: list[bytes] = []
        async with mailbox.open_mailbox(chosen) as session:
            fetching = session.fetch(await session.list())
            got.append((await anext(fetching)).raw)
            dovecot.kill9()
            with pytest.raises(MailboxError) as caught:
                got.extend([mail.raw async for mail in fetching])
        assert caught.value.code == "cut"
        assert got == mails[: len(got)]
        assert len(got) < 2000
        dovecot.start()
        await take_all(chosen, [])
        assert dovecot.messages(user) == []


async def test_the_mail_at_which_the_conversation_broke_is_named(dovecot: Dovecot) -> None:
    """Dovecot 2.3 does not escape a dot that a mail starts with. What is behind such a mail can be had."""
    user = dovecot.new_user()
    mails = [MAILS[0], b".\r\n+OK\r\nSubject: smuggled\r\n\r\n.\r\n", MAILS[2]]
    dovecot.deliver(user, mails)
    got: list[bytes] = []
    async with mailbox.open_mailbox(settings(dovecot.pop3, user=user)) as session:
        items = await session.list()
        with pytest.raises(MailboxError) as caught:
            await take_all(settings(dovecot.pop3, user=user), got)
        assert got == []
        assert caught.value.item == items[1]
    async with mailbox.open_mailbox(settings(dovecot.pop3, user=user)) as session:
        assert [mail.raw async for mail in session.fetch([items[0], items[2]])] == [mails[0], mails[2]]


async def test_a_lone_dot_that_was_not_escaped() -> None:
    """Nearly all of the mail comes before the dot: only the disorder of the answers gives it away."""
    mails = [MAILS[0], b"Subject: x\r\n\r\n" + b"y" * 500 + b"\r\n.\r\nrest\r\n", MAILS[2]]
    for capabilities in ([b"PIPELINING"], None):
        async with serving(Pop3(mails, escape=False, capabilities=capabilities)) as server:
            got: list[bytes] = []
            with pytest.raises(MailboxError) as caught:
                await take_all(settings(server.port), got)
            assert (caught.value.code, caught.value.step) == ("protocol", "fetch")
            assert caught.value.item is not None
            assert caught.value.item.uid == "uid-2"
            assert got == []
            assert not any(command.startswith((b"DELE", b"QUIT")) for command in server.heard)


async def test_a_lone_dot_in_the_last_mail() -> None:
    mails = [MAILS[0], b"Subject: x\r\n\r\n" + b"y" * 500 + b"\r\n.\r\nrest\r\n"]
    async with serving(Pop3(mails, escape=False)) as server:
        got: list[bytes] = []
        with pytest.raises(MailboxError) as caught:
            await take_all(settings(server.port), got)
        assert caught.value.code == "protocol"
        assert got == []


async def test_far_fewer_bytes_than_announced() -> None:
    """The answers are in step, so the mail stops no other."""
    answers = {b"LIST": b"+OK\r\n1 34\r\n2 5000\r\n3 34\r\n.\r\n", b"LIST 2": b"+OK 2 5000\r\n"}
    server = Pop3(MAILS, answers=answers)
    async with serving(server), mailbox.open_mailbox(settings(server.port)) as session:
        fetched = [mail async for mail in session.fetch(await session.list())]
    assert [mail.error and mail.error.code for mail in fetched] == [None, "short", None]
    assert [mail.raw for mail in fetched] == MAILS


async def test_a_mail_that_the_server_does_not_hand_out_stops_no_other() -> None:
    async with serving(Pop3(MAILS, answers={b"RETR 2": b"-ERR corrupted\r\n"})) as server:
        async with mailbox.open_mailbox(settings(server.port)) as session:
            fetched = [mail async for mail in session.fetch(await session.list())]
        assert [mail.raw for mail in fetched] == [MAILS[0], b"", MAILS[2]]
        assert fetched[1].error is not None
        assert fetched[1].error.code == "refused"
        assert "corrupted" in str(fetched[1].error)


async def test_a_mail_without_end_is_given_up() -> None:
    endless = b"+OK\r\n" + b"y" * 300_000
    async with serving(Pop3(MAILS, answers={b"RETR 1": endless})) as server:
        with pytest.raises(MailboxError) as caught:
            await take_all(settings(server.port, max_bytes=100_000), [])
    assert caught.value.code == "protocol"
    assert caught.value.item is not None


async def test_a_quit_that_is_answered_with_an_error_deleted_nothing_for_sure() -> None:
    async with serving(
        Pop3(MAILS, answers={b"QUIT": b"-ERR some deleted messages not removed\r\n"})
    ) as server:
        got: list[bytes] = []
        with pytest.raises(MailboxError) as caught:
            await take_all(settings(server.port), got)
    assert got == MAILS
    assert (caught.value.code, caught.value.step) == ("server", "commit")


async def test_a_refused_dele_is_reported_and_stops_no_other() -> None:
    async with serving(Pop3(MAILS, answers={b"DELE 2": b"-ERR no such message\r\n"})) as server:
        async with mailbox.open_mailbox(settings(server.port)) as session:
            items = await session.list()
            assert list(await session.delete(items)) == [items[1]]
            await session.commit()
        assert server.heard[-4:] == [b"DELE 1", b"DELE 2", b"DELE 3", b"QUIT"]


@pytest.mark.parametrize("capabilities", [None, (), (b"PIPELINING",)])
async def test_an_old_server_is_asked_one_thing_at_a_time(capabilities: tuple[bytes, ...] | None) -> None:
    mails = [b"mail %d\r\n" % n for n in range(30)]
    async with serving(Pop3(mails, capabilities=capabilities)) as server:
        got: list[bytes] = []
        await take_all(settings(server.port), got)
        assert got == mails
        assert server.pipelined is bool(capabilities)


async def test_a_server_without_uidl_has_nameless_mails() -> None:
    server = Pop3(MAILS, answers={b"UIDL": b"-ERR what?\r\n"})
    async with serving(server), mailbox.open_mailbox(settings(server.port)) as session:
        assert [item.uid for item in await session.list()] == ["", "", ""]
        assert [mail.raw async for mail in session.fetch(await session.list())] == MAILS


@pytest.mark.parametrize("listed", [b"+OK\r\none 1\r\n.\r\n", b"+OK\r\n1\r\n.\r\n", b"+OK\r\n1 x\r\n.\r\n"])
async def test_a_list_that_is_none(listed: bytes) -> None:
    async with serving(Pop3(MAILS, answers={b"LIST": listed})) as server:
        with pytest.raises(MailboxError) as caught:
            await take_all(settings(server.port), [])
    assert (caught.value.code, caught.value.step) == ("protocol", "list")


def test_the_scripted_server_escapes_as_the_standard_says() -> None:
    assert escaped(b".\r\na\r\n..b\r\n") == b"..\r\na\r\n...b\r\n"
