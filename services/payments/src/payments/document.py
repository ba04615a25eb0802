"""An invoice or credit note as PDF: facts in, bytes out. Knows neither database nor web.

US Letter, tagged (PDF/UA-1) with title and language, its fonts inside. The same facts give the same bytes.
Every text is data to the template, never its markup. The fonts have Latin, Greek and Cyrillic
letters; of others a box is shown, and the document is tagged without the claim to be PDF/UA.
"""

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from importlib.resources import files
from typing import Any, cast

from shared.money import for_people as money

_UNBROKEN = re.compile(r"(\S{24})(?=\S)")
_CONTROL = re.compile(r"[\x00-\x09\x0b-\x1f\x7f\u200e\u200f\u202a-\u202e\u2066-\u2069]")
_MARKS = {"draft": "DRAFT", "paid": "PAID", "void": "VOID"}


@dataclass(frozen=True)
class Booked:
    """What counts towards an invoice; negative where it was taken back. `what` is in plain words."""

    on: date
    what: str
    amount: int


@dataclass(frozen=True)
class Facts:
    """`invoice` is what queries.invoices.find gives. Addresses are lines; `refers_to` is the invoice that a
    credit note credits. `notice` is why nobody may collect, or empty. `logo` is a JPEG. `pay_url` is
    for mails alone: paper is the same bytes each time."""

    invoice: Mapping[str, Any]
    company: str
    company_lines: Sequence[str]
    bill_to: Sequence[str]
    service_address: Sequence[str]
    dispatch_number: str | None
    refers_to: str | None
    booked: Sequence[Booked]
    notice: str
    logo: bytes = b""
    pay_url: str = ""


def render(facts: Facts) -> bytes:
    """Takes tens of milliseconds of one processor: call it in a thread."""
    import typst

    asked: dict[str, Any] = {
        "input": files("payments").joinpath("document.typ").read_bytes(),
        "font_paths": typst.Fonts(include_system_fonts=False),
        "sys_inputs": {"facts": json.dumps(_clean(_told(facts)))},
        "timestamp": int(facts.invoice["updated_at"].timestamp()),
    }
    try:
        made = typst.compile(**asked, pdf_standards=["ua-1"])
    except typst.TypstError:  # a letter that the fonts lack: PDF/UA allows none, so without its seal
        made = typst.compile(**asked)
    return cast(bytes, made)


def title_of(invoice: Mapping[str, Any]) -> str:
    return "Credit note" if invoice["kind"] == "credit_note" else "Invoice"


def file_name(invoice: Mapping[str, Any]) -> str:
    """Such as INV-00042.pdf, of characters that every system takes."""
    return re.sub(r"[^A-Za-z0-9._-]", "-", invoice["number"] or "draft") + ".pdf"


def _told(facts: Facts) -> dict[str, Any]:
    it = facts.invoice
    parties = [{"title": "Bill to", "lines": facts.bill_to}]
    if facts.service_address:
        parties.append({"title": "Service address", "lines": facts.service_address})
    number = it["number"] or "(draft)"
    return {
        "title": title_of(it),
        "number": number,
        "mark": _MARKS.get(it["state"], ""),
        "company": {"name": facts.company, "lines": facts.company_lines},
        "logo": list(facts.logo),
        "parties": parties,
        "details": _details(facts, number),
        "notice": facts.notice,
        "lines": [_line(each, it["currency"]) for each in it["lines"]],
        "sums": _sums(facts),
        "note": it["note"] or "",
        "footer": f"{facts.company} · {title_of(it)} {number}",
    }


def _details(facts: Facts, number: str) -> list[tuple[str, str]]:
    it = facts.invoice
    rows: list[tuple[str, str | None]] = [("Number", number), ("Date", _day(it["issued_on"]))]
    if it["kind"] == "invoice":
        rows += [("Due", _day(it["due_on"])), ("Terms", _terms(it["terms_days"]))]
    rows += [("For invoice", facts.refers_to), ("Dispatch", facts.dispatch_number)]
    rows.append(("Reason", it["reason"]))
    return [(name, value) for name, value in rows if value]


def _line(line: Mapping[str, Any], currency: str) -> tuple[str, ...]:
    discount = money(-line["discount"], currency) if line["discount"] else ""
    price = money(Decimal(str(line["unit_price"])), currency)
    said = line["description"] if line["collectable"] else f"{line['description']} (do not pay this line)"
    return (said, line["quantity"], price, discount, money(line["amount"], currency))


def _sums(facts: Facts) -> list[tuple[str, str, bool]]:
    """(what, amount, whether it stands out)."""
    it = facts.invoice
    rows: list[tuple[str, int, bool]] = []
    if it["discount"]:
        rows += [("Lines", it["subtotal"] + it["discount"], False), ("Discount", -it["discount"], False)]
    rows.append(("Subtotal", it["subtotal"], False))
    rows.append((f"Tax ({it['tax_rate']} %)", it["tax"], False))
    rows.append(("Total", it["total"], True))
    if it["kind"] == "invoice":
        rows += [(f"{each.what}, {_day(each.on)}", -each.amount, False) for each in facts.booked]
        if it["deposit"] and not facts.booked:
            rows.append(("Deposit asked for before the work", it["deposit"], False))
        if it["state"] != "draft":
            rows.append(
                ("Balance due" if not it["withheld"] else "Balance", it["balance"], not it["withheld"])
            )
        if it["state"] != "draft" and it["withheld"]:
            rows.append(("Service fee, not to be paid", -it["withheld"], False))
            rows.append(("Please pay", it["collectable"], True))
    return [(what, money(amount, it["currency"]), bold) for what, amount, bold in rows]


def _terms(days: int) -> str:
    return f"Net {days} days" if days else "Due on receipt"


def _day(day: date | None) -> str | None:
    return f"{day:%B} {day.day}, {day.year}" if day else None


def _clean(value: Any) -> Any:
    """Without characters that steer, and with places to break in words that are longer than a column."""
    if isinstance(value, str):
        return _UNBROKEN.sub("\\1\u200b", _CONTROL.sub("", value))
    if isinstance(value, Mapping):
        return {name: _clean(each) for name, each in value.items()}  # pyright: ignore[reportUnknownVariableType]
    if isinstance(value, list | tuple):
        return [_clean(each) for each in value]  # pyright: ignore[reportUnknownVariableType]
    return value
