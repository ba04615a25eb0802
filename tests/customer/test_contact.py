"""Names, phones and e-mail addresses as partners really write them."""

import pytest
from customer.address import address_key
from customer.contact import e164, email_key, fold, is_company, kept_number, people, sort_name
from hypothesis import given
from hypothesis import strategies as st
from shared.events.dispatch import Address


@pytest.mark.parametrize(
    ("name", "found"),
    [
        ("PAT EXAMPLE", ("PAT EXAMPLE",)),
        ("Pat Example", ("PAT EXAMPLE",)),
        ("PAT EXAMPLE & SAM TEST", ("PAT EXAMPLE", "SAM TEST")),
        ("PAT & SAM EXAMPLE", ("PAT EXAMPLE", "SAM EXAMPLE")),
        ("PAT EXAMPLE AND SAM EXAMPLE", ("PAT EXAMPLE", "SAM EXAMPLE")),
        ("EXAMPLE, PAT & SAM", ("PAT EXAMPLE", "SAM EXAMPLE")),
        ("NG, MING", ("MING NG",)),
        ("MARIA-JOSÉ FITZ-GERALD SR. & PAT NG", ("MARIA JOSE FITZ GERALD", "PAT NG")),
        ("EXAMPLE, PAT JR", ("PAT EXAMPLE",)),
        ("SMITH, JR", ("SMITH",)),
        ("MR. PAT EXAMPLE III", ("PAT EXAMPLE",)),
        ("ESTATE OF ANN LEE", ("ANN LEE",)),
        ("D'ANGELO O’BRIEN", ("DANGELO OBRIEN",)),
        ("Bjørn Strauß", ("BJORN STRAUSS",)),
        ("ŁUKASZ EXAMPLE", ("LUKASZ EXAMPLE",)),
        ("LEE NULL & JEAN-LUC O’NEIL", ("LEE NULL", "JEAN LUC ONEIL")),
        ("SMITH FAMILY TRUST", ("SMITH FAMILY TRUST",)),
        ("SMITH & SONS LLC", ("SMITH & SONS LLC",)),
        ("TENANT", ()),
        ("HOMEOWNER", ()),
        ("Home-Owner", ()),
        ("PAT EXAMPLE (TENANT)", ("PAT EXAMPLE",)),
        ("PAT EXAMPLE & TENANT", ("PAT EXAMPLE",)),
        ("山田 太郎", ("山田 太郎",)),
        ("PAT EXAMPLE & PAT EXAMPLE", ("PAT EXAMPLE",)),
        ("", ()),
        (None, ()),
        (" & ", ()),
        (",", ()),
    ],
)
def test_the_persons_of_a_name_field(name: str | None, found: tuple[str, ...]) -> None:
    assert people(name) == found


@given(st.text(max_size=60))
def test_any_text_is_a_name_field(name: str) -> None:
    assert all(person and person == " ".join(person.split()) for person in people(name))
    assert people(name.lower()) == people(name.upper()) or not name.isascii()
    sort_name(name)


@given(st.text(max_size=60))
def test_folding_twice_changes_nothing_more(text: str) -> None:
    assert fold(fold(text)) == fold(text)


def test_a_company_is_told_from_a_person() -> None:
    assert is_company("EXAMPLE HOME SERVICE LLC")
    assert is_company("Sample Properties, Inc.")
    assert not is_company("PAT EXAMPLE & SAM INCE")


def test_lists_are_sorted_by_surname() -> None:
    assert sort_name("PAT Q. EXAMPLE & SAM TEST") == "EXAMPLE PAT Q"
    assert sort_name("SMITH FAMILY TRUST") == "SMITH FAMILY TRUST"
    assert sort_name("TENANT") == "TENANT"


@pytest.mark.parametrize(
    ("number", "found"),
    [
        ("6515550137", "+16515550137"),
        ("(651) 555-0137", "+16515550137"),
        ("651.555.0137", "+16515550137"),
        ("19015550115", "+19015550115"),
        ("+1 651 555 0137", "+16515550137"),
        ("651-555-0137 x12", "+16515550137"),
        ("651-555-0137;ext=12", "+16515550137"),
        ("+44 20 7946 0018", "+442079460018"),
        ("011 44 20 7946 0018", "+442079460018"),
        ("5550100002", None),
        ("0000000000", None),
        ("9999999999", None),
        ("555-0137", None),
        ("none", None),
        ("+1", None),
        ("", None),
    ],
)
def test_numbers_become_e164(number: str, found: str | None) -> None:
    assert e164(number) == found


@given(st.text(max_size=30))
def test_any_text_may_stand_where_a_number_should(number: str) -> None:
    found = e164(number)
    assert found is None or e164(found) == found
    assert kept_number(number) in {found, number.strip()}


def test_what_is_no_number_is_kept_as_given() -> None:
    assert kept_number(" 555-0137 ") == "555-0137"
    assert kept_number("651-555-0137 x12") == "651-555-0137 x12"
    assert kept_number("(651) 555-0137") == "+16515550137"


@pytest.mark.parametrize(
    "hostile", ["(" * 100_000, " x" * 100_000, " " * 100_000 + "x", "1" * 100_000, "A & " * 50_000]
)
@pytest.mark.timeout(2)
def test_hostile_values_cost_little(hostile: str) -> None:
    people(hostile)
    is_company(hostile[:300])
    sort_name(hostile)
    e164(hostile)
    kept_number(hostile)
    email_key(hostile)
    address_key(Address(street=hostile, unit=hostile, city=hostile, state=hostile, zip=hostile))


def test_mail_addresses_are_compared_without_case() -> None:
    assert email_key(" PAT.EXAMPLE@Example.COM ") == "pat.example@example.com"
    assert email_key("o'brien@example.net") == "o'brien@example.net"
    assert email_key("none") is None
    assert email_key("@example.com") is None
    assert email_key("a@b@example.com") is None
    assert email_key(None) is None
