"""One invoice as a mail: bytes from facts. Knows neither database nor web."""

import re
from datetime import datetime
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime
from uuid import UUID

from payments.document import Facts, file_name, money, title_of

_CONTROL = re.compile(r"[\x00-\x1f\x7f\x85\u2028\u2029]")


def compose(
    facts: Facts, pdf: bytes, *, id: UUID, to: str, sender_name: str, sender_address: str, now: datetime
) -> bytes:
    """Lines ended by CRLF, all ASCII. The Message-ID comes from `id`: a repeat can be recognised. Raises
    ValueError for an address that is none."""
    mail = EmailMessage(policy=SMTP.clone(cte_type="7bit"))
    mail["From"] = Address(_one_line(sender_name), addr_spec=sender_address)
    mail["To"] = Address(addr_spec=to)
    mail["Subject"] = _one_line(f"{_called(facts)} from {facts.company}")
    mail["Date"] = format_datetime(now)
    mail["Message-ID"] = f"<{id}@{sender_address.rpartition('@')[2]}>"
    mail["Auto-Submitted"] = "auto-generated"
    mail["X-Auto-Response-Suppress"] = "All"
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


def _one_line(text: str) -> str:
    return " ".join(_CONTROL.sub(" ", text).split())
