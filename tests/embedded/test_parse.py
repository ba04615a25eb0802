"""`callboard parse`: one JSON object a mail, whatever the mail is."""

import json
import os
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest
from embedded import guard, samples
from embedded.guard import GuardedReader
from embedded_tests import MAILS, callboard
from mail_ingest.verdict import Rules

OPTIONS = (
    *("--authserv-id", "mx.contractor.example"),
    *("--trusted-sender", samples.SENDER),
    *("--own-address", "office@contractor.example"),
    *("--vendor-id", "900001"),
)
RULES = Rules(partner="ahs", trusted_senders=(samples.SENDER,))
MAIL = b"From: noreply@msg.frontdoor.com\r\nSubject: x\r\n\r\nhello\r\n"
AMOUNTS = ("amount", "paid", "open")


def same(mine: dict[str, Any], theirs: dict[str, Any]) -> bool:
    """As the samples say how to compare: amounts by value, phones as a set, every promised note."""
    fees = [
        [None if fee[name] is None else float(fee[name]) for name in AMOUNTS]
        for fee in (mine["fee"], theirs["fee"])
    ]
    phones = [{(phone["type"], phone["number"]) for phone in each["phones"]} for each in (mine, theirs)]
    notes = " ".join(" ".join(mine["notes"]).split())
    rest = set(theirs) - {"fee", "phones", "notes"}
    return (
        fees[0] == fees[1]
        and phones[0] == phones[1]
        and all(" ".join(note.split()) in notes for note in theirs["notes"])
        and all(mine[name] == theirs[name] for name in rest)
    )


def test_each_sample_gets_its_answer_in_order() -> None:
    answers = samples.answers()
    files = [str(MAILS / answer["file"]) for answer in answers]
    answer = callboard("parse", *OPTIONS, *files)
    assert answer.returncode == 0, answer.stderr
    assert answer.stderr == ""
    lines = [json.loads(line) for line in answer.stdout.splitlines()]
    assert [line["file"] for line in lines] == files
    for line, right in zip(lines, answers, strict=True):
        assert set(line) == {"file", "outcome", "reason", "dispatch"}
        assert line["outcome"] in right["allowed"], (line["file"], line["reason"])
        assert line["reason"]
        if right["outcome"] in ("processed", "updated"):
            assert same(line["dispatch"], right["dispatch"]), line["file"]
        if line["outcome"] in ("unable", "duplicate", "ignored"):
            assert line["dispatch"] is None


def test_the_bundled_samples_are_those_of_the_tests() -> None:
    for name, raw in samples.mails():
        assert (MAILS / name).read_bytes() == raw


def test_a_file_that_cannot_be_read_is_an_error_after_the_others(tmp_path: Path) -> None:
    (tmp_path / "garbage.eml").write_bytes(os.urandom(5000))
    answer = callboard("parse", tmp_path / "missing.eml", tmp_path, tmp_path / "garbage.eml")
    assert answer.returncode == 2
    (line,) = answer.stdout.splitlines()
    assert json.loads(line)["outcome"] == "unable"
    assert "missing.eml: No such file" in answer.stderr
    assert "Is a directory" in answer.stderr


def test_an_endless_file_is_read_up_to_the_limit() -> None:
    answer = callboard("parse", "/dev/zero")
    assert answer.returncode == 0
    assert json.loads(answer.stdout)["outcome"] == "unable"


def test_it_needs_neither_web_nor_database() -> None:
    command = [sys.executable, "-X", "importtime", "-m", "embedded", "parse", str(MAILS / "00000.eml")]
    answer = subprocess.run(command, capture_output=True, text=True, check=True)
    imported = {line.rpartition("|")[2].strip() for line in answer.stderr.splitlines()}
    assert "mail_ingest.verdict" in imported
    assert not imported & {"fastapi", "sqlalchemy", "uvicorn", "alembic", "structlog", "anyio"}


def test_a_mail_that_never_ends_is_stopped_and_the_next_is_read(monkeypatch: pytest.MonkeyPatch) -> None:
    read = guard.read
    monkeypatch.setattr(
        guard, "read", lambda raw, *a, **k: time.sleep(60) if raw == b"slow" else read(raw, *a, **k)
    )
    started = time.monotonic()
    with GuardedReader(RULES, seconds=0.5) as reader:
        slow = reader.read(b"slow", 4)
        assert (slow.kind, slow.code) == ("unable", "too_slow")
        assert reader.read(MAIL, len(MAIL)).code == "no_xml"
    assert time.monotonic() - started < 10


def test_a_mail_that_takes_all_memory_is_stopped(monkeypatch: pytest.MonkeyPatch) -> None:
    read = guard.read
    monkeypatch.setattr(
        guard, "read", lambda raw, *a, **k: bytearray(10**9) if raw == b"big" else read(raw, *a, **k)
    )
    with GuardedReader(RULES, megabytes=100) as reader:
        assert (reader.read(b"big", 3).kind, reader.read(b"big", 3).code) == ("unable", "too_large")
        assert reader.read(MAIL, len(MAIL)).code == "no_xml"


def test_a_mail_that_kills_its_reader_is_unable(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(guard, "read", lambda *a, **k: os._exit(9))
    with GuardedReader(RULES) as reader:
        assert [reader.read(MAIL, 1).kind for _ in range(2)] == ["unable", "unable"]


def test_without_a_trusted_sender_it_shows_what_is_in_the_mail_and_that_trust_was_not_asked() -> None:
    file = str(MAILS / "00000.eml")
    line = json.loads(callboard("parse", file).stdout)
    assert (line["outcome"], line["dispatch"]["partner_dispatch_id"]) == ("processed", "4388309")
    assert "not checked" in line["trust"]
    asked = json.loads(callboard("parse", "--trusted-sender", "somebody.example", file).stdout)
    assert (asked["outcome"], asked["dispatch"]) == ("unable", None)
    assert "trust" not in asked
