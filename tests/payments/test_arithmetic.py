"""The arithmetic of invoices, over all figures."""

from datetime import date
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from payments import invoice
from payments.invoice import (
    Impossible,
    Line,
    LineKind,
    Totals,
    credited_tax,
    due,
    fee_part,
    forbidding_words,
    half_up,
    not_payable,
    number,
    price,
    split_price,
    standing,
    total,
)

quantities = st.decimals("0.001", "1000", places=3)
lines = st.lists(st.builds(Line, quantities, st.integers(0, 10**7), taxable=st.booleans()), max_size=8)
rates = st.decimals("0", "99", places=4)


@given(lines, st.integers(0, 10**6), rates)
def test_an_invoice_adds_up(given_lines: list[Line], discount: int, rate: Decimal) -> None:
    try:
        sums = total(given_lines, discount=discount, tax_rate=rate)
    except Impossible:
        assert discount > total(given_lines).subtotal
        return
    assert sums.subtotal == sum(sums.amounts) - discount
    assert sums.total == sums.subtotal + sums.tax
    for line, amount in zip(given_lines, sums.amounts, strict=True):
        assert abs(amount - line.quantity * line.unit_price) <= Decimal("0.5")
    taxable = sum(a for line, a in zip(given_lines, sums.amounts, strict=True) if line.taxable)
    assert 0 <= sums.tax <= taxable * rate / 100 + Decimal("0.5")


@given(st.integers(0, 10**6), rates)
def test_the_discount_lessens_the_tax(price: int, rate: Decimal) -> None:
    sums = total([Line(Decimal(1), price)], discount=price, tax_rate=rate)
    assert (sums.subtotal, sums.tax, sums.total) == (0, 0, 0)


@given(st.integers(1, 10**6), st.integers(0, 10**5), st.lists(st.integers(1, 10**5), max_size=6))
def test_credit_notes_add_up_to_the_invoice(net: int, tax: int, parts: list[int]) -> None:
    whole, credited, taxed = net + tax, 0, 0
    for part in [*parts, whole]:
        part = min(part, whole - credited)
        if part:
            share = credited_tax(part, total=whole, tax=tax, credited=credited, tax_credited=taxed)
            assert share >= 0
            credited, taxed = credited + part, taxed + share
    assert (credited, taxed) == (whole, tax)


def test_half_up() -> None:
    assert [half_up(Decimal(text)) for text in ("0.5", "1.5", "2.5", "2.4999")] == [1, 2, 3, 2]


@pytest.mark.parametrize(
    ("settled", "credited", "named"),
    [(0, 0, "issued"), (1, 0, "partly_paid"), (100, 0, "paid"), (100, 40, "paid"), (100, 100, "credited")],
)
def test_what_an_invoice_is_called(settled: int, credited: int, named: str) -> None:
    assert standing("issued", total=100, settled=settled, credited=credited) == named


def test_the_partners_words() -> None:
    notes = ["Call first.", "Thanks! Tech: please do  not\ncollect the fee; paid."]
    assert forbidding_words(notes) == "Thanks! Tech: please do not collect the fee"
    assert forbidding_words(["collect the fee"]) is None


@pytest.mark.parametrize(
    ("notes", "words"),
    [
        (["DO NOT COLLECT the fee"], "DO NOT COLLECT the fee"),
        (["Don't collect it"], "Don't collect it"),
        (["dont collect it"], "dont collect it"),
        (["Hot day; do not collect; call"], "do not collect"),
        (["Hot day\ndo not collect\ncall"], "do not collect"),
        (["Hot day. do not collect. call."], "do not collect"),
        (["A; b. do not collect; d. e"], "do not collect"),
        (["none", "do not collect 1", "do not collect 2"], "do not collect 1"),
        (["do not collect " + "x" * 400], ("do not collect " + "x" * 400)[:300]),
        ([], None),
    ],
)
def test_the_sentence_that_forbids(notes: list[str], words: str | None) -> None:
    assert forbidding_words(notes) == words


def test_figures_that_do_not_fit_are_named() -> None:
    one = Line(Decimal(1), 100)
    for lines, discount, says in (
        ([Line(Decimal(1), -1)], 0, "less than nothing: give money back with a credit note or a refund"),
        ([one], 101, "The discount is more than the lines come to"),
        ([Line(Decimal(1), 100, discount=101)], 0, "A line's discount is more than the line comes to"),
        ([one, Line(Decimal(1), -5, discount=1)], 0, "A line's discount is more than the line comes to"),
    ):
        with pytest.raises(Impossible, match=says):
            total(lines, discount=discount)
    assert total([Line(Decimal(1), 100, discount=100)]).total == 0
    assert total([one, Line(Decimal(1), -100)]).total == 0


def test_tax_is_on_what_is_taxable_less_its_share_of_the_discount() -> None:
    parts = [Line(Decimal(2), 3000), Line(Decimal(1), 4000, discount=1000, taxable=False)]
    sums = total(parts, discount=900, tax_rate=Decimal("7.5"))
    # the taxable two thirds lose 600 of 900: 7.5 % of 5400
    assert sums == Totals((6000, 3000), 8100, 405, 8505)
    credit = [Line(Decimal(1), 1000, taxable=False), Line(Decimal(1), -500)]
    assert total(credit, tax_rate=Decimal(10)) == Totals((1000, -500), 500, 0, 500)
    assert total([Line(Decimal(1), 1000)], tax_rate=Decimal("0.05")).tax == 1
    assert total([Line(Decimal(1), 1000)]).tax == 0
    assert total([], tax_rate=Decimal(10)) == Totals((), 0, 0, 0)


@pytest.mark.parametrize("text", ["12.5", "0", "-12.5", "-0.3", "7", "0.1"])
def test_a_price_is_kept_to_a_tenth(text: str) -> None:
    whole, tenths = split_price(Decimal(text))
    assert price(whole, tenths) == Decimal(text)
    assert abs(tenths) < 10
    assert whole * tenths >= 0
    assert whole == int(Decimal(text))


FEES = [(invoice.FEE, True, 1000), ("part", True, 3000), ("labour", False, 4000)]


@pytest.mark.parametrize(
    ("rows", "discount", "tax", "whole", "part"),
    [
        (FEES, 0, 0, 8000, 1000),
        (FEES, 800, 0, 7200, 900),
        (FEES, 0, 400, 8400, 1100),
        (FEES, 800, 400, 7600, 1000),
        ([(invoice.FEE, False, 1000), ("part", True, 1000)], 0, 100, 2100, 1000),
        ([(invoice.FEE, True, 1000), (invoice.FEE, False, 500)], 0, 80, 1580, 1580),
        ([(invoice.FEE, True, 1000), ("part", True, -400)], 0, 0, 600, 600),
        ([(invoice.FEE, True, -10), ("part", True, 400)], 0, 0, 390, 0),
        ([("part", True, 1)], 0, 0, 1, 0),
        ([(invoice.FEE, True, 0)], 0, 0, 0, 0),
        ([], 0, 0, 0, 0),
        ([(invoice.FEE, False, 1000), ("labour", False, 2000)], 1, 0, 2999, 1000),
    ],
)
def test_what_the_fee_adds_to_the_total(
    rows: list[tuple[LineKind, bool, int]], discount: int, tax: int, whole: int, part: int
) -> None:
    assert fee_part(iter(rows), discount=discount, tax=tax, total=whole) == part


def test_a_share_of_the_tax_never_exceeds_what_is_left() -> None:
    assert credited_tax(300, total=1000, tax=100, credited=0, tax_credited=0) == 30
    assert credited_tax(305, total=1000, tax=100, credited=0, tax_credited=0) == 31
    assert credited_tax(300, total=1000, tax=100, credited=600, tax_credited=95) == 5
    assert credited_tax(300, total=1000, tax=100, credited=700, tax_credited=71) == 29


def test_dates_and_numbers() -> None:
    assert due(date(2026, 1, 31), 30) == date(2026, 3, 2)
    assert [number("INV-", each) for each in (42, 123456)] == ["INV-00042", "INV-123456"]
    days = [(first, last) for _, first, last in invoice.AGES]
    assert days[0] == (None, 0)
    assert [first for first, _ in days[1:]] == [int(last or 0) + 1 for _, last in days[:-1]]
    assert [last for _, last in days] == [0, 30, 60, 90, None]
    assert [name for name, _, _ in invoice.AGES] == ["current", "1-30", "31-60", "61-90", "over 90"]


@pytest.mark.parametrize(
    ("state", "figures", "named"),
    [
        ("draft", {"total": 0, "settled": 0}, "draft"),
        ("void", {"total": 5, "settled": 9}, "void"),
        ("issued", {"total": 0, "settled": 0}, "paid"),
        ("issued", {"total": 100, "settled": 99, "credited": 99}, "partly_paid"),
        ("issued", {"total": 100, "settled": 101, "credited": 101}, "credited"),
        ("issued", {"total": 1, "settled": 1}, "paid"),
    ],
)
def test_the_edges_of_what_it_is_called(state: str, figures: dict[str, int], named: str) -> None:
    assert standing(state, **figures) == named


def why_not(named: Any = "issued", balance: int = 100, **more: Any) -> str | None:
    return not_payable(standing=named, balance=balance, **{"bill_to_partner": False, **more})


def test_why_nobody_may_be_charged() -> None:
    assert why_not() is None
    assert why_not(balance=1) is None
    assert why_not("partly_paid", withheld=99) is None
    assert why_not("draft") == "This invoice is not issued yet."
    assert why_not("void") == why_not("credited") == "This invoice was taken back."
    assert why_not(balance=0, bill_to_partner=True) == "This invoice is paid."
    assert why_not(bill_to_partner=True) == "The warranty company pays this invoice."
    fee = "All that is open is the service fee. The warranty company says: do not"
    assert why_not(withheld=100, forbidden_by="do not") == fee
