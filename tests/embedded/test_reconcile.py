"""`callboard reconcile`: whatever is not accounted for is found. Faults are made by hand in the databases."""

import json
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest
from embedded.reconcile import reconcile
from embedded_tests import callboard

DISPATCH = "(SELECT id FROM dispatch LIMIT 1)"
FAULTS = {
    "a mail without outcome": (
        *("mail-ingest", "UPDATE mail SET state='waiting', outcome=NULL WHERE outcome='processed'"),
        "every mail has exactly one outcome",
    ),
    "bytes are gone": ("mail-ingest", "DELETE FROM raw_mail", "every mail's bytes are kept"),
    "a forward is missing": (
        *("mail-ingest", "DELETE FROM forward WHERE kind='unable'"),
        "every mail is forwarded once",
    ),
    "a forward failed": (
        *("mail-ingest", "UPDATE forward SET state='failed', error='550 no such user'"),
        "every mail is forwarded once",
    ),
    "a forward is the wrong one": (
        *("mail-ingest", "UPDATE forward SET kind='unable' WHERE kind='processed'"),
        "every mail is forwarded once",
    ),
    "a dispatch is missing": (
        *("dispatch", f"DELETE FROM dispatch WHERE id={DISPATCH}"),
        "every processed mail's dispatch exists",
    ),
    "the services disagree": (
        *("dispatch", "UPDATE received SET outcome='updated' WHERE outcome='processed'"),
        "every processed mail's dispatch exists",
    ),
    "a mail is missing": (
        *("mail-ingest", "DELETE FROM mail WHERE outcome='processed'"),
        "every processed mail's dispatch exists",
    ),
    "a number twice": (
        *("dispatch", "UPDATE dispatch SET number='4388309' WHERE board IN (1, 2)"),
        "every dispatch number exists once",
    ),
    "no cause": (
        *("dispatch", "DELETE FROM history WHERE kind='created'"),
        "every dispatch has a cause: a mail or the office",
    ),
    "no match": ("customer", "DELETE FROM match", "every dispatch has a customer or a review"),
    "a match that was not heard": (
        *("dispatch", "UPDATE dispatch SET match_version=0"),
        "every dispatch has a customer or a review",
    ),
    "the customer is missing": (
        *("customer", "DELETE FROM customer"),
        "every dispatch has a customer or a review",
    ),
    "an update is stuck": (
        *("dispatch", "UPDATE delivery SET settled_at=NULL, state='sending'"),
        "every status update is settled or has its next try",
    ),
    "a refusal nobody heard of": (
        *("dispatch", "UPDATE delivery SET state='refused'"),
        "every status update is settled or has its next try",
    ),
    "the order is broken": (
        "dispatch",
        "CREATE TEMP TABLE one AS SELECT * FROM delivery LIMIT 1;"
        f"UPDATE one SET id='{0:032}', version=0, settled_at=NULL; INSERT INTO delivery SELECT * FROM one",
        "status updates of a dispatch go in order",
    ),
    "an event is stuck": (
        "dispatch",
        "INSERT INTO outbox (name, body, due_at, attempts) VALUES ('dispatch.created.v1',"
        """ '{"id": "1", "time": "2026-01-01T00:00:00+00:00"}', '2026-01-01', 9)""",
        "every event went out",
    ),
    "an event was buried": (
        "customer",
        "INSERT INTO dead_letter VALUES ('00000000000000000000000000000001',"
        " 'dispatch.created.v1', '{}', 'KeyError', '2026-01-01')",
        "every event was handled",
    ),
    "the partner lacks an update": (
        *("dispatch", "UPDATE delivery SET id=replace(id, '0', '1')"),
        "the simulated partner's ledger agrees",
    ),
}


def test_a_finished_job_is_accounted_for(finished: Path) -> None:
    answer = callboard("reconcile", "--data", finished, "--minutes", "0")
    assert answer.returncode == 0, answer.stdout + answer.stderr
    assert "wrong" not in answer.stdout


@pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: fault)
def test_a_fault_is_found(copied: Path, fault: str, capsys: pytest.CaptureFixture[str]) -> None:
    service, statements, rule = FAULTS[fault]
    with closing(sqlite3.connect(copied / f"{service}.db")) as database:
        database.executescript(f"PRAGMA foreign_keys=OFF; {statements}")
        assert database.total_changes, "the fault changed nothing"
    assert reconcile(copied, {}, 0, as_json=True) == 1
    report = json.loads(capsys.readouterr().out)
    assert not report["ok"]
    assert rule in [check["rule"] for check in report["checks"] if check["wrong"]]


def test_what_is_young_may_be_on_its_way(copied: Path) -> None:
    with sqlite3.connect(copied / "mail-ingest.db") as database:
        database.execute("UPDATE mail SET state='waiting', outcome=NULL WHERE number='4554634'")
    database.close()
    answer = callboard("reconcile", "--data", copied, "--minutes", "600")
    assert answer.returncode == 0, answer.stdout
    assert "on its way: mail" in answer.stdout


def test_the_distributed_databases_are_named(finished: Path) -> None:
    urls: list[str] = []
    for name in ("mail-ingest", "dispatch", "customer"):
        urls += [f"--{name}-url", f"sqlite+aiosqlite:///{finished}/{name}.db"]
    assert callboard("reconcile", *urls).returncode == 0
    some = callboard("reconcile", *urls[:2])
    assert some.returncode == 2
    assert "--dispatch-url" in some.stderr


def test_an_empty_folder_is_told(tmp_path: Path) -> None:
    answer = callboard("reconcile", "--data", tmp_path)
    assert answer.returncode == 2
    assert "--data" in answer.stderr
    assert not list(tmp_path.iterdir())
