import pytest
from dispatch.board import columns, digits, words
from hypothesis import given
from hypothesis import strategies as st
from shared.events.dispatch import Address, DispatchContent, Person, Phone, WorkOrderLine

FULL = DispatchContent(
    number="40000001",
    service_address=Address(street="12 N SAMPLE ST", unit="APT 3", city="ANYTOWN", state="TX", zip="75001"),
    people=(
        Person(role="customer", name="PAT EXAMPLE & SAM", phones=(Phone(number="(555) 010-0002"),)),
        Person(role="contact", name="Lee O'Neil", phones=(Phone(type="CELL", number="1-555-010-0003"),)),
    ),
    lines=(WorkOrderLine(description="Oven"),),
)


def found(query: str, content: DispatchContent) -> bool:
    stored = columns(content)["search"].split(" ")
    return all(any(have.startswith(word) for have in stored) for word in words(query))


@pytest.mark.parametrize(
    "query",
    [
        "40000001",
        "4000",
        "pat exa",
        "O'Neil lee",
        "12 sample",
        "anytown",
        "apt 3",
        "5550100003",
        "(555) 010-0003",
        "555.010.0003",
        "+1 555 010 0003",
        "0100002",
        "010-0002",
        "",
    ],
)
def test_found_by_what_an_office_types(query: str) -> None:
    assert found(query, FULL)


@pytest.mark.parametrize("query", ["40000002", "xample", "555 010 0004", "pat jones"])
def test_not_found_by_something_else(query: str) -> None:
    assert not found(query, FULL)


def test_the_line_of_the_board() -> None:
    row = columns(FULL)
    assert row["phones"] == "5550100002 5550100003"
    assert row["street"] == "12 N SAMPLE ST APT 3"
    assert row["customer_name"] == "PAT EXAMPLE & SAM"
    assert row["incomplete"] is False


@pytest.mark.parametrize("without", ["people", "lines"])
def test_incomplete(without: str) -> None:
    assert columns(FULL.model_copy(update={without: ()}))["incomplete"] is True
    assert columns(FULL.model_copy(update={"service_address": Address(street="12 N")}))["incomplete"] is True


@given(st.text(), st.text(), st.text())
def test_every_word_is_one_that_both_databases_can_store_and_seek(number: str, name: str, phone: str) -> None:
    people = (Person(role="customer", name=name, phones=(Phone(number=phone),)),)
    stored = columns(DispatchContent(number=number, people=people))["search"]
    assert stored == " ".join(dict.fromkeys(stored.split()))
    for word in (*stored.split(), *words(f"{number} {name} {phone}")):
        assert word.isalnum()
    assert digits(phone).isdecimal() or not digits(phone)
