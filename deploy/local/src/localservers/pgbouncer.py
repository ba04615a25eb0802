"""PgBouncer before a PostgreSQL: lends the server's sessions to many clients."""

import socket
from typing import Literal

from localservers.ports import LOOPBACK
from localservers.postgres import USER, Postgres
from localservers.process import Server
from localservers.programs import program


class PgBouncer(Server):
    """Lends a session for a `transaction` or for a whole `session`. Everything else is as it comes."""

    def __init__(self, postgres: Postgres, mode: Literal["transaction", "session"] = "transaction") -> None:
        self._program = program("/usr/sbin/pgbouncer", package="pgbouncer")
        super().__init__()
        self._postgres, self._mode = postgres, mode
        self.port = self.reserve_port()

    def prepare(self) -> None:
        lines = f"""
            [databases]
            * = host={LOOPBACK} port={self._postgres.port} user={USER}
            [pgbouncer]
            listen_addr = {LOOPBACK}
            listen_port = {self.port}
            unix_socket_dir =
            auth_type = any
            auth_file = {self.folder}/users
            pool_mode = {self._mode}
            default_pool_size = 10
        """
        (self.folder / "pgbouncer.ini").write_text("\n".join(line.strip() for line in lines.splitlines()))
        (self.folder / "users").write_text(f'"{USER}" ""\n')

    def command(self) -> list[str]:
        return [self._program, str(self.folder / "pgbouncer.ini")]

    def is_ready(self) -> bool:
        with socket.socket() as attempt:
            return attempt.connect_ex((LOOPBACK, self.port)) == 0

    def url(self, database: str, *, driver: str = "postgresql+asyncpg") -> str:
        return f"{driver}://{USER}@{LOOPBACK}:{self.port}/{database}"
