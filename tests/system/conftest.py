"""All services together, on either bus and either database, reading a real mailbox."""

from collections.abc import AsyncGenerator, Callable, Iterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from embedded.house import SERVICES
from fleet import Fleet, Mailbox, open_fleet
from harness import at_work, client
from localservers import Dovecot, Postgres, SmtpSink
from localservers.dovecot import PASSWORD
from shared.bus import Bus, LocalBus
from shared.rabbit import RabbitBus
from shared.service import Running

MAILBOX: dict[str, Any] = {
    "name": "office",
    "address": "office@contractor.example",
    "partner": "ahs",
    "customer": "American Home Shield",
    "vendor_id": "900001",
    "authserv_id": "mx.contractor.example",
    "trusted_senders": ["noreply@msg.frontdoor.com"],
    "processed_to": "done@contractor.example",
    "error_to": "error@contractor.example",
    "return_name": "Callboard",
    "return_address": "robot@contractor.example",
    "poll_seconds": 5,
}


@dataclass
class House:
    """The running services, the sink that takes the forwards, and how to put mail into the mailbox."""

    services: dict[str, Running[Any]]
    sink: SmtpSink
    deliver: Callable[[list[bytes]], None]
    left: Callable[[], list[bytes]]
    as_read: Callable[[bytes], bytes]
    mailbox: dict[str, Any] = field(default_factory=dict)

    def http(self, name: str, *roles: str) -> Any:
        return client(self.services[name], *(roles or ("office.admin",)))


@pytest.fixture(params=["embedded", "distributed"])
def house(request: pytest.FixtureRequest, tmp_path: Path, smtp_sink: SmtpSink) -> Any:
    """Opens a House: SQLite, local bus and Maildir; or PostgreSQL, RabbitMQ and Dovecot."""

    @asynccontextmanager
    async def open_house(**settings: Any) -> AsyncGenerator[House]:
        embedded = request.param == "embedded"
        deliver, left, where = (_maildir if embedded else _dovecot)(request, tmp_path)
        bus: Bus = LocalBus() if embedded else RabbitBus(request.getfixturevalue("bus_url"))
        smtp = {"smtp_host": "127.0.0.1", "smtp_port": smtp_sink.port, "smtp_security": "none"}
        async with AsyncExitStack() as stack:
            stack.push_async_callback(bus.close)
            services: dict[str, Running[Any]] = {}
            for service in SERVICES:
                url = f"sqlite+aiosqlite:///{tmp_path}/{service.name}.db"
                if not embedded:
                    server: Postgres = request.getfixturevalue("postgres")
                    url = server.url(server.unused_name())
                opened = at_work(service, url, bus, loops=True, **smtp, **settings)
                services[service.name] = await stack.enter_async_context(opened)
            as_read = bytes if embedded else _with_crlf
            yield House(services, smtp_sink, deliver, left, as_read, {**MAILBOX, **where})

    return open_house


def _with_crlf(raw: bytes) -> bytes:
    """POP3 is a protocol of lines: a bare line feed arrives as CRLF."""
    return raw.replace(b"\r\n", b"\n").replace(b"\n", b"\r\n")


def _maildir(request: pytest.FixtureRequest, tmp_path: Path) -> Any:
    folder = tmp_path / "mailbox"
    for name in ("new", "cur", "tmp"):
        (folder / name).mkdir(parents=True)
    count = iter(range(10**6))

    def deliver(messages: list[bytes]) -> None:
        for message in messages:
            name = f"{1_760_000_000 + next(count)}.test"
            (folder / "tmp" / name).write_bytes(message)
            (folder / "tmp" / name).rename(folder / "new" / name)

    def left() -> list[bytes]:
        return [path.read_bytes() for name in ("new", "cur") for path in (folder / name).iterdir()]

    return deliver, left, {"kind": "maildir", "path": str(folder)}


def _dovecot(request: pytest.FixtureRequest, tmp_path: Path) -> Any:
    server: Dovecot = request.getfixturevalue("dovecot")
    user = server.new_user()
    server.deliver(user, [])
    where = {"host": "127.0.0.1", "port": server.pop3, "user": user, "password": PASSWORD}
    return lambda messages: server.deliver(user, messages), lambda: server.messages(user), where


@pytest.fixture(scope="session")
def fleet(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Fleet]:
    """The services as processes, with servers of their own. One for all proofs: each uses a mailbox and
    dispatch numbers of its own, and leaves all services running."""
    with open_fleet(tmp_path_factory.mktemp("fleet")) as found:
        yield found


@pytest.fixture
def mailbox(fleet: Fleet) -> Iterator[Mailbox]:
    """A mailbox of this test alone, for `fleet.watch`; nobody polls it any more afterwards."""
    mailbox = fleet.mailbox()
    yield mailbox
    fleet.forget(mailbox)
