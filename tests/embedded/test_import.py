"""`callboard import`: a mailbox file goes in once, however often it is tried."""

import mailbox
import shutil
from pathlib import Path

import pytest
from embedded.source import open_source
from embedded_tests import MAILS, callboard, started

SOME = ("00000.eml", "00001.eml", "00010.eml")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "mails/deeper").mkdir(parents=True)
    for name in SOME:
        shutil.copy(MAILS / name, tmp_path / "mails/deeper" / name)
    return tmp_path / "mails"


@pytest.fixture
def mbox(tmp_path: Path) -> Path:
    path = tmp_path / "mails.mbox"
    box = mailbox.mbox(path)
    for name in SOME:
        box.add(mailbox.mboxMessage((MAILS / name).read_bytes().replace(b"\r\n", b"\n")))
    box.add(b"From: a@b.example\nSubject: x\n\nFrom here on\n")
    box.close()
    return path


def test_a_folder_a_maildir_and_one_mail_give_the_bytes_as_they_are(folder: Path, tmp_path: Path) -> None:
    raw = [(MAILS / name).read_bytes() for name in SOME]
    assert [each for _, each in open_source(folder).mails] == raw
    for name in ("new", "cur", "tmp"):
        (tmp_path / "Maildir" / name).mkdir(parents=True)
    for name, place in zip(SOME, ("new", "cur", "new"), strict=True):
        shutil.copy(MAILS / name, tmp_path / "Maildir" / place / name)
    source = open_source(tmp_path / "Maildir")
    assert (source.kind, source.total) == ("Maildir", 3)
    assert [each for _, each in source.mails] == raw
    assert [each for _, each in open_source(MAILS / "00003.eml").mails] == [
        (MAILS / "00003.eml").read_bytes()
    ]


def test_an_mbox_gives_its_mails_unescaped(mbox: Path) -> None:
    source = open_source(mbox)
    assert (source.kind, source.total) == ("mbox", 4)
    *_, last = [raw for _, raw in source.mails]
    assert last.endswith(b"\nFrom here on\n")
    assert b">From" not in last


def test_it_goes_in_once_and_through_the_whole_job(tmp_path: Path, mbox: Path) -> None:
    data = tmp_path / "data"
    with started(data):
        pass
    first = callboard("import", mbox, "--data", data)
    assert first.returncode == 0, first.stderr
    assert "4 mails: 4 new, 0 known already" in first.stdout
    assert "4 mails: 0 new, 4 known already" in callboard("import", mbox, "--data", data).stdout
    with started(data) as running:
        running.until(lambda: all(m["outcome"] for m in running.read("/v1/mails")["items"]), 90)
        outcomes = {mail["outcome"] for mail in running.read("/v1/mails")["items"]}
        assert outcomes == {"processed", "duplicate", "unable"}


def test_it_goes_to_another_callboard_over_http(tmp_path: Path, folder: Path) -> None:
    with started(tmp_path / "data") as running:
        url = ("--url", running.url)
        token = running.http.headers["authorization"].removeprefix("Bearer ")
        for found in ("3 new", "0 new"):
            answer = callboard("import", folder, *url, CALLBOARD_TOKEN=token)
            assert answer.returncode == 0, answer.stderr
            assert found in answer.stdout
        assert len(running.read("/v1/mails")["items"]) == 3
        refused = callboard("import", folder, *url, CALLBOARD_TOKEN="nonsense")
        assert refused.returncode == 2
        assert "401" in refused.stderr
        unknown = callboard("import", folder, *url, "--mailbox", "none", CALLBOARD_TOKEN=token)
        assert unknown.returncode == 2
        assert "Maildir" in unknown.stderr


def test_what_cannot_be_imported_is_told(tmp_path: Path, finished: Path) -> None:
    (tmp_path / "empty").mkdir()
    for arguments in ((tmp_path / "missing",), (tmp_path / "empty",), (MAILS, "--data", tmp_path / "none")):
        answer = callboard("import", *arguments)
        assert answer.returncode == 2
        assert answer.stderr
        assert "Traceback" not in answer.stderr


@pytest.mark.parametrize(
    "text", [b"# Callboard\n\nThe open back office\n", b"", b"\x00\x01", b"{}\n", b"a: b\n\nc"]
)
def test_what_is_no_mail_is_not_put_into_the_log(tmp_path: Path, text: bytes) -> None:
    file = tmp_path / "README.md"
    file.write_bytes(text)
    with pytest.raises(ValueError, match="is no mail"):
        open_source(file)
