"""Real servers for the tests, started when first asked for. One that is not installed fails the test and
names its Debian package: nothing is ever skipped."""

from collections.abc import Generator, Iterator

import pytest
import secrecy
from localservers import Dovecot, Exim, Postgres, RabbitMQ, SmtpSink


@pytest.fixture(scope="session", autouse=True)
def nothing_secret_is_left(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """No card number and no secret is in any database, log file, event or queue of this run."""
    with pytest.MonkeyPatch.context() as patch:
        secrecy.watch(patch)
        yield
    found = [*secrecy.leaks, *secrecy.in_folder(tmp_path_factory.getbasetemp())]
    assert not found, "\n".join(found)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Nor in what a test wrote to its outputs and logs."""
    report = yield
    if report.when == "teardown" and (found := secrecy.in_report(report)):
        report.longrepr = "\n".join([*found, str(report.longrepr or "")])
        report.outcome = "failed"
    return report


@pytest.fixture(scope="session")
def postgres() -> Iterator[Postgres]:
    # Nothing here outlives the run, so nothing needs to reach the disk.
    with Postgres(settings={"fsync": "off", "full_page_writes": "off"}) as server:
        yield server


@pytest.fixture
def database_url(postgres: Postgres) -> Iterator[str]:
    """A PostgreSQL database of this test alone, as SQLAlchemy with asyncpg names it. `harness.at_work` makes
    it; whoever wants an empty one asks for `empty_database_url`."""
    name = postgres.unused_name()
    yield postgres.url(name)
    postgres.drop_database(name)


@pytest.fixture
def empty_database_url(postgres: Postgres, database_url: str) -> str:
    postgres.create_database(database_url.rpartition("/")[2])
    return database_url


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
