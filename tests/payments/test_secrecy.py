"""What looks for leaks finds them: a planted number or secret, wherever it is left."""

import sqlite3
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
import secrecy
from harness import envelope
from localservers import Postgres
from pydantic_core import to_json
from secrecy import CARD, SECRETS, found_in
from shared.bus import LocalBus
from shared.db import uuid7
from shared.events.dispatch import DispatchMentioned


@pytest.fixture
def away() -> Iterator[Path]:
    """A folder that the look at the end of the run does not see."""
    with TemporaryDirectory() as folder:
        yield Path(folder)


@pytest.mark.parametrize(
    "text",
    [
        f"pan={CARD}",
        f'{{"note": "paid with {CARD}."}}',
        "4111 1111 1111 1111",
        "4111-1111-1111-1111",
        "3782 822463 10005",
        f"x{CARD}x",  # a planted one, in whatever
        "the number 4012888888881881 of nobody's list",
        *SECRETS.values(),
    ],
)
def test_found(text: str) -> None:
    (hit,) = found_in(text)
    assert text not in hit


@pytest.mark.parametrize(
    "text",
    [
        "4012888888881882",  # Luhn's check fails
        "************1111",
        "a4012888888881881b0c",
        "40128888-8888-1881-4012-888888881881",
        "1763789123456789",
        "<4012888888881881@mail.example>",
        '{"MerchantAccountNumber": "4012888888881881"}',
        "<merchant_account_number>4012888888881881<",
    ],
)
def test_not_taken_for_a_card(text: str) -> None:
    assert found_in(text) == []


def test_in_a_file_and_in_the_log_beside_it(away: Path) -> None:
    database = sqlite3.connect(away / "some.db")
    database.execute("PRAGMA journal_mode = WAL")
    database.execute("CREATE TABLE note (id INTEGER, body BLOB)")
    database.commit()
    assert list(secrecy.in_folder(away)) == []
    database.execute("INSERT INTO note VALUES (1, ?)", (f"card {CARD}".encode(),))
    database.commit()
    (away / "service.log").write_text(f'{{"event": "asked", "key": "{SECRETS["merchantware"]}"}}\n')
    assert ["table note" in hit or "service.log" in hit for hit in secrecy.in_folder(away)] == [True, True]
    database.close()


def test_in_postgresql(postgres: Postgres) -> None:
    name = postgres.create_database()
    columns = "at timestamptz DEFAULT now(), body bytea, content jsonb"
    postgres.execute(f"CREATE TABLE dead_letter ({columns})", database=name)
    assert secrecy.in_postgres(postgres, name) == []
    row = f"('card {CARD}', jsonb_build_object('secret', '{SECRETS['stripe']}'))"
    postgres.execute(f"INSERT INTO dead_letter (body, content) VALUES {row}", database=name)
    assert len(secrecy.in_postgres(postgres, name)) == 2
    postgres.execute("DELETE FROM dead_letter", database=name)
    postgres.drop_database(name)
    assert secrecy.leaks == []


async def test_in_an_event() -> None:
    event = DispatchMentioned(
        mail_id=uuid7(), partner="ahs", number="1", subject=f"card {CARD}", received_at="2026-01-05T10:00:00Z"
    )
    with pytest.raises(Exception, match="is not running"):
        await LocalBus().publish("dispatch.mentioned.v1", to_json([envelope(event)]), "mail_ingest")
    assert len(secrecy.leaks) == 1
    secrecy.leaks.clear()


def test_in_what_a_broker_wrote(away: Path) -> None:
    (away / "00000001.wal").write_bytes(b'\x00\x01RAWA{"pan":"' + CARD.encode() + b'"}\xff')
    assert len(list(secrecy.in_queues(away))) == 1


def test_in_the_log_of_a_test() -> None:
    sections = [("Captured stdout call", f"[info] charged card={CARD}"), ("Captured stderr call", "")]
    report = pytest.TestReport(
        "test", ("test", 1, ""), {}, "passed", None, "teardown", sections, start=0, stop=0
    )
    assert len(secrecy.in_report(report)) == 1
