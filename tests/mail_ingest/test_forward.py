"""The mail that goes on to the office."""

import email
import re
from email import policy
from email.header import decode_header, make_header
from email.message import EmailMessage
from hashlib import sha256
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from letters import DOCUMENT, RULES, letter, part
from mail_ingest import verdict
from mail_ingest.forward import Kind, compose

RAW = letter(part(DOCUMENT.encode()))
MAILS = sorted((Path(__file__).parent / "mails").glob("*.eml"))


def forward(raw: bytes = RAW, kind: Kind = "processed", **changed: str) -> tuple[bytes, str]:
    named = {
        "to": "done@contractor.example",
        "sender_name": "Callboard",
        "sender_address": "office@contractor.example",
        "subject": "New Dispatch",
        "reason": "Dispatch 40000001 is new.",
        "code": "",
        "outcome": kind,
        "sha256": sha256(raw).hexdigest(),
    }
    return compose(raw, kind, **{**named, **changed})


def parsed(message: bytes) -> EmailMessage:
    return email.message_from_bytes(message, policy=policy.default)  # type: ignore[return-value]


def original(message: bytes) -> bytes:
    _note, attached = parsed(message).iter_parts()
    assert attached.get_filename() == "original.eml"
    content = attached.get_payload(decode=True)
    assert isinstance(content, bytes)
    return content


@pytest.mark.parametrize(
    "raw", [*(path.read_bytes() for path in MAILS), b"", b"\0\r\r\n\n. \n.\n", b"\xff" * 5000]
)
def test_the_original_comes_out_byte_for_byte(raw: bytes) -> None:
    assert original(forward(raw)[0]) == raw


def test_what_the_office_sees() -> None:
    message, message_id = forward(
        kind="unable", code="no_xml", reason="Es fehlt – alles.", subject="Añejo " * 30
    )
    found = parsed(message)
    assert found["Subject"] == "Unable to process " + ("Añejo " * 30).strip()
    assert found["From"] == "Callboard <office@contractor.example>"
    assert found["To"] == "done@contractor.example"
    assert found["Auto-Submitted"] == "auto-forwarded"
    assert found["X-Callboard-Loop"] == "office@contractor.example"
    assert found["X-Callboard-Code"] == "no_xml"
    assert found["X-Callboard-Outcome"] == "unable"
    assert str(make_header(decode_header(found["X-Callboard-Reason"]))) == "Es fehlt – alles."
    assert found["X-Callboard-Original-SHA256"] == sha256(RAW).hexdigest()
    assert found["Message-ID"] == message_id
    note = next(found.iter_parts()).get_content()
    assert "Es fehlt – alles." in note
    assert note.startswith("Unable to process Añejo")


def test_the_message_id_tells_repeats_from_others() -> None:
    assert forward()[1] == forward(subject="Other", reason="Else.")[1]
    assert forward()[1] != forward(kind="unable")[1]
    assert forward()[1] != forward(raw=RAW + b"x")[1]


def test_a_forward_that_comes_back_is_ignored() -> None:
    message, _ = forward()
    assert verdict.read(message, RULES).code == "own_forward"
    unmarked = re.sub(rb"X-Callboard-Loop:.*\r\n", b"", message)
    assert verdict.read(unmarked, RULES).code == "own_forward"


def test_an_address_that_is_not_ascii_is_refused_with_advice() -> None:
    with pytest.raises(ValueError, match="xn--"):
        forward(to="office@münchen.example")


TEXTS = st.text(max_size=300)


@given(TEXTS, TEXTS, TEXTS)
def test_nothing_in_it_can_add_a_field_or_break_a_line(subject: str, reason: str, name: str) -> None:
    message, _ = forward(b"x", subject=subject, reason=reason, sender_name=name, code=subject, outcome=reason)
    head, _, _ = message.partition(b"\r\n\r\n")
    lines = head.split(b"\r\n")
    assert all(len(line) <= 998 and line.isascii() for line in lines)
    assert not any(b"\n" in line or b"\r" in line or b"\0" in line for line in lines)
    fields = [line.partition(b":")[0] for line in lines if not line.startswith(b" ")]
    assert len(fields) == len(set(fields))
    assert set(fields) <= {
        b"From", b"To", b"Subject", b"Date", b"Message-ID", b"Auto-Submitted", b"X-Auto-Response-Suppress",
        b"X-Callboard-Loop", b"X-Callboard-Outcome", b"X-Callboard-Code", b"X-Callboard-Reason",
        b"X-Callboard-Original-SHA256", b"MIME-Version", b"Content-Type",
    }  # fmt: skip
    assert original(message) == b"x"
