"""Real servers for the tests, started when first asked for. One that is not installed fails the test and
names its Debian package: nothing is ever skipped."""

from collections.abc import Iterator

import pytest
from localservers import Dovecot, Exim, Postgres, RabbitMQ, SmtpSink


@pytest.fixture(scope="session")
def postgres() -> Iterator[Postgres]:
    # Nothing here outlives the run, so nothing needs to reach the disk.
    with Postgres(settings={"fsync": "off", "full_page_writes": "off"}) as server:
        yield server


@pytest.fixture
def database_url(postgres: Postgres) -> Iterator[str]:
    """An empty PostgreSQL database of this test alone, as SQLAlchemy with asyncpg names it."""
    name = postgres.create_database()
    yield postgres.url(name)
    postgres.drop_database(name)


@pytest.fixture(scope="session")
def rabbitmq() -> Iterator[RabbitMQ]:
    with RabbitMQ() as server:
        yield server


@pytest.fixture
def bus_url(rabbitmq: RabbitMQ) -> str:
    """An empty RabbitMQ virtual host of this test alone."""
    return rabbitmq.url(rabbitmq.create_vhost())


@pytest.fixture(scope="session")
def dovecot() -> Iterator[Dovecot]:
    with Dovecot() as server:
        yield server


@pytest.fixture(scope="session")
def exim() -> Iterator[Exim]:
    with Exim() as server:
        yield server


@pytest.fixture
def smtp_sink() -> Iterator[SmtpSink]:
    with SmtpSink() as server:
        yield server
