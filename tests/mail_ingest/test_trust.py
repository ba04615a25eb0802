"""Whom the reader believes."""

from dataclasses import replace

import pytest
from letters import CHECKED, DOCUMENT, FROM, RECEIVED, RULES, headed
from mail_ingest import trust, verdict
from mail_ingest.parsing import headers

XML = DOCUMENT.encode()
OURS = f"Authentication-Results: {CHECKED}"
FAILED = OURS.replace("dmarc=pass", "dmarc=fail")
ARRIVED = f"Received: {RECEIVED}"
SENT = (f"From: {FROM}", "Content-Type: text/xml")


def mail(*lines: str) -> bytes:
    return "\r\n".join(lines).encode() + b"\r\n\r\n" + XML


TRUSTED = {
    "as sent": mail(OURS, ARRIVED, *SENT),
    "upper case and blanks": mail(
        "AUTHENTICATION-RESULTS:  MX.Contractor.EXAMPLE 1 ;\r\n\tdmarc = PASS (a (b) \\) c)"
        ' reason="; dmarc=fail"\r\n header.from = MSG.Frontdoor.COM',
        ARRIVED,
        *SENT,
    ),
    "version of the method": mail(OURS.replace("dmarc=", "dmarc/1="), ARRIVED, *SENT),
    "another server's result above ours": mail(
        "Authentication-Results: mx.isp.example; dmarc=fail", OURS, ARRIVED, *SENT
    ),
    "delivered inside the house": mail(
        "Received: from mx.contractor.example by mx.contractor.example with LMTP id 9",
        "Received: by store.contractor.example (Postfix, from userid 100) id 8",
        "Received: from mx.contractor.example (mx [10.0.0.1]) by store.contractor.example with ESMTP id 7",
        OURS,
        ARRIVED,
        *SENT,
    ),
    "quoted local part": mail(OURS, ARRIVED, 'From: "x" <"noreply"@msg.frontdoor.com> (c)', SENT[1]),
    "bare address": mail(OURS, ARRIVED, "From: NoReply@MSG.frontdoor.com", SENT[1]),
    "a fail inside a comment": mail(OURS.replace("(p=reject)", "(dmarc=fail)"), ARRIVED, *SENT),
}


@pytest.mark.parametrize("raw", TRUSTED.values(), ids=TRUSTED.keys())
def test_trusted(raw: bytes) -> None:
    assert verdict.read(raw, RULES).kind == "dispatch"


FORGED = {
    "no result": mail(ARRIVED, *SENT),
    "failed": mail(FAILED, ARRIVED, *SENT),
    "failed above a forged pass": mail(FAILED, ARRIVED, OURS, *SENT),
    "failed above another pass": mail(FAILED, OURS, ARRIVED, *SENT),
    "written by the sender": mail(ARRIVED, OURS, *SENT),
    "written by the sender, deeper": mail(
        ARRIVED, "Received: from a by mx.contractor.example with SMTP", OURS, *SENT
    ),
    "below a foreign Received": mail("Received: from x by relay.evil.example with SMTP", OURS, *SENT),
    "inside hop forged by its greeting": mail(
        "Received: from mx.contractor.example (evil [6.6.6.6]) by mx.contractor.example with ESMTP",
        OURS,
        *SENT,
    ),
    "another server": mail(OURS.replace("mx.contractor.example", "mx.evil.example"), ARRIVED, *SENT),
    "look-alike before": mail(OURS.replace("mx.contr", "xmx.contr"), ARRIVED, *SENT),
    "look-alike after": mail(OURS.replace(".example;", ".example.evil.test;"), ARRIVED, *SENT),
    "look-alike word": mail(OURS.replace(".example;", ".example evil;"), ARRIVED, *SENT),
    "look-alike letter": mail(OURS.replace("contractor", "c\u043entractor"), ARRIVED, *SENT),
    "pass for another domain": mail(OURS.replace("header.from=msg", "header.from=evil.msg"), ARRIVED, *SENT),
    "pass for nobody": mail(OURS.replace("header.from=msg.frontdoor.com", ""), ARRIVED, *SENT),
    "pass and fail": mail(OURS + "; dmarc=fail header.from=msg.frontdoor.com", ARRIVED, *SENT),
    "pass in a comment": mail(OURS.replace("dmarc=pass", "dmarc=none (dmarc=pass"), ARRIVED, *SENT),
    "pass in a quoted reason": mail(
        OURS.replace("spf=pass;", 'spf=pass reason="x;').replace("(p=reject)", "") + '"',
        ARRIVED,
        *SENT,
    ),
    "only spf": mail(
        "Authentication-Results: mx.contractor.example; spf=pass smtp.mailfrom=msg.frontdoor.com",
        ARRIVED,
        *SENT,
    ),
    "ARC instead": mail("ARC-" + OURS, ARRIVED, *SENT),
    "display name": mail(OURS, ARRIVED, 'From: "noreply@msg.frontdoor.com" <x@evil.example>', SENT[1]),
    "encoded display name": mail(
        OURS, ARRIVED, "From: =?utf-8?q?noreply=40msg=2Efrontdoor=2Ecom=3E?= <x@evil.example>", SENT[1]
    ),
    "two From fields": mail(OURS, ARRIVED, "From: x@evil.example", *SENT),
    "two From fields, the other way": mail(OURS, ARRIVED, *SENT, "from : x@evil.example"),
    "two addresses": mail(OURS, ARRIVED, f"From: {FROM}, x@evil.example", SENT[1]),
    "two angles": mail(OURS, ARRIVED, f"From: {FROM} <x@evil.example>", SENT[1]),
    "a group": mail(OURS, ARRIVED, f"From: friends: {FROM};", SENT[1]),
    "an empty group": mail(OURS, ARRIVED, "From: undisclosed:;", SENT[1]),
    "a route": mail(OURS, ARRIVED, "From: <@evil.example:noreply@msg.frontdoor.com>", SENT[1]),
    "a NUL": mail(OURS, ARRIVED, "From: noreply@msg.frontdoor.com\0@evil.example", SENT[1]),
    "a subdomain": mail(OURS, ARRIVED, "From: noreply@x.msg.frontdoor.com", SENT[1]),
    "another mailbox of the domain": mail(OURS, ARRIVED, "From: billing@msg.frontdoor.com", SENT[1]),
    "no From": mail(OURS, ARRIVED, SENT[1]),
    "a From after a line that is no field": mail(OURS, ARRIVED, "no field", *SENT),
    "Sender only": mail(OURS, ARRIVED, "Sender: noreply@msg.frontdoor.com", "From: x@evil.example", SENT[1]),
}


@pytest.mark.parametrize("raw", FORGED.values(), ids=FORGED.keys())
def test_forged(raw: bytes) -> None:
    found = verdict.read(raw, RULES)
    assert (found.kind, found.code, found.content) == ("unable", "untrusted", None), found.reason


def test_a_whole_domain_may_be_trusted_but_not_its_children() -> None:
    rules = replace(RULES, trusted_senders=("@msg.frontdoor.com",))
    assert verdict.read(TRUSTED["as sent"], rules).kind == "dispatch"
    assert verdict.read(FORGED["a subdomain"], rules).code == "untrusted"


def test_a_server_that_writes_below_its_received_line_can_be_set() -> None:
    rules = replace(RULES, results_below_received=True)
    hop = "Received: by mx2.contractor.example with SMTP"
    assert verdict.read(mail(hop, ARRIVED, OURS, *SENT), rules).kind == "dispatch"
    foreign = "Received: from a by out.msg.frontdoor.com"
    assert verdict.read(mail(ARRIVED, foreign, OURS, *SENT), rules).code == "untrusted"
    other = "Received: from a by evilcontractor.example"
    assert verdict.read(mail(ARRIVED, other, OURS, *SENT), rules).code == "untrusted"


@pytest.mark.parametrize(
    ("value", "address"),
    [
        ("a@b.example", "a@b.example"),
        ("(c) A (d) <a@b.example> (e (f))", "a@b.example"),
        ('"Frontdoor, Inc. <x@y>" <a@b.example>', "a@b.example"),
        ("<a@b.example", None),
        ("a b@c.example", None),
        ("a@b@c.example", None),
        ('a@b.example "', None),
        ("", None),
    ],
)
def test_the_sender_is_one_address_or_nobody(value: str, address: str | None) -> None:
    assert trust.sender([("from", value.encode())]) == address


def test_a_long_from_is_nobody() -> None:
    fields, _ = headers.read(headed(b"", sender="<" * 100_000 + "a@b.example>"))
    assert trust.sender(fields) is None
