"""Every reader against a real server: what was delivered comes out byte for byte, and only what was
committed goes away."""

import asyncio
import re
from pathlib import Path

import pytest
from localservers import Dovecot
from mail_ingest import mailbox
from mail_ingest.mailbox import Mail, MailboxSettings
from pydantic import SecretStr

WAYS = ["pop3", "pop3 ssl", "pop3 starttls", "imap", "imap ssl", "imap starttls", "maildir"]


def plain(number: int) -> bytes:
    return b"Subject: mail %d\r\n\r\nHello\r\n" % number


ODD = {
    "a line of 100 kB": b"Subject: x\r\n\r\n" + b"<a>" * 34_000 + b"\r\n",
    "raw 8 bit": b"Subject: \xfc\xe9\xff\r\n\r\n" + bytes(range(128, 256)) + b"\r\n",
    "lines of dots": b"Subject: x\r\n\r\n.\r\n..\r\n...\r\n.a\r\na.\r\n.\r\n",
    "a dot at the very start": b".a\r\n",
    "no line end at the end": b"Subject: x\r\n\r\nno end",
    "what looks like an answer": b"Subject: x\r\n\r\n+OK\r\n-ERR\r\n* 1 FETCH (UID 1 BODY[] {3}\r\nabc)\r\n",
    "a header only": b"Subject: x\r\n\r\n",
    "a megabyte": b"Subject: x\r\n\r\n" + b"0123456789abcdef" * 4 * 16_000 + b"\r\n",
}


@pytest.fixture(params=WAYS)
def way(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def settings(dovecot: Dovecot, way: str) -> MailboxSettings:
    """Of a fresh, empty mailbox."""
    user = dovecot.new_user()
    dovecot.deliver(user, [])
    kind, _, security = way.partition(" ")
    port = {"pop3": dovecot.pop3, "pop3 ssl": dovecot.pop3s, "imap": dovecot.imap, "imap ssl": dovecot.imaps}
    return MailboxSettings.model_validate(
        {
            "kind": kind,
            "host": "localhost",
            "port": port.get(way) or port.get(kind) or 110,
            "user": user,
            "password": "pw",
            "security": security or "none",
            "ca_file": str(dovecot.certificate),
            "path": str(dovecot.maildir(user)),
            "timeout": 20,
        }
    )


async def read(settings: MailboxSettings) -> list[Mail]:
    async with mailbox.open_mailbox(settings) as session:
        return [mail async for mail in session.fetch(await session.list())]


async def test_an_empty_mailbox(settings: MailboxSettings) -> None:
    assert await read(settings) == []


async def test_reads_in_order_and_deletes_what_was_committed(
    settings: MailboxSettings, dovecot: Dovecot
) -> None:
    mails = [plain(number) for number in range(450)]
    dovecot.deliver(settings.user, mails)
    async with mailbox.open_mailbox(settings) as session:
        items = await session.list()
        assert [mail.raw async for mail in session.fetch(items)] == mails
        assert list(await session.delete(items[:300])) == []
        await session.commit()
    assert dovecot.messages(settings.user) == mails[300:]
    async with mailbox.open_mailbox(settings) as session:
        assert [item.uid for item in await session.list()] == [item.uid for item in items[300:]]
    assert len({item.uid for item in items}) == 450


async def test_nothing_is_deleted_without_commit(settings: MailboxSettings, dovecot: Dovecot) -> None:
    dovecot.deliver(settings.user, [plain(1), plain(2)])
    async with mailbox.open_mailbox(settings) as session:
        items = await session.list()
        async for mail in session.fetch(items):
            assert mail.error is None
        await session.delete(items)
    assert [mail.raw for mail in await read(settings)] == [plain(1), plain(2)]


async def test_reads_what_was_read_before(settings: MailboxSettings, dovecot: Dovecot) -> None:
    dovecot.deliver(settings.user, [plain(1)])
    for _ in range(2):
        assert [mail.raw for mail in await read(settings)] == [plain(1)]


@pytest.mark.parametrize("name", ODD)
async def test_odd_mails_come_byte_for_byte(settings: MailboxSettings, dovecot: Dovecot, name: str) -> None:
    dovecot.deliver(settings.user, [plain(1), ODD[name], plain(3)])
    fetched = await read(settings)
    # Over POP3 the last line end cannot be told from the one that belongs to the final dot.
    ended = ODD[name] + b"\r\n" if settings.kind == "pop3" and "no line end" in name else ODD[name]
    assert [mail.raw for mail in fetched] == [plain(1), ended, plain(3)]
    assert all(mail.error is None for mail in fetched)


async def test_nul_and_bare_line_feeds_do_not_stop_the_next(
    settings: MailboxSettings, dovecot: Dovecot
) -> None:
    odd = b"Subject: \0x\n\na\0b\n.\nc\r\n.\nd\n"
    dovecot.deliver(settings.user, [odd, plain(2)])
    first, second = await read(settings)
    assert second.raw == plain(2)
    if (
        settings.kind != "maildir"
    ):  # Dovecot sends line ends as CR LF, and over IMAP NUL as 0x80 (RFC 3501 4.3.1)
        odd = re.sub(rb"(?<!\r)\n", b"\r\n", odd)
    if settings.kind == "imap":
        odd = odd.replace(b"\0", b"\x80")
    assert first.raw == odd


async def test_an_oversize_mail_is_reported_and_stays(settings: MailboxSettings, dovecot: Dovecot) -> None:
    dovecot.deliver(settings.user, [plain(1), b"x" * 5000 + b"\r\n", plain(3)])
    fetched = await read(settings.model_copy(update={"max_bytes": 4000}))
    assert sorted(mail.raw for mail in fetched if mail.error is None) == [plain(1), plain(3)]
    (refused,) = [mail for mail in fetched if mail.error is not None]
    assert refused.error is not None
    assert (refused.error.code, refused.raw, refused.item.size) == ("oversize", b"", 5002)
    assert len(dovecot.messages(settings.user)) == 3


@pytest.mark.parametrize("way", WAYS[:-1], indirect=True)
async def test_a_caller_that_stops_early_loses_the_session_and_no_mail(
    settings: MailboxSettings, dovecot: Dovecot
) -> None:
    dovecot.deliver(settings.user, [plain(number) for number in range(5)])
    async with mailbox.open_mailbox(settings) as session:
        items = await session.list()
        fetching = session.fetch(items)
        await anext(fetching)
        await fetching.aclose()
        await session.delete([])
        with pytest.raises(mailbox.MailboxError):
            await session.commit()
    assert len(await read(settings)) == 5


async def test_the_report_names_each_step(settings: MailboxSettings, dovecot: Dovecot) -> None:
    dovecot.deliver(settings.user, [plain(1)])
    report = await mailbox.test_connection(settings)
    assert report.ok
    names = [step.name for step in report.steps]
    expected = {
        "none": ["resolve", "connect", "greeting", "login", "list"],
        "ssl": ["resolve", "connect", "tls", "greeting", "login", "list"],
        "starttls": ["resolve", "connect", "greeting", "tls", "login", "list"],
    }
    assert names == (["connect", "list"] if settings.kind == "maildir" else expected[settings.security])
    assert report.steps[-1].detail == f"1 mails, {len(plain(1))} bytes"
    assert len(await read(settings)) == 1


def imap(dovecot: Dovecot, user: str, *, archive: str = "") -> MailboxSettings:
    return MailboxSettings(
        kind="imap",
        host="localhost",
        port=dovecot.imap,
        user=user,
        password=SecretStr("pw"),
        archive=archive,
    )


async def test_imap_removes_only_its_own(dovecot: Dovecot) -> None:
    """Another program's mark, which a plain EXPUNGE would carry out, stays a mark."""
    user = dovecot.new_user()
    dovecot.deliver(user, [plain(1), plain(2), plain(3)])
    settings = MailboxSettings(kind="imap", host="localhost", port=dovecot.imap, user=user, password="pw")  # type: ignore[arg-type]
    marked = next(
        file for file in sorted(dovecot.maildir(user).glob("new/*")) if file.read_bytes() == plain(2)
    )
    marked.rename(dovecot.maildir(user) / "cur" / f"{marked.name}:2,T")
    async with mailbox.open_mailbox(settings) as session:
        items = await session.list()
        assert len(items) == 3
        await session.delete(items[:1])
        await session.commit()
    assert sorted(dovecot.messages(user)) == [plain(2), plain(3)]


async def test_imap_moves_to_the_archive(dovecot: Dovecot) -> None:
    user = dovecot.new_user()
    dovecot.deliver(user, [plain(1), plain(2)])
    archive = dovecot.maildir(user) / ".Auftr&AOQ-ge"
    for name in ("cur", "new", "tmp"):
        (archive / name).mkdir(parents=True)
    dovecot.give_away(archive)
    settings = imap(dovecot, user, archive="Aufträge")
    async with mailbox.open_mailbox(settings) as session:
        await session.delete((await session.list())[:1])
        await session.commit()
    assert dovecot.messages(user) == [plain(2)]
    assert dovecot.messages(user, folder="Auftr&AOQ-ge") == [plain(1)]
    report = await mailbox.test_connection(settings.model_copy(update={"folder": "No such"}))
    assert not report.ok
    assert "Check the name of the folder, No such." in report.steps[-1].detail


async def test_maildir_knows_a_mail_again_whose_flags_changed(tmp_path: Path) -> None:
    for name in ("new", "cur", "tmp"):
        (tmp_path / name).mkdir()
    (tmp_path / "new" / "1.a").write_bytes(b"one")
    (tmp_path / "tmp" / "2.b").write_bytes(b"half wri")
    (tmp_path / "new" / ".hidden").write_bytes(b"no")
    (tmp_path / "new" / "3.link").symlink_to("/etc/passwd")
    settings = MailboxSettings(kind="maildir", path=str(tmp_path))
    async with mailbox.open_mailbox(settings) as session:
        before = await session.list()
        assert [mail.raw async for mail in session.fetch(before)] == [b"one"]
        await asyncio.to_thread((tmp_path / "new" / "1.a").rename, tmp_path / "cur" / "1.a:2,S")
        (gone,) = [mail async for mail in session.fetch(before)]
        assert gone.error is not None
        assert gone.error.code == "refused"
        assert await session.list() == before
        await session.delete(before)
        await session.commit()
    assert sorted(path.name for path in tmp_path.glob("*/*")) == [".hidden", "2.b", "3.link"]


async def test_a_folder_that_is_no_maildir_is_named(tmp_path: Path) -> None:
    report = await mailbox.test_connection(MailboxSettings(kind="maildir", path=str(tmp_path)))
    assert not report.ok
    assert str(tmp_path) in report.steps[-1].detail
