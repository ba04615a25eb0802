"""The distributed system as processes of this machine, for benchmarks: what a contractor would run."""

import os
import socket
import subprocess
import sys
import time
from collections.abc import Generator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
from localservers import Dovecot, Postgres, RabbitMQ
from shared.auth import ADMIN, development_token

LOGS = Path(".run/bench")


@dataclass
class Fleet:
    postgres: Postgres
    rabbitmq: RabbitMQ
    dovecot: Dovecot
    environment: dict[str, str] = field(default_factory=dict)
    addresses: dict[str, str] = field(default_factory=dict)
    pids: dict[str, int] = field(default_factory=dict)

    def http(self, module: str) -> httpx.Client:
        headers = {"Authorization": f"Bearer {development_token(ADMIN, 'bench')}"}
        return httpx.Client(base_url=self.addresses[module], headers=headers, timeout=30)

    def seconds_of_processor(self) -> dict[str, float]:
        """User and system seconds of each process so far."""
        ticks = os.sysconf("SC_CLK_TCK")
        return {name: sum(_times(pid)) / ticks for name, pid in self.pids.items()}


@contextmanager
def fleet(modules: Sequence[str], **environment: str) -> Generator[Fleet]:
    with ExitStack() as stack:
        found = Fleet(
            stack.enter_context(Postgres()),
            stack.enter_context(RabbitMQ()),
            stack.enter_context(Dovecot()),
            {"CALLBOARD_LOG_LEVEL": "warning", "CALLBOARD_SMTP_SECURITY": "none", **environment},
        )
        found.environment["CALLBOARD_BUS_URL"] = found.rabbitmq.url()
        for module in modules:
            url = found.postgres.url(found.postgres.create_database(module))
            own = {**found.environment, "CALLBOARD_DATABASE_URL": url}
            subprocess.run([sys.executable, "-m", module, "migrate"], env={**os.environ, **own}, check=True)
            port = free_port()
            process = stack.enter_context(process_of(module, own, "serve", "--port", str(port)))
            found.addresses[module], found.pids[module] = f"http://127.0.0.1:{port}", process.pid
        for module in modules:
            wait_for(f"{found.addresses[module]}/readyz")
        yield found


@contextmanager
def process_of(
    module: str, environment: dict[str, str], *arguments: str
) -> Generator[subprocess.Popen[bytes]]:
    LOGS.mkdir(parents=True, exist_ok=True)
    with (LOGS / f"{module}.log").open("wb") as log:
        process = subprocess.Popen(
            [sys.executable, "-m", module, *arguments],
            env={**os.environ, **environment},
            stdout=log,
            stderr=subprocess.STDOUT,
        )
    try:
        yield process
    finally:
        process.terminate()
        try:
            process.wait(15)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def wait_for(url: str, seconds: float = 60) -> httpx.Response:
    """Asks with one client: to make another each time would take a processor from what is being started."""
    end = time.monotonic() + seconds
    with httpx.Client(timeout=10) as http:
        while True:
            try:
                return http.get(url).raise_for_status()
            except httpx.HTTPError:
                if time.monotonic() > end:
                    raise
                time.sleep(0.02)


def _times(pid: int) -> tuple[int, int]:
    fields: Any = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return int(fields[11]), int(fields[12])
