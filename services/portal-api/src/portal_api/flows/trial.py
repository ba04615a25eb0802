"""A mail that is sent now, to see what the mail server says. No transaction is open meanwhile."""

from typing import Any

from shared.db import utcnow, uuid7
from shared.mailer import MaildirMailer
from shared.probe import Step, probe
from shared.secrets import SecretUnreadable

from portal_api.letter import AddressRefused, address_of, compose
from portal_api.queries.company import Company, sending
from portal_api.templates import Wording


async def try_mail(settings: Any, known: Company, *, to: str, wording: Wording) -> list[Step]:
    """What was tried, in order; the last step is the one that failed, if any did."""
    try:
        through = sending(settings, known)
        to, sender = address_of(to), address_of(through.address)
    except (SecretUnreadable, AddressRefused) as error:
        return [Step("settings", False, str(error))]
    mail = compose(
        id=uuid7(),
        wording=wording,
        to=to,
        sender_name=through.name,
        sender_address=sender,
        now=utcnow(),
    )
    if through.smarthost is None:
        await MaildirMailer(settings.mail_dir).send(mail, sender, to)
        return [Step("message", True, f"No mail server is set: written to {settings.mail_dir}.")]
    return await probe(settings, through.smarthost, message=mail, sender=sender, to=to)
