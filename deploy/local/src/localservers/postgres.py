"""PostgreSQL: one cluster, a database for each user of it."""

import itertools
import signal
from pathlib import Path
from typing import ClassVar

from localservers.ports import LOOPBACK
from localservers.process import Server, ServerFailed
from localservers.programs import program

USER = "callboard"


def installed(name: str) -> str:
    """Debian keeps the servers of all versions off the PATH; the newest one is taken."""
    versions = sorted(
        Path("/usr/lib/postgresql").glob("[0-9]*"), key=lambda path: int(path.name), reverse=True
    )
    return program(name, *(str(path / "bin" / name) for path in versions), package="postgresql")


class Postgres(Server):
    """One cluster with trust on loopback. `settings` are server parameters (postgresql.conf)."""

    stop_signal: ClassVar[signal.Signals] = signal.SIGINT  # "fast": do not wait for clients to leave

    def __init__(
        self, *, folder: Path | None = None, port: int = 0, settings: dict[str, str] | None = None
    ) -> None:
        self.programs = {name: installed(name) for name in ("initdb", "postgres", "pg_isready", "psql")}
        super().__init__(folder=folder)
        self.port = self.reserve_port(port)
        self.settings = {
            "listen_addresses": LOOPBACK,
            "port": str(self.port),
            "unix_socket_directories": "",
            "max_connections": "200",
            **(settings or {}),
        }
        self._numbers = itertools.count(1)

    def prepare(self) -> None:
        options = ("-A", "trust", "--no-sync", "-E", "UTF8", "--locale=C.UTF-8")
        self.run(self.programs["initdb"], "-D", str(self.folder / "data"), "-U", USER, *options)

    def command(self) -> list[str]:
        options = [f"--{name}={value}" for name, value in self.settings.items()]
        return [self.programs["postgres"], "-D", str(self.folder / "data"), *options]

    def is_ready(self) -> bool:
        try:
            self.run(self.programs["pg_isready"], "-q", "-h", LOOPBACK, "-p", str(self.port))
        except ServerFailed:
            return False
        return True

    def url(self, database: str = "postgres", *, driver: str = "postgresql+asyncpg") -> str:
        return f"{driver}://{USER}@{LOOPBACK}:{self.port}/{database}"

    def execute(self, sql: str, *, database: str = "postgres") -> str:
        """Run SQL through psql; the rows, unadorned."""
        target = self.url(database, driver="postgresql")
        return self.run(
            self.programs["psql"], "-X", "-q", "-A", "-t", "-v", "ON_ERROR_STOP=1", "-c", sql, target
        )

    def create_database(self, name: str | None = None, *, template: str = "template0") -> str:
        """A new database (about 40 ms); its name. A template must have no connections open."""
        name = name or self.unused_name()
        self.execute(f'CREATE DATABASE "{name}" TEMPLATE "{template}" STRATEGY file_copy')
        return name

    def unused_name(self) -> str:
        """For a database that somebody else will make."""
        return f"db{next(self._numbers)}"

    def drop_database(self, name: str) -> None:
        self.execute(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)')
