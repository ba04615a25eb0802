"""What nobody may answer: our own mails come back, what answers or returns them, and automatic mails. A
trusted mail that holds a dispatch is none of these, whatever a server wrote into its header."""

import quopri
from base64 import encodebytes
from dataclasses import replace

import pytest
from letters import DOCUMENT, RULES, headed, letter, mixed, part
from mail_ingest import forward, verdict

XML = DOCUMENT.encode()
OFFICE = "error@contractor.example"
BOX = replace(RULES, office_addresses=(OFFICE, "done@contractor.example"))
SHA = "5c" * 32
OURS = f"<unable.{SHA}@contractor.example>"
PARTS = "Content-Type: multipart/mixed; boundary=b1"

ON_THE_WAY = [
    "Return-Path: <>",
    "Return-Path: < >",
    "Return-Path: <bounces@msg.frontdoor.com>",
    "Auto-Submitted: auto-replied",
    "Auto-Submitted: auto-generated",
    "Auto-Submitted: auto-notified",
    "Auto-Submitted: auto-forwarded",
    "Precedence: auto_reply",
    "Precedence: bulk",
    "Precedence: junk",
    "Precedence: list",
    "X-Autoreply: yes",
    "X-Autorespond: yes",
    "X-Auto-Response-Suppress: All",
    "X-Failed-Recipients: office@contractor.example",
    "X-Loop: office@contractor.example",
    "X-Loop: mx.contractor.example",
    "List-Id: <dispatches.msg.frontdoor.com>",
    "List-Unsubscribe: <mailto:no@msg.frontdoor.com>",
    "Feedback-ID: 1:2:3:frontdoor",
    "X-MS-Exchange-Generated-Message-Source: Mailbox Rules Agent",
]


@pytest.mark.parametrize("field", ON_THE_WAY)
@pytest.mark.parametrize("where", ["behind", "on top"])
def test_a_trusted_dispatch_is_taken_whatever_a_server_wrote(field: str, where: str) -> None:
    raw = headed(mixed(part(XML)), field, PARTS)
    if where == "on top":
        raw = field.encode() + b"\r\n" + headed(mixed(part(XML)), PARTS)
    found = verdict.read(raw, BOX)
    assert (found.kind, found.reason) == ("dispatch", "")
    assert found.content is not None
    assert found.content.number == "40000001"


def test_a_dispatch_within_a_report_is_taken() -> None:
    report = "Content-Type: multipart/report; boundary=b1"
    assert verdict.read(headed(mixed(part(XML)), report, "Return-Path: <>"), BOX).kind == "dispatch"


@pytest.mark.parametrize("field", ON_THE_WAY)
@pytest.mark.parametrize(
    ("code", "body", "named"),
    [
        ("malformed", mixed(part(XML[:-30])), {}),
        ("no_number", mixed(part(XML.replace(b"40000001", b""))), {}),
        ("untrusted", mixed(part(XML)), {"checked": None}),
        ("not_for_us", mixed(part(XML.replace(b'Vendor Id="900001"', b'Vendor Id="900002"'))), {}),
    ],
)
def test_a_dispatch_that_cannot_be_taken_is_shown_and_not_ignored(
    field: str, code: str, body: bytes, named: dict[str, None]
) -> None:
    found = verdict.read(headed(body, field, PARTS, **named), BOX)  # type: ignore[arg-type]
    assert (found.kind, found.code) == ("unable", code)


def test_a_notice_that_names_a_dispatch_is_heard_although_it_came_without_a_return_path() -> None:
    notice = headed(b"CIL accepted for dispatch 40000001.", "Return-Path: <>")
    found = verdict.read(notice, BOX)
    assert (found.kind, found.code, found.mentions) == ("unable", "no_xml", ("40000001",))
    assert verdict.read(headed(b"Hello.", "Return-Path: <>"), BOX).kind == "ignored"


IGNORED = {
    "own_forward": headed(XML, "Auto-Submitted: auto-forwarded", sender="Office <Office@contractor.example>"),
    "own_forward mark": headed(XML, "X-Callboard-Loop: office@elsewhere.example"),
    "own_forward x-loop": headed(b"", "X-Loop: office@contractor.example"),
    "own_forward x-loop and document": headed(
        XML, "X-Loop: office@contractor.example", sender="office@contractor.example"
    ),
    "own_forward without its mark": headed(XML, f"Message-ID: {OURS}"),
    "bounce": headed(b"", "Return-Path: <>"),
    "bounce report": headed(b"", 'Content-Type: multipart/report; boundary="b1"'),
    "bounce daemon": headed(b"", sender="Mail Delivery <MAILER-DAEMON@mx.example>"),
    "bounce daemon of a number": headed(b"", sender="mailer-daemon-7@mx.example"),
    "bounce daemon without a domain": headed(b"", sender="MAILER-DAEMON (Mail Delivery System)"),
    "bounce postmaster": headed(b"Your mail could not be delivered.", sender="postmaster@contractor.example"),
    "bounce failed": headed(b"", "X-Failed-Recipients: error@contractor.example"),
    "auto_reply": headed(b"", "Auto-Submitted: auto-replied (vacation)"),
    "auto_reply old": headed(b"", "Precedence: auto_reply"),
    "auto_reply x": headed(b"I am away.", "X-Autoreply: yes", "Precedence: bulk", sender="a@b.example"),
    "auto_reply of the office": headed(b"I am away.", "Auto-Submitted: auto-generated", sender=OFFICE),
    "auto_reply of the office by Exchange": headed(b"", "X-Auto-Response-Suppress: All", sender=OFFICE),
    "answer to the office's copy": headed(b"I am away.", sender=OFFICE).replace(
        b"New Dispatch", b"Automatic reply: Unable to process New Dispatch"
    ),
}


@pytest.mark.parametrize(("name", "raw"), IGNORED.items(), ids=IGNORED.keys())
def test_what_must_not_be_answered_is_ignored(name: str, raw: bytes) -> None:
    found = verdict.read(raw, BOX)
    assert (found.kind, found.code) == ("ignored", name.split()[0])


NOT_IGNORED = {
    "a stranger's notice": headed(b"Hello", "Auto-Submitted: auto-generated", sender="a@b.example"),
    "a person of the office": headed(b"Please look at this one.", sender=OFFICE),
    "somebody called postmasters": headed(b"Hello", sender="postmasters@b.example"),
    "x-autoreply: no": headed(b"Hello", "X-Autoreply: no", sender="a@b.example"),
    "another's Message-ID": headed(b"Hello", "In-Reply-To: <1.2@b.example>", sender="a@b.example"),
}


@pytest.mark.parametrize("raw", NOT_IGNORED.values(), ids=NOT_IGNORED.keys())
def test_what_only_resembles_them_is_forwarded(raw: bytes) -> None:
    assert verdict.read(raw, BOX).code == "untrusted"


def our_forward(kind: forward.Kind = "unable") -> bytes:
    """As it left us; without In-Reply-To or References, its Message-ID is in what returns it."""
    sent, _ = forward.compose(
        letter(part(XML)),
        kind,
        to=OFFICE,
        sender_name="Office",
        sender_address="office@contractor.example",
        subject="New Dispatch",
        reason="untrusted",
        code="untrusted",
        outcome="unable",
        sha256=SHA,
    )
    return sent


SENT = our_forward()
HEAD = SENT.partition(b"\r\n\r\n")[0]
ONLY_ID = b"Message-ID: " + OURS.encode()
SAID = b"Delivery to error@contractor.example failed.\r\n\r\n"
TEXT = b"Content-Type: text/plain\r\nContent-Transfer-Encoding: "
ABOUT_OURS = {
    "In-Reply-To": headed(b"I am away.", f"In-Reply-To: {OURS}"),
    "In-Reply-To of a processed one": headed(b"Ok.", f"In-Reply-To: <processed.{SHA}@contractor.example>"),
    "References among others": headed(b"I am away.", f"References: <a@b.example>\r\n\t{OURS.upper()}"),
    "a person who answers with the document": letter(part(XML), checked=None).replace(
        b"Subject:", f"In-Reply-To: {OURS}\r\nSubject:".encode()
    ),
    "header in the text": headed(SAID + HEAD, sender="abuse@mx.example"),
    "Message-ID alone in the text": headed(SAID + ONLY_ID, sender="abuse@mx.example"),
    "header as base64": headed(
        mixed(TEXT + b"base64\r\n\r\n" + encodebytes(SAID + ONLY_ID)), PARTS, sender="abuse@mx.example"
    ),
    "header quoted-printable": headed(
        mixed(TEXT + b"quoted-printable\r\n\r\n" + quopri.encodestring(SAID + b"x" * 40 + ONLY_ID)),
        PARTS,
        sender="abuse@mx.example",
    ),
    "whole mail enclosed": headed(
        mixed(b"Content-Type: message/rfc822\r\n\r\n" + SENT), PARTS, sender="abuse@mx.example"
    ),
    "whole mail enclosed as base64": headed(
        mixed(
            b"Content-Type: message/rfc822\r\nContent-Transfer-Encoding: base64\r\n\r\n" + encodebytes(SENT)
        ),
        PARTS,
        sender="abuse@mx.example",
    ),
    "headers enclosed": headed(
        mixed(b"Content-Type: text/rfc822-headers\r\n\r\n" + HEAD), PARTS, sender="abuse@mx.example"
    ),
}


@pytest.mark.parametrize("raw", ABOUT_OURS.values(), ids=ABOUT_OURS.keys())
@pytest.mark.parametrize("rules", [BOX, replace(BOX, own_addresses=(), office_addresses=())])
def test_what_answers_or_returns_one_of_our_own_is_known_by_our_message_id(
    raw: bytes, rules: verdict.Rules
) -> None:
    found = verdict.read(raw, rules)
    assert (found.kind, found.code) in (("ignored", "answer"), ("ignored", "bounce"))


def test_the_company_may_answer_ours_with_a_dispatch() -> None:
    raw = letter(part(XML)).replace(b"Subject:", f"In-Reply-To: {OURS}\r\nSubject:".encode())
    assert verdict.read(raw, BOX).kind == "dispatch"


def test_a_mail_of_our_own_that_is_no_forward_is_not_ignored() -> None:
    assert verdict.read(headed(XML, sender="office@contractor.example"), BOX).code == "untrusted"


def test_an_own_forward_is_ignored_however_large_it_is() -> None:
    assert verdict.read(SENT, replace(BOX, max_bytes=10)).kind == "ignored"


def test_a_large_dispatch_with_marks_is_shown_and_not_ignored() -> None:
    raw = headed(mixed(part(XML)), PARTS, "Return-Path: <>")
    assert verdict.read(raw, replace(BOX, max_bytes=10)).code == "oversize"
