"""A Dovecot mailbox emptied by programs that only download it, and by the least that does what ours does."""

import hashlib
import os
import shutil
import subprocess
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import asyncpg
import uvloop
from localservers import Dovecot, Postgres
from localservers.dovecot import PASSWORD
from mail_ingest.mailbox import MailboxSettings, open_mailbox
from mail_ingest.verdict import Rules, read
from pydantic import SecretStr

from bench.mails import AUTHSERV_ID, SENDER, VENDOR_ID


def timed(dovecot: Dovecot, messages: list[bytes], download: Callable[[Dovecot, str, Path], None]) -> float:
    user = dovecot.new_user()
    dovecot.deliver(user, messages)
    folder = Path(tempfile.mkdtemp(prefix="bench."))
    try:
        started = time.perf_counter()
        download(dovecot, user, folder)
        took = time.perf_counter() - started
        left = dovecot.messages(user)
        if left:
            raise RuntimeError(f"{len(left)} mails were left in the mailbox")
        return took
    finally:
        shutil.rmtree(folder)


def _getmail6(dovecot: Dovecot, user: str, folder: Path) -> None:
    for name in ("new", "cur", "tmp", "state"):
        (folder / name).mkdir()
    (folder / "rc").write_text(
        f"[retriever]\ntype = SimplePOP3Retriever\nserver = 127.0.0.1\nport = {dovecot.pop3}\n"
        f"username = {user}\npassword = {PASSWORD}\n[destination]\ntype = Maildir\npath = {folder}/\n"
        "[options]\ndelete = true\nread_all = true\nverbose = 0\n"
    )
    _call(folder, "getmail", "--rcfile", str(folder / "rc"), "--getmaildir", str(folder / "state"))


def _fetchmail(dovecot: Dovecot, user: str, folder: Path) -> None:
    rc = folder / "rc"
    rc.write_text(
        f'poll 127.0.0.1 protocol pop3 port {dovecot.pop3} user "{user}" password "{PASSWORD}" '
        f'sslproto "" no rewrite fetchall mda "/bin/sh -c \'cat >>{folder}/mails\'"\n'
    )
    rc.chmod(0o600)
    _call(
        folder,
        "fetchmail",
        "-f",
        str(rc),
        "--pidfile",
        str(folder / "pid"),
        "--idfile",
        str(folder / "ids"),
        "-s",
    )


def _mpop(dovecot: Dovecot, user: str, folder: Path) -> None:
    for name in ("new", "cur", "tmp"):
        (folder / name).mkdir()
    rc = folder / "rc"
    rc.write_text(
        f"account a\nhost 127.0.0.1\nport {dovecot.pop3}\nuser {user}\npassword {PASSWORD}\ntls off\n"
        f"auth user\nkeep off\nuidls_file {folder}/uidls\ndelivery maildir {folder}\naccount default : a\n"
    )
    rc.chmod(0o600)
    _call(folder, "mpop", "-C", str(rc), "-q")


PEERS: dict[str, Callable[[Dovecot, str, Path], None]] = {
    "getmail6": _getmail6,
    "fetchmail": _fetchmail,
    "mpop": _mpop,
}


def _call(folder: Path, *command: str) -> None:
    """Runs a peer as nobody where we are root: getmail refuses root, and none of them needs to be."""
    who: dict[str, Any] = {}
    if os.geteuid() == 0:
        for path in (folder, *folder.rglob("*")):
            shutil.chown(path, "nobody", "nogroup")
        who = {"user": "nobody", "group": "nogroup", "extra_groups": []}
    home = {**os.environ, "HOME": str(folder)}
    done = subprocess.run(command, capture_output=True, timeout=300, check=False, env=home, **who)
    if done.returncode:
        raise RuntimeError(f"{command[0]}: {done.stderr.decode()[-500:]}{done.stdout.decode()[-500:]}")


def floor(postgres: Postgres, dovecot: Dovecot, user: str, _folder: Path) -> None:
    database = postgres.create_database()
    uvloop.run(_floor_loop(postgres.url(database, driver="postgresql"), dovecot, user))


async def _floor_loop(dsn: str, dovecot: Dovecot, user: str) -> None:
    connection = await asyncpg.connect(dsn)
    await connection.execute("CREATE TABLE mail (sha256 text PRIMARY KEY, number text, raw bytea)")
    rules = Rules("ahs", AUTHSERV_ID, (SENDER,), (), VENDOR_ID)
    async with open_mailbox(_settings(dovecot, user)) as session:
        batch: list[Any] = []
        items = await session.list()
        async for fetched in session.fetch(items):
            content = read(fetched.raw, rules).content
            batch.append((hashlib.sha256(fetched.raw).hexdigest(), content and content.number, fetched.raw))
            if len(batch) == 50:
                await connection.executemany("INSERT INTO mail VALUES ($1, $2, $3)", batch)
                batch = []
        if batch:
            await connection.executemany("INSERT INTO mail VALUES ($1, $2, $3)", batch)
        await session.delete(items)
        await session.commit()
    await connection.close()


def _settings(dovecot: Dovecot, user: str) -> MailboxSettings:
    return MailboxSettings(host="127.0.0.1", port=dovecot.pop3, user=user, password=SecretStr(PASSWORD))
