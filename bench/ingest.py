"""2,000 mails from a Dovecot mailbox through the whole job, beside programs that only download them.

Ours: stored, parsed, dispatched, matched to a customer, forwarded to an SMTP sink, mailbox empty; over
RabbitMQ and PostgreSQL. Theirs: the same mailbox into a Maildir or a file. The floor: pipelined RETR, parse,
batched insert of the raw mail, DELE, without a bus.
"""

import hashlib
import os
import shutil
import subprocess
import sys
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

from bench.fleet import Fleet, fleet, free_port, process_of
from bench.mails import AUTHSERV_ID, SENDER, VENDOR_ID, mail

MAILS = 2000
WARM_UP = 500


def run(mails: int = MAILS) -> dict[str, Any]:
    """Mails a second of each, and ours as a ratio of them."""
    messages = [mail(40_000_000 + number) for number in range(mails)]
    results: dict[str, float] = {}
    detail: dict[str, Any] = {}
    with Dovecot() as dovecot, Postgres() as postgres:
        for name, download in PEERS.items():
            results[name] = mails / _timed(dovecot, messages, download)
        results["floor"] = mails / _timed(dovecot, messages, lambda *where: _floor(postgres, *where))
    results["callboard"], detail = _whole_job(messages)
    ratios = {f"callboard/{name}": results["callboard"] / rate for name, rate in results.items()}
    bytes_a_mail = sum(map(len, messages)) // mails
    return {"mails": mails, "bytes_a_mail": bytes_a_mail, "per_second": results, "ratio": ratios, **detail}


def _timed(dovecot: Dovecot, messages: list[bytes], download: Callable[[Dovecot, str, Path], None]) -> float:
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


def _floor(postgres: Postgres, dovecot: Dovecot, user: str, _folder: Path) -> None:
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


def _whole_job(messages: list[bytes]) -> tuple[float, dict[str, Any]]:
    """Mails a second, and the milliseconds of processor time that each process spent on a mail."""
    sink_port = free_port()
    count = Path(tempfile.mkdtemp(prefix="bench.")) / "count"
    with (
        process_of("bench.sink", {}, str(sink_port), str(count)),
        fleet(
            ["mail_ingest", "dispatch", "customer"],
            CALLBOARD_SMTP_HOST="127.0.0.1",
            CALLBOARD_SMTP_PORT=str(sink_port),
        ) as system,
    ):
        # a service runs for weeks: what it does once (first statements, the worker's start) is not its rate
        _take_in(system, count, [mail(30_000_000 + number) for number in range(WARM_UP)])
        before = system.seconds_of_processor()
        took = _take_in(system, count, messages)
        after = system.seconds_of_processor()
    spent = {name: round((after[name] - before[name]) * 1e3 / len(messages), 3) for name in after}
    return len(messages) / took, {"processor_ms_a_mail": spent}


def _take_in(system: Fleet, count: Path, messages: list[bytes]) -> float:
    """Seconds until every mail is forwarded, every dispatch has its customer and the mailbox is empty."""
    user = system.dovecot.new_user()
    system.dovecot.deliver(user, messages)
    sent = _read(count) + len(messages)
    matched = "SELECT count(*) FROM dispatch WHERE customer_id IS NOT NULL"
    known = int(system.postgres.execute(matched, database="dispatch")) + len(messages)
    with system.http("mail_ingest") as http:
        started = time.perf_counter()
        http.post("/v1/mailboxes", json=_mailbox(system.dovecot, user)).raise_for_status()
        _wait(lambda: _read(count) >= sent, f"{sent} forwards")
        _wait(lambda: int(system.postgres.execute(matched, database="dispatch")) == known, "matches")
        took = time.perf_counter() - started
    if system.dovecot.messages(user):
        raise RuntimeError("the mailbox is not empty")
    return took


def _mailbox(dovecot: Dovecot, user: str) -> dict[str, Any]:
    return {
        "name": user,
        "host": "127.0.0.1",
        "port": dovecot.pop3,
        "user": user,
        "password": PASSWORD,
        "address": f"{user}@contractor.example",
        "vendor_id": VENDOR_ID,
        "authserv_id": AUTHSERV_ID,
        "trusted_senders": [SENDER],
        "processed_to": "done@contractor.example",
        "error_to": "error@contractor.example",
        "customer": "American Home Shield",
    }


def _read(count: Path) -> int:
    return int(count.read_text() or 0) if count.exists() else 0


def _wait(done: Callable[[], bool], what: str, seconds: float = 180) -> None:
    end = time.monotonic() + seconds
    while not done():
        if time.monotonic() > end:
            raise TimeoutError(f"no {what} after {seconds} s: see .run/bench")
        time.sleep(0.02)


if __name__ == "__main__":
    import json

    sys.stdout.write(json.dumps(run(), indent=2) + "\n")
