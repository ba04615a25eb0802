"""One invoice as a mail: bytes from facts. Knows neither database nor web."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

from shared.envelope import envelope
from shared.money import for_people as money

from payments.document import Facts, file_name, title_of


def compose(
    facts: Facts,
    pdf: bytes,
    *,
    id: UUID,
    to: str,
    sender_name: str,
    sender_address: str,
    now: datetime,
    reminder: bool = False,
) -> bytes:
    """Raises ValueError for an address that is none."""
    mail = envelope(
        id=id,
        sender_name=sender_name,
        sender_address=sender_address,
        to=to,
        subject=f"{'Reminder: ' * reminder}{_called(facts)} from {facts.company}",
        now=now,
    )
    mail.set_content(_text(facts, reminder))
    mail.add_attachment(pdf, maintype="application", subtype="pdf", filename=file_name(facts.invoice))
    return mail.as_bytes()


def _text(facts: Facts, reminder: bool) -> str:
    it = facts.invoice
    said = [f"{_called(facts)} is attached as a PDF file."]
    if reminder:
        said = [
            f"{_called(facts)} is overdue. It is attached once more. If you have paid it already, thank you."
        ]
    if it["kind"] == "invoice" and it["state"] == "void":
        said.append("It was taken back: please do not pay it.")
    elif it["kind"] == "invoice":
        said += [facts.notice] if facts.notice else []
        if it["payable"] or not facts.notice:
            said.append(_balance(it))
        if facts.pay_url:
            said.append(f"Pay it here, without logging on:\n{facts.pay_url}")
    return "\n\n".join((*said, "\n".join((facts.company, *facts.company_lines)))) + "\n"


def _balance(it: Mapping[str, Any]) -> str:
    amount = it["collectable"] if it["payable"] else it["balance"]
    day = it["due_on"]
    due = f", due on {day:%B} {day.day}, {day.year}" if amount > 0 else ""
    return f"Balance due: {money(amount, it['currency'])}{due}."


def _called(facts: Facts) -> str:
    return f"{title_of(facts.invoice)} {facts.invoice['number']}"
