"""The distributed system as processes of this machine, for the reliability proofs: started, killed at named
points, and held against the ledger."""

import asyncio
import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Generator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import asyncpg
import httpx
from batches import Letter
from embedded.reconcile import look
from ledger import Facts
from localservers import Dovecot, Postgres, RabbitMQ, SmtpSink, ports
from localservers.dovecot import PASSWORD
from shared.auth import ADMIN, OFFICE, development_token
from shared.rabbit import RabbitBus

MODULES = ("mail_ingest", "dispatch", "customer")
MAILBOX: dict[str, Any] = {
    "name": "office",
    "address": "office@contractor.example",
    "customer": "American Home Shield",
    "vendor_id": "900001",
    "authserv_id": "mx.contractor.example",
    "trusted_senders": ["noreply@msg.frontdoor.com"],
    "processed_to": "done@contractor.example",
    "error_to": "error@contractor.example",
    "poll_seconds": 5,
}
# Short leases and pauses: what a killed process held is taken up again in seconds. Small batches: a kill
# finds some mails done and some not.
ENVIRONMENT = {
    "CALLBOARD_LEASE_SECONDS": "2",
    "CALLBOARD_POLL_BATCH": "10",
    "CALLBOARD_FORWARD_BATCH": "10",
    "CALLBOARD_PARTNER_SECONDS": "1",
    "CALLBOARD_DELIVERY_FIRST_PAUSE": "0.1",
    "CALLBOARD_DELIVERY_LONGEST_PAUSE": "1",
    "CALLBOARD_SMTP_HOST": "127.0.0.1",
    "CALLBOARD_SMTP_SECURITY": "none",
}


class Mailbox:
    """One mailbox of the mail server, and what was delivered into it."""

    def __init__(self, dovecot: Dovecot, user: str) -> None:
        self.user, self.delivered, self.id = user, list[Letter](), ""
        self._dovecot = dovecot
        dovecot.deliver(user, [])

    def deliver(self, letters: Sequence[Letter]) -> None:
        self.delivered += letters
        self._dovecot.deliver(self.user, [letter.raw for letter in letters])

    def left(self) -> list[bytes]:
        while True:
            try:
                return self._dovecot.messages(self.user)
            except FileNotFoundError:
                continue  # the server renames a mail when it is first seen


class Fleet:
    """Servers, services, the sink that takes the forwards, and the partner's stand-in. A service may run in
    several replicas: `start(module, replica=2)`."""

    def __init__(self, logs: Path, postgres: Postgres, rabbitmq: RabbitMQ, dovecot: Dovecot) -> None:
        self.postgres, self.rabbitmq, self.dovecot, self.sink = postgres, rabbitmq, dovecot, SmtpSink()
        self.logs, self.told = logs, logs / "partner.jsonl"
        self.processes: dict[str, subprocess.Popen[bytes]] = {}
        self._ports: dict[str, socket.socket] = {}
        self.environment = {**ENVIRONMENT, "CALLBOARD_SMTP_PORT": str(self.sink.port)}
        # The services start some forty times: where Python is told to keep no bytecode, we keep it ourselves.
        kept = {"PYTHONDONTWRITEBYTECODE": "", "PYTHONPYCACHEPREFIX": str(logs / "bytecode")}
        self._bytecode = kept if sys.dont_write_bytecode else {}
        self.environment["CALLBOARD_BUS_URL"] = self._bus = rabbitmq.url(rabbitmq.create_vhost())
        self.databases = {module: postgres.create_database() for module in MODULES}

    def open(self) -> None:
        self.sink.start()
        self.wait_for(f"{self._spawn('simulators', 'serve', '--ledger', str(self.told))}/readyz")
        migrations = [self._migration(module) for module in MODULES]
        for migration in migrations:
            if migration.wait():
                raise RuntimeError("a migration failed")
        for module in MODULES:
            self.start(module, wait=False)
        for module in MODULES:
            self.ready(module)
        login = {"company_id": "c", "user_id": "u", "password": "p"}
        account = {"url": f"http://127.0.0.1:{self.port('simulators')}/updates", **login}
        with self.http("dispatch") as http:
            new = {"If-Match": '"0"'}
            http.put("/v1/partner-accounts/ahs", json=account, headers=new).raise_for_status()

    def close(self) -> None:
        for name in list(self.processes):
            self.kill(name)
        self.sink.close()
        for holder in self._ports.values():
            holder.close()

    def start(self, module: str, *, replica: int = 1, wait: bool = True, **environment: str) -> str:
        """Starts a service; its name here."""
        name = module if replica == 1 else f"{module}-{replica}"
        self._spawn(module, "serve", name=name, **environment)
        if wait:
            self.ready(name)
        return name

    def ready(self, name: str) -> None:
        """Waits until the service answers."""
        self.wait_for(f"{self.address(name)}/healthz")

    def stop(self, name: str, seconds: float = 15) -> float:
        """Asks the process to end; the seconds that took."""
        started = time.monotonic()
        self.processes[name].terminate()
        self.died(name, seconds)
        return time.monotonic() - started

    def kill(self, name: str) -> None:
        process = self.processes.pop(name)
        process.kill()
        process.wait()

    def died(self, name: str, seconds: float = 30) -> int:
        """Waits until the process has ended by itself; its exit status."""
        status = self.processes[name].wait(seconds)
        del self.processes[name]
        return status

    def send(self, name: str, number: signal.Signals) -> None:
        self.processes[name].send_signal(number)

    def address(self, name: str) -> str:
        return f"http://127.0.0.1:{self.port(name)}"

    def port(self, name: str) -> int:
        """The same one after each start."""
        return int(self._ports[name].getsockname()[1])

    def http(self, name: str) -> httpx.Client:
        token = development_token({*ADMIN, *OFFICE}, "tester", 3600)
        headers = {"Authorization": f"Bearer {token}"}
        return httpx.Client(base_url=self.address(name), headers=headers, timeout=20)

    def mailbox(self) -> Mailbox:
        return Mailbox(self.dovecot, self.dovecot.new_user())

    def watch(self, mailbox: Mailbox, name: str = "mail_ingest", **settings: Any) -> None:
        """Has the mailbox polled from now on."""
        body = {**MAILBOX, "host": "127.0.0.1", "port": self.dovecot.pop3, "user": mailbox.user, **settings}
        with self.http(name) as http:
            answer = http.post("/v1/mailboxes", json={**body, "password": PASSWORD}).raise_for_status()
        mailbox.id = answer.json()["id"]

    def forget(self, mailbox: Mailbox) -> None:
        """Has the mailbox polled no more."""
        self.rows("mail_ingest", "UPDATE mailbox SET enabled = false WHERE id::text = $1", mailbox.id)

    def rows(self, module: str, query: str, *values: Any) -> list[dict[str, Any]]:
        url = self.postgres.url(self.databases[module], driver="postgresql")
        return asyncio.run(_rows(url, query, values))

    def facts(self, *mailboxes: Mailbox) -> Facts:
        """All that is known of what was delivered into these mailboxes."""
        delivered = [letter for mailbox in mailboxes for letter in mailbox.delivered]
        ids, numbers = [mailbox.id for mailbox in mailboxes], [letter.number for letter in delivered]
        of_mails = "SELECT * FROM mail WHERE mailbox_id = ANY($1::uuid[])"
        mails = self.rows("mail_ingest", f"{of_mails} ORDER BY id", ids)
        about = [mail["id"] for mail in mails]
        hashes = {letter.sha256 for letter in delivered} | {mail["sha256"] for mail in mails}
        return Facts(
            delivered=delivered,
            left=[raw for mailbox in mailboxes for raw in mailbox.left()],
            sent=[received.content for received in self.sink.messages if _about(received.content) in hashes],
            told=[told for told in self._partner() if told.get("dispatchId") in numbers],
            mails=mails,
            forwards=self.rows("mail_ingest", "SELECT * FROM forward WHERE mail_id = ANY($1)", about),
            dispatches=self.rows("dispatch", "SELECT * FROM dispatch WHERE number = ANY($1)", numbers),
            received=self.rows("dispatch", "SELECT * FROM received WHERE mail_id = ANY($1)", about),
            deliveries=self.rows("dispatch", "SELECT * FROM delivery WHERE number = ANY($1)", numbers),
            waiting={
                module: self.rows(module, "SELECT count(*) FROM outbox")[0]["count"] for module in MODULES
            },
            dead=asyncio.run(_dead(self._bus)),
        )

    def settled(self, *mailboxes: Mailbox) -> bool:
        """Whether nothing is under way any more. It is no judgement of what became of it."""
        ids = [mailbox.id for mailbox in mailboxes]
        numbers = [letter.number for mailbox in mailboxes for letter in mailbox.delivered if letter.number]
        if any(mailbox.left() for mailbox in mailboxes):
            return False
        under_way = self.rows(
            "mail_ingest",
            """SELECT (SELECT count(*) FROM outbox)
            + (SELECT count(*) FROM mailbox WHERE id = ANY($1::uuid[]) AND lease_until IS NOT NULL)
            + (SELECT count(*) FROM mail WHERE mailbox_id = ANY($1::uuid[]) AND state <> 'settled')
            + (SELECT count(*) FROM forward WHERE state = 'waiting') AS count""",
            ids,
        )
        if under_way[0]["count"]:
            return False
        under_way = self.rows(
            "dispatch",
            """SELECT (SELECT count(*) FROM outbox)
            + (SELECT count(*) FROM delivery WHERE number = ANY($1) AND settled_at IS NULL)
            + (SELECT count(*) FROM dispatch WHERE number = ANY($1) AND customer_id IS NULL) AS count""",
            numbers,
        )
        return not under_way[0]["count"] and not self.rows("customer", "SELECT 1 FROM outbox LIMIT 1")

    def settle(self, *mailboxes: Mailbox, seconds: float = 120) -> Facts:
        """Waits until nothing is under way, or the time is over; the facts then."""
        end = time.monotonic() + seconds
        while not self.settled(*mailboxes) and time.monotonic() < end:
            time.sleep(0.1)
        return self.facts(*mailboxes)

    def reconcile(self) -> list[str]:
        """What `callboard reconcile` finds, in all mailboxes, once nothing is on its way any more."""
        urls = {module.replace("_", "-"): self.postgres.url(name) for module, name in self.databases.items()}
        checks = asyncio.run(look(urls, 0, self.told.read_text().splitlines()))
        return [f"{check.rule}: {entry}" for check in checks for entry in (*check.wrong, *check.waiting)]

    def wait_for(self, url: str, seconds: float = 60) -> httpx.Response:
        end = time.monotonic() + seconds
        while True:
            try:
                return httpx.get(url, timeout=2).raise_for_status()
            except httpx.HTTPError:
                if time.monotonic() > end:
                    raise
                time.sleep(0.02)

    def log_of(self, name: str) -> str:
        return (self.logs / f"{name}.log").read_text()

    def _partner(self) -> list[dict[str, Any]]:
        """What the partner booked; its last line may still be in writing."""
        lines = self.told.read_bytes().rpartition(b"\n")[0].splitlines()
        return [entry for entry in map(json.loads, lines) if entry["booked"]]

    def _migration(self, module: str) -> subprocess.Popen[bytes]:
        environment = {**os.environ, **self._environment(module)}
        return subprocess.Popen([sys.executable, "-m", module, "migrate"], env=environment)

    def _environment(self, module: str) -> dict[str, str]:
        if module not in self.databases:
            return self._bytecode
        url = self.postgres.url(self.databases[module])
        return {**self._bytecode, **self.environment, "CALLBOARD_DATABASE_URL": url}

    def _spawn(self, module: str, *arguments: str, name: str = "", **environment: str) -> str:
        name = name or module
        if name not in self._ports:
            self._ports[name] = ports.reserve()
        port = self.port(name)
        with (self.logs / f"{name}.log").open("ab") as log:
            self.processes[name] = subprocess.Popen(
                [sys.executable, "-m", module, *arguments, "--port", str(port)],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                env={**os.environ, **self._environment(module), **environment},
            )
        return self.address(name)


@contextmanager
def open_fleet(logs: Path) -> Generator[Fleet]:
    """All of it, with servers of its own, which the proofs kill."""
    with ExitStack() as stack:
        servers = (stack.enter_context(server()) for server in (Postgres, RabbitMQ, Dovecot))
        found = Fleet(logs, *servers)
        stack.callback(found.close)
        found.open()
        yield found


def until(condition: Callable[[], Any], what: str, seconds: float = 60) -> Any:
    """Polls until the condition holds; what it returned. Raises TimeoutError that names `what`."""
    end = time.monotonic() + seconds
    while not (found := condition()):
        if time.monotonic() > end:
            raise TimeoutError(f"no {what} after {seconds:g} s")
        time.sleep(0.05)
    return found


def _about(content: bytes) -> str:
    """The hash of the mail that a forward is about."""
    return content.partition(b"X-Callboard-Original-SHA256: ")[2][:64].decode("latin-1")


async def _rows(url: str, query: str, values: Sequence[Any]) -> list[dict[str, Any]]:
    connection = await asyncpg.connect(url)
    try:
        await connection.set_type_codec("jsonb", encoder=json.dumps, decoder=json.loads, schema="pg_catalog")
        await connection.set_type_codec("uuid", encoder=str, decoder=str, schema="pg_catalog")
        return [dict(row) for row in await connection.fetch(query, *values)]
    finally:
        await connection.close()


async def _dead(url: str) -> list[str]:
    bus = RabbitBus(url)
    try:
        return [
            f"{letter.name} for {name}: {letter.reason}"
            for name in ("mail-ingest", "dispatch", "customer")
            for letter in await bus.dead_letters(_Named(name))
        ]
    finally:
        await bus.close()


class _Named:
    def __init__(self, name: str) -> None:
        self.name = name
