"""Throw-away servers on loopback, for tests, benchmarks and `make dev`; nothing here is for production.

Each is a context manager (`with Postgres() as postgres:`) and can be stopped, killed, paused and started
again on the same ports with the same data. A program that is not installed raises NotInstalled, which names
the Debian package.
"""

from localservers.certificates import Certificate, self_signed
from localservers.dovecot import Dovecot
from localservers.exim import Exim
from localservers.pgbouncer import PgBouncer
from localservers.postgres import Postgres
from localservers.process import Server, ServerFailed
from localservers.programs import NotInstalled
from localservers.proxy import FaultProxy
from localservers.rabbitmq import RabbitMQ
from localservers.smtp_sink import Received, SmtpSink

__all__ = [
    "Certificate",
    "Dovecot",
    "Exim",
    "FaultProxy",
    "NotInstalled",
    "PgBouncer",
    "Postgres",
    "RabbitMQ",
    "Received",
    "Server",
    "ServerFailed",
    "SmtpSink",
    "self_signed",
]
