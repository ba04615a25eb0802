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
    def old_keys_file(self) -> Path:
        return self.root / "old-secret.keys"

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
            _write_key(self.key_file, base64.b64encode(os.urandom(32)).decode())

    def old_keys(self) -> list[str]:
        """Keys of before, which still open what they sealed."""
        return self.old_keys_file.read_text().split() if self.old_keys_file.exists() else []

    def replace_key(self) -> None:
        """A new key seals from now on. The old one is kept first: a crash in between loses nothing."""
        old = self.key_file.read_text().strip()
        kept = [old, *(each for each in self.old_keys() if each != old)]
        for path, text in (
            (self.old_keys_file, "\n".join(kept)),
            (self.key_file, base64.b64encode(os.urandom(32)).decode()),
        ):
            fresh = path.with_suffix(".new")
            fresh.unlink(missing_ok=True)
            _write_key(fresh, text)
            fresh.replace(path)

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


def _write_key(path: Path, text: str) -> None:
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w", encoding="ascii") as file:
        file.write(text + "\n")
        file.flush()
        os.fsync(file.fileno())


def open_data(root: Path) -> Data:
    return Data(root.resolve())
