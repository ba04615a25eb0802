"""The arithmetic of invoices, over all figures."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st
from payments.invoice import (
    Impossible,
    Line,
    credited_tax,
    forbidding_words,
    half_up,
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
