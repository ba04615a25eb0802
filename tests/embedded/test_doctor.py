"""`callboard doctor`: what is wrong is named, with what to do."""

import json
import os
import shutil
import sqlite3
from collections.abc import Callable
from pathlib import Path

import pytest
from embedded.doctor import doctor
from embedded_tests import callboard, started


def _readable_key(data: Path) -> None:
    (data / "secret.key").chmod(0o644)


def _short_key(data: Path) -> None:
    (data / "secret.key").write_text("c2hvcnQ=")


def _no_key(data: Path) -> None:
    (data / "secret.key").unlink()


def _no_mailbox(data: Path) -> None:
    _run(data, "mail-ingest", "UPDATE mailbox SET path='/nowhere'")


def _old_database(data: Path) -> None:
    _run(data, "dispatch", "UPDATE alembic_version SET version_num='0000'")


def _future(data: Path) -> None:
    _run(data, "mail-ingest", "UPDATE mail SET received_at='2099-01-01 00:00:00'")


def _no_outgoing(data: Path) -> None:
    shutil.rmtree(data / "outgoing")
    (data / "outgoing").write_text("not a folder")


def _unknown_partner(data: Path) -> None:
    _run(data, "dispatch", "UPDATE partner_account SET url='http://127.0.0.1:9/elsewhere'")


def _run(data: Path, service: str, statement: str) -> None:
    with sqlite3.connect(data / f"{service}.db") as database:
        database.execute(statement)
    database.close()


def test_a_healthy_one_is_well_running_or_not(copied: Path) -> None:
    stopped = callboard("doctor", "--data", copied)
    assert stopped.returncode == 0, stopped.stdout
    with started(copied):
        running = callboard("doctor", "--data", copied, "--json")
        assert running.returncode == 0, running.stdout
        assert "runs on it" in running.stdout


@pytest.mark.parametrize(
    ("break_it", "what"),
    [
        (_readable_key, "secret key"),
        (_short_key, "secret key"),
        (_no_key, "secret key"),
        (_no_mailbox, "mailbox"),
        (_old_database, "database of dispatch"),
        (_future, "clock"),
        (_no_outgoing, "outgoing mail"),
        (_unknown_partner, "partner"),
    ],
)
def test_what_is_broken_is_named(
    copied: Path,
    break_it: Callable[[Path], None],
    what: str,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("embedded.doctor.configure_logging", lambda _level: None)  # it is the process's
    break_it(copied)
    assert doctor(copied, {}, "", as_json=True) == 1
    sick = [finding for finding in json.loads(capsys.readouterr().out)["findings"] if finding["mend"]]
    assert [finding["what"] for finding in sick if finding["what"].startswith(what)], sick


def test_a_changed_key_is_named(copied: Path) -> None:
    """The partner's password was sealed with the key of before."""
    key = {"CALLBOARD_SECRET_KEY": "QUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUE="}
    answer = callboard("doctor", "--data", copied, **key)
    assert answer.returncode == 1
    assert "CALLBOARD_OLD_SECRET_KEYS" in answer.stdout


def test_a_mail_server_that_is_away_is_named(copied: Path) -> None:
    smtp = {"CALLBOARD_SMTP_HOST": "127.0.0.1", "CALLBOARD_SMTP_PORT": "9", "CALLBOARD_SMTP_SECURITY": "none"}
    answer = callboard("doctor", "--data", copied, **smtp)
    assert answer.returncode == 1
    assert "127.0.0.1:9 takes nothing" in answer.stdout


def test_a_folder_without_a_callboard_is_left_alone(tmp_path: Path) -> None:
    answer = callboard("doctor", "--data", tmp_path / "none")
    assert answer.returncode == 1
    assert "callboard run" in answer.stdout
    assert not os.path.exists(tmp_path / "none")
