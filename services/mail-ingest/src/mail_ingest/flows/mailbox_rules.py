"""What the settings of a mailbox must not say: that its forwards come back, that they are refused, or that
one account is read twice."""

from typing import Any
from uuid import UUID

from shared.company import login_of, sender_of, shares_domain
from shared.db import Row
from shared.problems import Problem
from shared.work import Work
from sqlalchemy import select

from mail_ingest.queries import company
from mail_ingest.schemas import MailboxBody
from mail_ingest.tables import mailboxes
from mail_ingest.tools import Tools

_GOES_TO = {
    "processed_to": "Email when processed",
    "error_to": "Email for error",
    "return_address": "The return address",
}


async def check(work: Work[Tools], body: MailboxBody, mailbox_id: UUID | None) -> None:
    """Refuses settings that would loop, read a mailbox twice, or cannot work. Raises Problem."""
    about = await company(work.session)
    login = login_of(work.settings, about)
    if body.return_address and not shares_domain(body.return_address, login):
        raise Problem(
            422,
            "The return address must share the mail server login's domain",
            f"Use an address @{login.rpartition('@')[2]}, or change the company's mail server login.",
        )
    others = [row for row in (await work.session.execute(select(mailboxes))).all() if row.id != mailbox_id]
    _check_account(body, others)
    sender = body.return_address or sender_of(work.settings, about)
    _check_loops(body, sender, others)


def _check_account(body: MailboxBody, others: list[Row]) -> None:
    for row in others:
        if _account(body) and _account(row) == _account(body):
            raise Problem(
                422,
                "This mailbox is set up already",
                f"{row.name!r} reads it: read twice, each mail would count twice. Change that one instead.",
            )


def _account(box: Any) -> tuple[str, ...] | None:
    """What is read: two of the same are one mailbox, whatever they are called. None: it is not set yet."""
    if box.kind == "maildir":
        return ("maildir", box.path.rstrip("/")) if box.path else None
    folder = box.folder.casefold() if box.kind == "imap" else "inbox"
    return (box.host.casefold().rstrip("."), box.user.casefold(), folder) if box.host else None


def _check_loops(body: MailboxBody, sender: str, others: list[Row]) -> None:
    polled = _addresses(body) | {each for row in others for each in _addresses(row)}
    goes_to = {name: getattr(body, name) for name in _GOES_TO} | {"return_address": sender}
    for name, address in goes_to.items():
        if address and _plain(address) in polled:
            raise Problem(
                422,
                f"{_GOES_TO[name]} is an address whose mailbox is polled",
                f"Answers to {address} would come back as new mails, for ever. Use another address.",
            )
    for row in others:
        for name, what in _GOES_TO.items():
            address = getattr(row, name)
            if address and _plain(address) in _addresses(body):
                raise Problem(
                    422,
                    "This mailbox gets what another one sends",
                    f"{address} belongs to the mailbox {row.name!r} ({what}). What comes there would go "
                    "round for ever: poll another mailbox, or change that address.",
                )


def _addresses(box: Any) -> set[str]:
    """Those whose mail certainly arrives in the mailbox. A user name without a domain is one of the domains
    that the server's name ends with."""
    found = {box.address, box.user} - {""}
    if box.user and "@" not in box.user and not box.address:
        labels = box.host.split(".")
        found |= {f"{box.user}@{'.'.join(labels[at:])}" for at in range(len(labels) - 1)}
    return {_plain(address) for address in found}


def _plain(address: str) -> str:
    """Without what many servers let a user add to his name: `office+ahs@…` arrives at `office@…`."""
    name, at, domain = address.strip().casefold().partition("@")
    return f"{name.partition('+')[0]}{at}{domain}"


def warnings(row: Row, login: str) -> list[str]:
    """What the office should know of a mailbox. `login` is the user that outgoing mail is sent as."""
    said = [] if row.authserv_id else ["Senders are believed by their From address: set authserv_id."]
    said += _of_server(row)
    if row.return_address and not shares_domain(row.return_address, login):
        domain = login.rpartition("@")[2]
        said.append(f"The mail server may refuse the return address: its login is now @{domain}.")
    return said


def _of_server(row: Row) -> list[str]:
    """What cannot work, said before the first poll finds it out."""
    if row.kind == "maildir":
        return [] if row.path else ["No mail can be read: the folder is missing."]
    warnings = [] if row.host.strip() else ["No mail can be read: the mail server is missing."]
    encrypted, plain = {"pop3": (995, 110), "imap": (993, 143)}[row.kind]
    if row.security == "ssl" and row.port == plain:
        warnings.append(f"SSL is not spoken on port {plain}: use {encrypted}, or choose STARTTLS.")
    if row.security != "ssl" and row.port == encrypted:
        warnings.append(f"Port {encrypted} speaks SSL only: choose SSL, or use port {plain}.")
    return warnings
