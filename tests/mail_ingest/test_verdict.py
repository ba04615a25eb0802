"""What a mail may hold around its document, by the standards and beyond them."""

import pickle
import quopri
import zipfile
from base64 import b64encode, encodebytes
from dataclasses import replace
from io import BytesIO

import pytest
from letters import DOCUMENT, RULES, headed, letter, mixed, part, single
from mail_ingest import verdict
from mail_ingest.verdict import Verdict

XML = DOCUMENT.encode()
INNER = headed(mixed(part(XML), boundary="b2"), "Content-Type: multipart/mixed; boundary=b2")
BASE64 = b"Content-Type: text/xml\r\nContent-Transfer-Encoding: base64\r\n\r\n"
TEXT = part(b"You have a new dispatch.", "text/plain", "7bit")


def read(raw: bytes) -> Verdict:
    return verdict.read(raw, RULES)


def zipped(name: str, content: bytes) -> bytes:
    file = BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr(name, content)
    return file.getvalue()


TAKEN = {
    "plain": letter(TEXT, part(XML)),
    "alone": single(XML),
    "8bit": letter(TEXT, part(XML, encoding="8bit")),
    "quoted-printable": letter(part(quopri.encodestring(XML), encoding="Quoted-Printable")),
    "quoted-printable with blanks at line ends": letter(
        part(quopri.encodestring(XML).replace(b"=\n", b"= \t\r\n"), encoding="quoted-printable")
    ),
    "base64 with a comment": letter(part(XML).replace(b"base64", b"(really) base64 (yes)")),
    "base64 in one line": letter(BASE64 + b64encode(XML)),
    "base64 without padding": letter(part(XML + b" " * ((1 - len(XML)) % 3)).replace(b"==\r\n", b"\r\n")),
    "base64 with rubbish between": letter(BASE64 + encodebytes(XML).replace(b"\n", b"!\r\n\t*-")),
    "base64 that is none": letter(BASE64 + XML),
    "unknown encoding": letter(part(XML, encoding="none")),
    "no label": letter(TEXT, part(XML, "application/octet-stream")),
    "text": letter(TEXT, part(XML, "text/plain")),
    "html by name xml": letter(part(XML, 'text/html; name="a.XML"')),
    "wrong name": letter(part(XML, 'application/pdf; name="x.pdf"')),
    "vendor type": letter(part(XML, "application/vnd.dispatch+xml")),
    "no type": letter(b"Content-Transfer-Encoding: base64\r\n\r\n" + encodebytes(XML)),
    "broken type": letter(part(XML, "xml")),
    "name in pieces": letter(
        part(XML, "application/octet-stream").replace(
            b"\r\n\r\n",
            b"\r\nContent-Disposition: inline;\r\n filename*0*=utf-8''%C3%A4;\r\n filename*1=h.xml\r\n\r\n",
            1,
        )
    ),
    "boundary quoted and escaped": headed(
        mixed(part(XML), boundary="a; b'(c)"), 'Content-Type: multipart/mixed; (x) boundary="a; b\\\'(c)"'
    ),
    "never closed": headed(mixed(part(XML), closed=False), "Content-Type: multipart/mixed; boundary=b1"),
    "blanks after the boundary": letter(part(XML)).replace(b"--b1\r\n", b"--b1 \t\r\n"),
    "inner boundary begins alike": headed(
        mixed(
            b'Content-Type: multipart/alternative; boundary="b12"\r\n\r\n' + mixed(TEXT, boundary="b12"),
            part(XML),
        ),
        "Content-Type: multipart/mixed; boundary=b1",
    ),
    "preamble and epilogue": headed(
        b"This is MIME.\r\n" + mixed(part(XML)) + b"--b1x\r\nbye",
        "Content-Type: multipart/mixed; boundary=b1",
    ),
    "line feeds only": letter(TEXT, part(XML)).replace(b"\r\n", b"\n"),
    "from an mbox": b"From noreply@msg.frontdoor.com Mon Jan  5 2026\n" + letter(part(XML)),
    "twice the same": letter(part(XML), part(XML)),
    "twice the same, laid out otherwise": letter(part(XML), part(XML.replace(b"\n", b"\r\n  "), "text/xml")),
    "an XHTML body": letter(
        part(
            b'<?xml version="1.0"?><!DOCTYPE html><html><b>VendorDispatch</b></html>', "application/xhtml+xml"
        ),
        part(XML),
    ),
    "a drawing": letter(part(b"<svg/>", "image/svg+xml"), part(XML)),
    "a mail beside it": letter(b"Content-Type: message/rfc822\r\n\r\n" + INNER, part(XML)),
    "auto-generated": letter(part(XML)).replace(
        b"Subject:", b"Auto-Submitted: auto-generated\r\nPrecedence: bulk\r\nSubject:"
    ),
    "raw bytes and NUL in the header": letter(part(XML)).replace(
        b"New Dispatch", "Añejo \0".encode() + b"\xff"
    ),
    "namespace": single(XML.replace(b"<VendorDispatch", b'<VendorDispatch xmlns="urn:x"')),
    "prefix on the root only": single(
        XML.replace(b"<VendorDispatch", b'<v:VendorDispatch xmlns:v="urn:x"')
        .replace(b"</Vendor", b"</v:Vendor", 2)
        .replace(b"</v:Vendor>", b"</Vendor>")
    ),
}


@pytest.mark.parametrize("raw", TAKEN.values(), ids=TAKEN.keys())
def test_a_dispatch_is_taken_whatever_is_around_it(raw: bytes) -> None:
    found = read(raw)
    assert (found.kind, found.reason) == ("dispatch", "")
    assert found.content is not None
    assert found.content.number == "40000001"
    assert found.content.service_address.city == "CAÑON CITY"
    assert found.content.people[0].name == "JOSÉ O’NEIL"
    assert found.content.email == "pat@example.com"
    assert "\0" not in found.subject + found.sender


OTHER = XML.replace(b"Refrigerator", b"Oven")
REFUSED = {
    "no_xml": headed(b"Hello"),
    "no_xml zip": letter(TEXT, part(zipped("dispatch.xml", XML), "application/zip; name=dispatch.zip")),
    "no_xml tnef": letter(part(b"\x78\x9f\x3e\x22" + XML, "application/ms-tnef; name=winmail.dat")),
    "no_xml uuencode in the text": letter(
        part(b"begin 644 dispatch.xml\r\n" + b"M1234\r\n", "text/plain", "7bit")
    ),
    "no_xml s/mime": letter(part(b"\x30\x82" + XML, "application/pkcs7-mime; name=smime.p7m")),
    "nested": letter(TEXT, b"Content-Type: message/rfc822\r\n\r\n" + INNER),
    "nested in a digest": headed(mixed(b"\r\n" + INNER), "Content-Type: multipart/digest; boundary=b1"),
    "nested external": letter(
        b"Content-Type: message/external-body; access-type=URL; URL=http://127.0.0.1:9/d.xml\r\n\r\n"
    ),
    "mime_limits": headed(
        b"".join(
            b'--b%d\nContent-Type: multipart/mixed; boundary="b%d"\n\n' % (at, at + 1) for at in range(1, 25)
        ),
        "Content-Type: multipart/mixed; boundary=b1",
    ),
    "malformed uuencode": letter(part(b"begin 644 dispatch.xml\r\nM1234\r\n", encoding="x-uuencode")),
    "malformed": single(XML[:-20]),
    "malformed empty": letter(part(b"")),
    "malformed twice": single(XML + XML[XML.index(b"<Vendor") :]),
    "malformed NUL": single(XML.replace(b"Refrigerator", b"Refri\0gerator")),
    "malformed undeclared entity": single(XML.replace(b"Refrigerator", b"&x;")),
    "malformed number twice": single(XML.replace(b'Id="40000001"', b'Id="40000001" Id="40000001"')),
    "dtd": single(XML.replace(b"<VendorDispatch", b"<!DOCTYPE VendorDispatch><VendorDispatch", 1)),
    "dtd fetched": single(
        XML.replace(b"<VendorDispatch", b'<!DOCTYPE x SYSTEM "http://127.0.0.1:9/x.dtd"><VendorDispatch', 1)
    ),
    "dtd in UTF-16": single(
        DOCUMENT.replace("UTF-8", "UTF-16")
        .replace("<VendorD", '<!DOCTYPE x [<!ENTITY a "b">]><VendorD', 1)
        .encode("utf-16")
    ),
    "unknown_root": single(b"<Dispatch Id='40000001'/>"),
    "unknown_root wrapped": single(b"<All>" + XML[XML.index(b"<Vendor") :] + b"</All>"),
    "several_dispatches": single(
        XML.replace(b"</DispatchList>", b'</DispatchList><DispatchList Id="40000002"/>')
    ),
    "no_number": single(XML.replace(b'Id="40000001"', b"")),
    "no_number blank": single(XML.replace(b"40000001", b" &#9; ")),
    "no_number words": single(XML.replace(b"40000001", b"PENDING")),
    "no_number list": single(b"<VendorDispatch><Vendor/></VendorDispatch>"),
    "several_xml": letter(part(XML), part(OTHER)),
    "several_xml many": letter(*(part(XML + b" " * count) for count in range(9))),
    "unknown_root among others": letter(part(b"<survey/>", "text/xml"), part(b"<meta/>")),
    "not_for_us": single(XML.replace(b'Vendor Id="900001"', b'Vendor Id="900002"')),
    "encoding": single(XML.decode().encode("cp1252")),
}


@pytest.mark.parametrize(("name", "raw"), REFUSED.items(), ids=REFUSED.keys())
def test_what_cannot_be_stored_is_refused_with_a_reason(name: str, raw: bytes) -> None:
    found = read(raw)
    assert (found.kind, found.code) == ("unable", name.split()[0]), found.reason
    assert found.content is None
    assert found.reason.endswith(".")
    assert len(found.reason) > 30


def test_a_damaged_document_names_its_place() -> None:
    found = read(single(XML.replace(b"</ContractCustomer>", b"</ContractCustomar>")))
    assert found.place is not None
    assert found.place.line == 9
    assert "</ContractCustomar>" in found.place.excerpt


def test_oversize_is_judged_by_the_true_size_and_without_parsing() -> None:
    small = replace(RULES, max_bytes=1000)
    assert verdict.read(letter(part(XML)), small).code == "oversize"
    assert verdict.read(letter(part(XML))[:400], RULES, size=26 * 1024 * 1024).code == "oversize"


def test_another_type_of_cancellation_can_be_set() -> None:
    raw = single(XML.replace(b'"NORMAL"', b'"Cancelled by customer"'))
    assert read(raw).cancels
    assert not verdict.read(raw, replace(RULES, cancel_type="VOID")).cancels


def test_mails_without_a_document_name_their_dispatches() -> None:
    found = read(
        headed(b"Hello.<td>Dispatch</td><td>40000002</td>", "Content-Type: text/html").replace(
            b"Subject: New Dispatch", b"Subject: =?utf-8?q?CIL_Accepted_for_disp?= =?utf-8?q?atch_40000001?="
        )
    )
    assert (found.code, found.mentions) == ("no_xml", ("40000001", "40000002"))


def test_a_stranger_mentions_nothing() -> None:
    assert verdict.read(headed(b"CIL for dispatch 40000001", checked=None), RULES).mentions == ()


@pytest.mark.parametrize(
    ("subject", "expected"),
    [
        ("=?utf-8?B?w7zDvA==?=", "üü"),
        ("=?utf-8?B?w7w=?= =?utf-8?Q?=C3?=\r\n =?utf-8?Q?=BC!?=", "üü!"),
        ("=?utf-8?Q?=C3=BC?= =?windows-1252?Q?=FC?=", "üü"),
        ("a =?iso-8859-1*en?Q?=FC_x?= b", "a ü x b"),
        ("=?x-unknown?Q?abc?=", "=?x-unknown?Q?abc?="),
        ("=?utf-8?B?!!!?=", ""),
        ("=?utf-8?Q?a=0D=0ABcc:_x@y?=", "a Bcc: x@y"),
        ("=?utf-8?Q?=E2=80=AEgnp.exe?=", "gnp.exe"),
        ("a\x1b[31mb\x85\u2028c", "a [31mb c"),
        ("x" * 500, "x" * 200),
    ],
)
def test_subjects_are_decoded_and_made_safe(subject: str, expected: str) -> None:
    assert read(headed(b"", checked=None).replace(b"New Dispatch", subject.encode())).subject == expected


def test_verdicts_travel_between_processes() -> None:
    for raw in (TAKEN["plain"], REFUSED["malformed"]):
        found = read(raw)
        assert pickle.loads(pickle.dumps(found)) == found
    assert pickle.loads(pickle.dumps(RULES)) == RULES


def test_whatever_breaks_inside_is_a_verdict(monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: object) -> None:
        raise RecursionError

    monkeypatch.setattr("mail_ingest.formats.ahs.read", broken)
    found = read(letter(part(XML)))
    assert (found.kind, found.code, found.subject) == ("unable", "parser_failure", "New Dispatch")


def test_without_an_authserv_id_the_office_is_warned() -> None:
    found = verdict.read(headed(XML, checked=None), replace(RULES, authserv_id=None))
    assert found.kind == "dispatch"
    assert "authserv-id" in found.warnings[0]
