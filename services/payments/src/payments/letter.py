"""One invoice as a mail: bytes from facts. Knows neither database nor web."""

from datetime import datetime
from uuid import UUID

from shared.envelope import envelope

from payments.document import Facts, file_name, money, title_of


def compose(
    facts: Facts, pdf: bytes, *, id: UUID, to: str, sender_name: str, sender_address: str, now: datetime
) -> bytes:
    """Raises ValueError for an address that is none."""
    mail = envelope(
        id=id,
        sender_name=sender_name,
        sender_address=sender_address,
        to=to,
        subject=f"{_called(facts)} from {facts.company}",
        now=now,
    )
    mail.set_content(_text(facts))
    mail.add_attachment(pdf, maintype="application", subtype="pdf", filename=file_name(facts.invoice))
    return mail.as_bytes()


def _text(facts: Facts) -> str:
    it = facts.invoice
    said = [f"{_called(facts)} is attached as a PDF file."]
    if it["kind"] == "invoice" and it["state"] == "void":
        said.append("It was taken back: please do not pay it.")
    elif facts.notice:
        said.append(facts.notice)
    elif it["kind"] == "invoice":
        due = (
            f", due on {it['due_on']:%B} {it['due_on'].day}, {it['due_on'].year}" if it["balance"] > 0 else ""
        )
        said.append(f"Balance due: {money(it['balance'], it['currency'])}{due}.")
    return "\n\n".join((*said, "\n".join((facts.company, *facts.company_lines)))) + "\n"


def _called(facts: Facts) -> str:
    return f"{title_of(facts.invoice)} {facts.invoice['number']}"
