"""A document in whatever transfer encoding, labelled rightly, wrongly or not at all, with a scanner's or a
list's lines before and behind it; and among other attachments."""

import binascii
import quopri
from base64 import b64encode, encodebytes, urlsafe_b64encode
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st
from letters import DOCUMENT, RULES, letter, part, single
from mail_ingest import correction, verdict

XML = DOCUMENT.encode()
WIDE = DOCUMENT.replace("UTF-8", "UTF-16").encode("utf-16")
FOOTER = b"\n\n_______________________\nDispatch list -- scanned by MailGuard\nMailGuard\n"


def chunks(data: bytes, size: int) -> bytes:
    """Each line coded and padded by itself."""
    return b"\n".join(b64encode(data[at : at + size]) for at in range(0, len(data), size)) + b"\n"


def uu(data: bytes) -> bytes:
    lines = [binascii.b2a_uu(data[at : at + 45]) for at in range(0, len(data), 45)]
    return b"begin 644 dispatch.xml\n" + b"".join(lines) + b"`\nend\n"


def quoted(data: bytes) -> bytes:
    return quopri.encodestring(data)


def labelled(body: bytes, label: str, kind: str = "application/xml; name=dispatch.xml") -> bytes:
    """A part of these very bytes."""
    return f"Content-Type: {kind}\r\nContent-Transfer-Encoding: {label}\r\n\r\n".encode() + body


CODINGS: dict[str, Callable[[bytes], bytes]] = {
    "base64": encodebytes,
    "base64 in one line": b64encode,
    "base64 in padded lines": lambda data: chunks(data, 55),
    "base64 in long padded lines": lambda data: chunks(data, 1000),
    "base64 for addresses": lambda data: urlsafe_b64encode(data) + b"\n",
    "base64 twice": lambda data: encodebytes(encodebytes(data)),
    "uuencode": uu,
    "quoted-printable": quoted,
    "nothing": lambda data: data,
}
LABELS = ["base64", "Base-64", "7bit", "8bit", "quoted-printable", "x-uuencode", "x-uue", "binary", "none"]
AROUND = {
    "": (b"", b""),
    "behind": (b"", FOOTER),
    "before": (b"This mail was scanned.\n\n", b""),
    "before and behind": (b"-- scanned --\n\n", FOOTER),
}
BROKEN = {  # XML that is not coded has nothing that says where a line before it ends
    ("nothing", "before"),
    ("nothing", "before and behind"),
    ("quoted-printable", "before"),
    ("quoted-printable", "before and behind"),
}


@pytest.mark.parametrize("label", LABELS)
@pytest.mark.parametrize("coding", CODINGS)
@pytest.mark.parametrize("around", AROUND)
def test_a_document_is_found_in_whatever_encoding(label: str, coding: str, around: str) -> None:
    if (coding, around) in BROKEN:
        around = "behind"
    before, behind = AROUND[around]
    body = before + CODINGS[coding](XML) + behind
    found = verdict.read(letter(part(b"See below.", "text/plain", "7bit"), labelled(body, label)), RULES)
    assert (found.kind, found.reason) == ("dispatch", "")
    assert found.content is not None
    assert found.content.people[0].name == "JOSÉ O’NEIL"
    assert found.content.email == "pat@example.com"


@pytest.mark.parametrize("coding", ["base64", "base64 in padded lines", "uuencode"])
def test_so_is_one_in_two_byte_letters(coding: str) -> None:
    body = CODINGS[coding](WIDE) + FOOTER
    found = verdict.read(letter(labelled(body, "base64" if "base64" in coding else "x-uue")), RULES)
    assert (found.kind, found.reason) == ("dispatch", "")


def test_a_file_uuencoded_in_the_text_is_an_attachment() -> None:
    text = b"You have a new dispatch.\n\n" + uu(XML) + b"\nRegards\n"
    found = verdict.read(letter(part(text, "text/plain", "7bit")), RULES)
    assert found.kind == "dispatch"


@given(
    size=st.integers(1, 400),
    end=st.sampled_from([b"\n", b"\r\n", b" \r\n"]),
    footer=st.lists(st.text("abcXYZ019 -_=+/.,:'", max_size=40), max_size=4),
)
def test_padded_lines_of_any_length_and_any_footer(size: int, end: bytes, footer: list[str]) -> None:
    body = chunks(XML, size).replace(b"\n", end)
    if footer:
        body += end + end.join(line.encode() for line in footer)
    found = verdict.read(letter(labelled(body, "base64")), RULES)
    assert (found.kind, found.reason) == ("dispatch", "")


SECOND = {
    "another document": part(b"<Survey><Question/></Survey>", "text/xml; name=survey.xml"),
    "an empty document": part(b"", "text/xml; name=empty.xml"),
    "a damaged document": part(b"<Survey><Question", "text/xml; name=survey.xml"),
    "a document with a DTD": part(b"<!DOCTYPE a [<!ENTITY b 'c'>]><a/>", "application/xml; name=a.xml"),
    "a page by name": part(b"<html><body>VendorDispatch</body></html>", "text/html; name=view.xml"),
    "a spreadsheet": part(b"PK\3\4 not one", "application/vnd.ms-excel.sheet+xml; name=a.xlsx"),
    "text by name": part(b"See the other attachment.", "application/xml; name=readme.xml"),
    "a huge document": part(b"<a>" + b"x" * 6_000_000 + b"</a>", "text/xml; name=log.xml"),
    "bytes by name": part(bytes(range(256)) * 8, "application/xml; name=key.xml"),
    "another company's dispatch": part(b"<?xml version='1.0'?><!-- x --><Dispatch Id='1'/>", "text/xml"),
}


@pytest.mark.parametrize("beside", SECOND.values(), ids=SECOND.keys())
@pytest.mark.parametrize("first", [True, False])
def test_the_dispatch_is_found_among_other_attachments(beside: bytes, first: bool) -> None:
    parts = (part(XML), beside) if first else (beside, part(XML))
    raw = letter(*parts)
    found = verdict.read(raw, RULES)
    assert (found.kind, found.reason) == ("dispatch", "")
    assert found.content is not None
    assert found.content.number == "40000001"
    taken = correction.read(raw, RULES, {"fields": {"DispatchList/@Id": "40000007"}})
    assert taken.content is not None
    assert taken.content.number == "40000007"


def test_what_stands_beside_the_dispatch_is_named() -> None:
    found = verdict.read(letter(part(XML), part(b"<Survey/>", "text/xml; name=survey.xml")), RULES)
    assert [each for each in found.warnings if "survey.xml (<Survey>)" in each]


def test_a_damaged_dispatch_is_not_said_to_be_none() -> None:
    found = verdict.read(letter(part(XML[:-40]), part(b"<Survey/>", "text/xml; name=survey.xml")), RULES)
    assert (found.kind, found.code) == ("unable", "malformed")


@pytest.mark.parametrize("copies", [2, 3])
def test_attachments_that_say_the_same_are_one(copies: int) -> None:
    layouts = [part(XML.replace(b"\n", b"\n" + b" " * count)) for count in range(copies)]
    assert verdict.read(letter(*layouts), RULES).kind == "dispatch"
    other = part(XML.replace(b"Refrigerator", b"Oven"))
    assert verdict.read(letter(*layouts[1:], other), RULES).code == "several_xml"


def test_many_that_say_the_same_are_for_a_person() -> None:
    layouts = [part(XML.replace(b"\n", b"\n" + b" " * count)) for count in range(4)]
    assert verdict.read(letter(*layouts), RULES).code == "several_xml"


def test_a_document_with_a_line_of_a_list_behind_it() -> None:
    assert verdict.read(single(XML + FOOTER), RULES).kind == "dispatch"
