"""The folder in which an embedded Callboard keeps everything."""

import base64
import fcntl
import os
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path


class AlreadyRunning(Exception):
    """Another process uses the folder."""


@dataclass(frozen=True)
class Data:
    """`mailbox` and `outgoing` are Maildirs; each service has one SQLite file."""

    root: Path

    @property
    def mailbox(self) -> Path:
        return self.root / "mailbox"

    @property
    def outgoing(self) -> Path:
        return self.root / "outgoing"

    @property
    def partner_ledger(self) -> Path:
        return self.root / "partner.jsonl"

    @property
    def key_file(self) -> Path:
        return self.root / "secret.key"

    def database(self, service: str) -> Path:
        return self.root / f"{service}.db"

    def database_url(self, service: str) -> str:
        return f"sqlite+aiosqlite:///{self.database(service)}"

    def prepare(self) -> None:
        """Makes what is missing. The key that encrypts stored passwords is made once, readable by its
        owner alone."""
        for maildir in (self.mailbox, self.outgoing):
            for folder in ("tmp", "new", "cur"):
                (maildir / folder).mkdir(parents=True, exist_ok=True)
        if not self.key_file.exists():
            descriptor = os.open(self.key_file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
            with os.fdopen(descriptor, "wb") as file:
                file.write(base64.b64encode(os.urandom(32)) + b"\n")
                file.flush()
                os.fsync(file.fileno())

    @contextmanager
    def locked(self) -> Generator[None]:
        """For the one process that runs the services here. Raises AlreadyRunning."""
        self.root.mkdir(mode=0o700, parents=True, exist_ok=True)
        with (self.root / "lock").open("a") as file:
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except OSError:
                raise AlreadyRunning(f"A Callboard already runs on {self.root}.") from None
            yield


def open_data(root: Path) -> Data:
    return Data(root.resolve())
