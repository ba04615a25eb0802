"""When two addresses are one place."""

import pytest
from customer.address import address_key, parse_address, state_code
from hypothesis import given
from hypothesis import strategies as st
from shared.events.dispatch import Address
from shared.zones import zone_of

HOUSE = Address(street="12 N SAMPLE ST", city="ANYTOWN", state="TX", zip="75001")


def key(street: str | None, unit: str | None = None, **more: str) -> str | None:
    return address_key(Address(street=street, unit=unit, **({"zip": "75001"} | more)))


@pytest.mark.parametrize(
    "street", ["12 North Sample Street", "12 n. sample st.", " 12  N  SAMPLE STREET ", "12 NORTH SAMPLE STR"]
)
def test_spelling_does_not_matter(street: str) -> None:
    assert key(street) == address_key(HOUSE) == "75001|12|N SAMPLE ST|"


def test_the_unit_is_part_of_the_place_and_its_word_is_not() -> None:
    three = key("12 N SAMPLE ST", "APT 3")
    assert three == key("12 N SAMPLE ST", "# 3") == key("12 N SAMPLE ST", "3") == key("12 N SAMPLE ST APT 3")
    assert three == key("12 N SAMPLE ST #3") == key("12 N SAMPLE ST", "UNIT 3")
    assert len({three, key("12 N SAMPLE ST"), key("12 N SAMPLE ST", "APT 4")}) == 3


def test_fractions_and_letters_belong_to_the_number() -> None:
    assert key("5503 1/2 S 1ST AVE") != key("5503 S 1ST AVE")
    assert key("9497-B NORTH AVE") != key("9497 NORTH AVE")
    assert key("9577 1/2 S ST. JOHN'S CT") == key("9577 1/2 S SAINT JOHNS COURT")
    assert key("7667 W RUE D'ORLÉANS") == key("7667 W RUE DORLEANS")


def test_a_double_number_equals_only_itself() -> None:
    double = key("10585 & 4 S CALLE DEL SOL")
    assert double == key("10585 &  4 S CALLE DEL SOL")
    assert double not in {
        key("10585 S CALLE DEL SOL"),
        key("4 S CALLE DEL SOL"),
        key("8559 & 4 S CALLE DEL SOL"),
    }


@pytest.mark.parametrize(
    "street",
    [
        None,
        "",
        "UNKNOWN",
        "N/A",
        "0 UNKNOWN",
        "0000 MAIN ST",
        "12",
        "12 STREET",
        "OLD MILL RD",
        "TBD",
        "XXX",
        "1ST AVE",
        ".",
    ],
)
def test_a_placeholder_is_no_place(street: str | None) -> None:
    assert key(street) is None


def test_boxes_and_grid_numbers_are_places() -> None:
    assert key("PO BOX 12") not in {None, key("PO BOX 13")}
    assert key("N87W15000 KIMBERLY DR") is not None


def test_without_a_zip_city_and_state_stand_in() -> None:
    assert (
        key("12 N SAMPLE ST", zip="", city="Cañon City", state="Colorado") == "CANON CITY CO|12|N SAMPLE ST|"
    )
    assert key("12 N SAMPLE ST", zip="") is None
    assert key("12 N SAMPLE ST", zip="75001-0000") == address_key(HOUSE)


def test_states_by_name() -> None:
    assert (state_code("tx"), state_code("Texas"), state_code("Tex."), state_code(None)) == (
        "TX",
        "TX",
        "TX",
        None,
    )


@given(st.text(max_size=40), st.text(max_size=10))
def test_any_text_may_stand_where_an_address_should(street: str, unit: str) -> None:
    found = key(street, unit)
    assert found is None or found.count("|") >= 3


def test_free_text_is_taken_apart() -> None:
    assert parse_address("12 North Sample Street Apt 3, Anytown, TX 75001-0001") == Address(
        street="12 N SAMPLE ST", unit="APT 3", city="ANYTOWN", state="TX", zip="75001", zip4="0001"
    )


@pytest.mark.parametrize(
    "text", ["the blue house behind the church", "1 City", "n/a", "8559 & 4 Mill Rd, Phoenix AZ 85004"]
)
def test_free_text_that_cannot_be_read_stays_whole(text: str) -> None:
    assert parse_address(text) == Address(street=text)


@given(st.text(max_size=60))
def test_any_free_text_is_an_address(text: str) -> None:
    parse_address(text)


@pytest.mark.parametrize(
    ("state", "zip_code", "zone"),
    [
        ("TX", "75001", "America/Chicago"),
        ("TX", "79901", "America/Denver"),
        ("FL", "33101", "America/New_York"),
        ("FL", "32501", "America/Chicago"),
        ("IN", "46401", "America/Chicago"),
        ("IN", "46201", "America/Indiana/Indianapolis"),
        ("TN", "38103", "America/Chicago"),
        ("TN", "37401", "America/New_York"),
        ("AZ", "85004", "America/Phoenix"),
        ("az", None, "America/Phoenix"),
        ("ZZ", "75001", None),
        (None, "75001", None),
    ],
)
def test_the_zone_of_a_place(state: str | None, zip_code: str | None, zone: str | None) -> None:
    assert zone_of(state, zip_code) == zone


def test_every_zone_is_one_that_this_machine_knows() -> None:
    from zoneinfo import ZoneInfo

    from shared.zones import BY_STATE, BY_ZIP3

    assert len(BY_STATE) == 56
    for zone in {*BY_STATE.values(), *BY_ZIP3.values()}:
        ZoneInfo(zone)
