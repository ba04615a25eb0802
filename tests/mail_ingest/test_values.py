"""Single values of a dispatch as partners really write them: right, or left out with a word about it."""

from xml.sax.saxutils import escape

import pytest
from hypothesis import given
from hypothesis import strategies as st
from letters import DOCUMENT, RULES, single
from mail_ingest import verdict
from mail_ingest.formats import ahs
from mail_ingest.formats.ahs import Reading
from mail_ingest.formats.values import email
from pydantic import TypeAdapter
from pydantic.networks import EmailStr
from shared.zones import zone_of

NOTE = "*** Customer accepts email communication : pat@example.com"


def noted(*texts: str, kind: str = "MessageNotes") -> Reading:
    detail = "CoverageNoteDetail" if kind == "CoverageNotes" else f"{kind}Detail"
    notes = "".join(f"<{detail}>{escape(text)}</{detail}>" for text in texts)
    document = DOCUMENT.replace("</VendorDispatch>", f"<{kind}>{notes}</{kind}></VendorDispatch>")
    return ahs.read(document.replace(f"<MessageNotesDetail>{NOTE}</MessageNotesDetail>", "").encode())


def timed(given: str, state: str = "CO", zip_code: str = "81212") -> Reading:
    document = DOCUMENT.replace("2026-01-05T11:41:19", given)
    document = document.replace('StateCode="CO"', f'StateCode="{state}"').replace("81212", zip_code)
    return ahs.read(document.encode())


FORBID = [
    "*** DO NOT COLLECT TRADE SERVICE FEE ***",
    "*** DO NOT COLLECT TRADE CALL FEE ***",
    "Do not collect the TSF.",
    "DON'T COLLECT SERVICE FEE",
    "Don\u2019t collect",
    "DONT COLLECT TSF",
    "DO  NOT\n  COLLECT  ANY  FEE",
    "*** DO_NOT_COLLECT FEE",
    "NOT TO COLLECT DEDUCTIBLE",
    "Technician must not collect a payment",
    "DO NOT CHARGE CUSTOMER THE SERVICE FEE",
    "Do not bill the customer for the trade service fee",
    "NO TRADE SERVICE FEE DUE",
    "NO SERVICE FEE TO BE COLLECTED",
    "NO FEE DUE FROM CUSTOMER",
    "NO TSF",
    "NO COPAY",
    "TSF WAIVED",
    "TRADE SERVICE FEE HAS BEEN WAIVED",
    "WAIVE TRADE CALL FEE",
    "SERVICE FEE ALREADY PAID",
    "Service call fee has been paid online",
    "TCF PREPAID",
    "SERVICE FEE NOT DUE",
    "Service fee should not be collected",
    "COLLECT NO FEE",
    "COLLECT $0.00",
    "TRADE SERVICE FEE: $0.00",
    "DNC TSF",
]


@pytest.mark.parametrize("text", FORBID)
@pytest.mark.parametrize("kind", ["MessageNotes", "DispatchNotes"])
def test_do_not_collect_is_known_in_its_usual_wordings(text: str, kind: str) -> None:
    reading = noted(f"CALL FIRST. {text} THANK YOU", kind=kind)
    assert reading.content.do_not_collect
    assert reading.warnings == ()


@given(st.sampled_from(FORBID), st.sampled_from([str.upper, str.lower, str.title]), st.sampled_from("* _"))
def test_letters_and_stars_do_not_matter(text: str, letters: object, star: str) -> None:
    assert noted(letters(text.replace(" ", f" {star}"))).content.do_not_collect  # type: ignore[operator]


@pytest.mark.parametrize(
    "text",
    [
        "COLLECT TRADE SERVICE FEE",
        "Please collect the service fee of $100.00. No exceptions.",
        "Collect $85.00 TSF at the door",
        "TRADE SERVICE FEE DUE",
        "Service fee: $100.00",
        "Gate code is 1234. No dogs.",
        "Unit is not cooling. Customer paid rent.",
    ],
)
def test_what_asks_for_the_fee_or_speaks_of_something_else(text: str) -> None:
    reading = noted(text)
    assert not reading.content.do_not_collect
    assert reading.warnings == ()


@pytest.mark.parametrize(
    "text",
    [
        "Trade service fee: see office, customer says it is paid",
        "Hold the service fee until we call you",
        "Collect only if the claim is denied",
        "Fee question: service fee not on this one?",
    ],
)
def test_unusual_words_raise_attention_instead_of_a_fee(text: str) -> None:
    reading = noted(text)
    assert reading.content.do_not_collect
    assert "not clear whether it may be collected" in reading.warnings[0]


def test_a_plans_remarks_speak_of_other_fees() -> None:
    assert not noted(
        "No charge for permits. Disposal fee not covered.", kind="CoverageNotes"
    ).content.do_not_collect
    assert noted("DO NOT COLLECT TRADE SERVICE FEE", kind="CoverageNotes").content.do_not_collect


CLEANED = {
    "pat@example.com\u200b": "pat@example.com",
    "\ufeffpat@example.com": "pat@example.com",
    "p\u00adat@exam\u200dple.com": "pat@example.com",
    "\u00a0pat@example.com\u00a0": "pat@example.com",
    "<pat@example.com>": "pat@example.com",
    "mailto:pat@example.com": "pat@example.com",
    "'pat@example.com'.": "pat@example.com",
    "pat @ example.com": "pat@example.com",
    "pat@example.com ***": "pat@example.com",
    "Pat.O'Neil+ahs@mail.example.co.uk": "Pat.O'Neil+ahs@mail.example.co.uk",
    "pat@example.com<mailto:pat@example.com>": "pat@example.com",
    "pat@example.com (cell)": "pat@example.com",
}
FIRST = {
    "pat@example.com/sam@example.com": "pat@example.com",
    "pat@example.com, sam@example.com": "pat@example.com",
    "pat@example.com;sam@example.com": "pat@example.com",
    "pat@example.com or sam@example.com": "pat@example.com",
    "pat@example.com|sam@example.com": "pat@example.com",
    "pat@example.com\u200bsam@example.com ": None,
    "pat@example.com & sam@example.com": "pat@example.com",
}
LEFT_OUT = [
    "none",
    "n/a",
    "pat.example.com",
    "pat@",
    "@example.com",
    "pat@example",
    "pat@example..com",
    "pat..x@example.com",
    ".pat@example.com",
    "pat@example,com",
    "pat@-example.com",
    "pat@example.c0m1!",
    "josé@example.com",
    "pat\uff20example.com",
    "pat@exa mple.com",
    "a" * 65 + "@example.com",
    "pat@" + "a" * 260 + ".com",
]


@pytest.mark.parametrize(("given", "expected"), CLEANED.items())
def test_an_address_is_cleaned(given: str, expected: str) -> None:
    reading = noted(f"*** Customer accepts email communication : {given}")
    assert (reading.content.email, reading.warnings) == (expected, ())


@pytest.mark.parametrize(("given", "expected"), FIRST.items())
def test_of_several_addresses_the_first_is_taken_and_it_is_said(given: str, expected: str | None) -> None:
    reading = noted(f"*** Customer accepts email communication : {given}")
    assert reading.content.email == expected
    assert len(reading.warnings) == 1


@pytest.mark.parametrize("given", LEFT_OUT)
def test_what_is_no_address_is_left_out_and_it_is_said(given: str) -> None:
    reading = noted(f"*** Customer accepts email communication : {given}")
    assert reading.content.email is None
    assert "no e-mail address" in reading.warnings[0]


@given(st.text("pat@.-_'+ ,;/<>()\u200b\u00e9m0com", max_size=40))
def test_an_address_that_is_taken_can_be_written_to(given: str) -> None:
    found = email(given, [])
    if found is not None:
        TypeAdapter(EmailStr).validate_python(found)


def test_no_blank_field_is_spoken_of() -> None:
    assert noted("*** Customer accepts email communication : ").warnings == ()


@pytest.mark.parametrize(
    ("given", "expected", "warned"),
    [
        ("5125550102", "5125550102", False),
        ("(512) 555-0102", "(512) 555-0102", False),
        ("512/555-0102", "512/555-0102", False),
        ("5125550102/5125550103", "5125550102", True),
        ("512-555-0102, 512-555-0103", "512-555-0102", True),
        ("51255501025125550103", None, True),
    ],
)
def test_so_is_a_phone_number_for_texts(given: str, expected: str | None, warned: bool) -> None:
    reading = noted(f"*** Customer accepts text communication : {given}")
    assert (reading.content.text_consent, bool(reading.warnings)) == (expected, warned)


@pytest.mark.parametrize(
    ("given", "state", "zip_code", "expected"),
    [
        ("2026-01-05T11:41:19", "CO", "81212", "2026-01-05T11:41:19"),
        ("2026-01-05 11:41", "CO", "81212", "2026-01-05T11:41:00"),
        ("2026-01-05T00:00:00", "CO", "81212", "2026-01-05T00:00:00"),
        ("2026-01-05T03:41:19Z", "TX", "75001", "2026-01-04T21:41:19"),
        ("2026-07-05T03:41:19Z", "TX", "75001", "2026-07-04T22:41:19"),
        ("2026-01-05T03:41:19+00:00", "CO", "81212", "2026-01-04T20:41:19"),
        ("2026-01-05T11:41:19.5-06:00", "TX", "79901", "2026-01-05T10:41:19"),
        ("2026-07-05T11:41:19-05:00", "AZ", "85001", "2026-07-05T09:41:19"),
        ("20260105T114119-0600", "TX", "75001", "2026-01-05T11:41:19"),
    ],
)
def test_a_time_is_the_locations(given: str, state: str, zip_code: str, expected: str) -> None:
    reading = timed(given, state, zip_code)
    assert (reading.content.dispatched_at, reading.warnings) == (expected, ())
    assert zone_of(state, zip_code) is not None


@pytest.mark.parametrize(
    ("given", "state"),
    [
        ("2026-01-05", "CO"),
        ("20260105", "CO"),
        ("2026-W02-1", "CO"),
        ("2026-01-05T11", "CO"),
        ("1/5/2026 11:41", "CO"),
        ("2026-01-05T03:41:19Z", ""),
        ("2026-01-05T03:41:19Z", "ZZ"),
        ("0001-01-01T00:00:00Z", "CO"),
        ("9999-12-31T23:59:59-10:00", "AZ"),
    ],
)
def test_what_is_no_time_there_is_left_out_and_it_is_said(given: str, state: str) -> None:
    reading = timed(given, state)
    assert reading.content.dispatched_at is None
    assert len(reading.warnings) == 1


@pytest.mark.parametrize(
    ("label", "name"), [("UTF-7", "JOS+AMk"), ("HZ-GB-2312", "~{VPND~}"), ("iso-2022-jp", "\x1b$B4A\x1b(B")]
)
def test_letters_hidden_in_ascii_are_refused(label: str, name: str) -> None:
    dispatch = f'<VendorDispatch><DispatchList Id="1" Trade="{name}"/></VendorDispatch>'
    document = f'<?xml version="1.0" encoding="{label}"?>{dispatch}'
    found = verdict.read(single(document.encode()), RULES)
    assert (found.kind, found.code) == ("unable", "encoding")
    plain = document.replace(name, "APL")
    assert verdict.read(single(plain.encode()), RULES).kind == "dispatch"


def test_a_letter_that_is_not_what_the_document_says_is_shown() -> None:
    found = verdict.read(single(DOCUMENT.replace("O’NEIL", "ONEIL").encode("cp1252")), RULES)
    assert (found.code, found.place and (found.place.line, found.place.column)) == ("encoding", (6, 34))
    assert "line 6, column 34" in found.reason
    assert found.place is not None
    assert "CA\ufffd" in found.place.excerpt
