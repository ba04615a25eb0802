"""The mails there are: what each is for, its variables with sample values, and its built-in wording.

`status:<code>` stands for one message a status code. Contractual mails go to everybody; the others are
notifications that people may unsubscribe from, and are off until the office turns them on.
"""

from html import escape
from typing import NamedTuple

from portal_api.templates import Wording

STATUS = "status:"


class Message(NamedTuple):
    title: str
    contractual: bool
    variables: dict[str, str]
    wording: Wording
    hours: int = 0
    """For a reminder: how many hours before the visit."""


COMPANY = {
    "company_name": "Sample Home Services",
    "company_phone": "+1 555 010 0100",
    "company_email": "office@contractor.example",
    "web_url": "https://portal.contractor.example",
}
_DISPATCH = {"name": "Pat Sample", "number": "4388309", "link": "https://portal.contractor.example/requests"}
_VISIT = _DISPATCH | {"when": "Monday, January 6, 2025, 8:00 AM – 12:00 PM CST"}
_CLOSE = "\n\n{{ company_name }}\n{% if company_phone %}{{ company_phone }}\n{% endif %}"


def _wording(subject: str, text: str) -> Wording:
    """The HTML says what the text says; a line that is a link alone becomes one."""
    paragraphs: list[str] = []
    for paragraph in (text + _CLOSE).split("\n\n"):
        if paragraph.strip() == "{{ link }}":
            paragraphs.append('<p><a href="{{ link }}">{{ link }}</a></p>')
        else:
            paragraphs.append(
                "<p>" + escape(paragraph.strip("\n"), quote=False).replace("\n", "<br>\n") + "</p>"
            )
    html = '<html><body style="font-family: sans-serif">\n' + "\n".join(paragraphs) + "\n</body></html>\n"
    return Wording(subject, text + _CLOSE, html)


MESSAGES: dict[str, Message] = {
    "invitation": Message(
        "Invitation to the customer portal",
        contractual=True,
        variables=COMPANY
        | {
            "name": "Pat Sample",
            "user_name": "pat@household.example",
            "password": "one-time-password",
            "days": "7",
            "link": "https://portal.contractor.example/logon",
        },
        wording=_wording(
            "Your account at {{ company_name }}",
            "Hello {{ name }},\n\nyou can now ask for service, follow it and see your visits here:\n\n"
            "{{ link }}\n\nUser name: {{ user_name }}\nOne-time password: {{ password }}\n\n"
            "The password is good for {{ days }} days; you choose your own when you first log on.",
        ),
    ),
    "account_elsewhere": Message(
        "Invitation of somebody who has an account",
        contractual=True,
        variables=COMPANY
        | {
            "name": "Pat Sample",
            "user_name": "pat@household.example",
            "link": "https://portal.contractor.example/logon",
        },
        wording=_wording(
            "You have an account at {{ company_name }}",
            "Hello {{ name }},\n\nanother household wants to let you in, but you have an account already:"
            " {{ user_name }}. It stays as it is, and they are not told of it:\n\n{{ link }}\n\n"
            "Call us if you want to change the household. If you do not know of it, do nothing.",
        ),
    ),
    "lost_password": Message(
        "Lost password",
        contractual=True,
        variables=COMPANY
        | {
            "name": "Pat Sample",
            "user_name": "pat@household.example",
            "minutes": "30",
            "link": "https://portal.contractor.example/reset#token",
        },
        wording=_wording(
            "Choose a new password",
            "Hello {{ name }},\n\nsomebody, we hope you, has asked for a new password. Choose one within"
            " {{ minutes }} minutes:\n\n{{ link }}\n\nIf it was not you, do nothing: the old password stays.",
        ),
    ),
    "request_received": Message(
        "Service request received",
        contractual=True,
        variables=COMPANY
        | _DISPATCH
        | {"problem": "The kitchen tap drips.", "when": "Monday, January 6, 2025, 8:00 AM – 12:00 PM CST"},
        wording=_wording(
            "We have your service request {{ number }}",
            "Hello {{ name }},\n\nwe have your request:\n{{ problem }}\n\nWhen: {{ when }}\n\nFollow it here:"
            "\n\n{{ link }}",
        ),
    ),
    "payment_receipt": Message(
        "Payment receipt",
        contractual=True,
        variables=COMPANY
        | {
            "name": "Pat Sample",
            "amount": "75.00 USD",
            "method": "card ending in 1111",
            "paid_on": "January 6, 2025",
            "invoice": "1042",
            "reference": "A1B2C3",
            "link": "https://portal.contractor.example/invoices",
        },
        wording=_wording(
            "Receipt for your payment of {{ amount }}",
            "Hello {{ name }},\n\nthank you for your payment of {{ amount }} ({{ method }}) on {{ paid_on }}"
            "{% if invoice %} for invoice {{ invoice }}{% endif %}.{% if reference %}\nReference:"
            " {{ reference }}{% endif %}\n\nYour invoices:\n\n{{ link }}",
        ),
    ),
    "appointment_reminder": Message(
        "Appointment reminder",
        contractual=False,
        variables=COMPANY | _VISIT | {"technician": "Sam Sample"},
        wording=_wording(
            "Your visit on {{ when }}",
            "Hello {{ name }},\n\nour technician{% if technician %} {{ technician }}{% endif %} comes on"
            " {{ when }} for your request {{ number }}.\n\nTo move it or take it back:\n\n"
            "{{ link }}",
        ),
        hours=24,
    ),
    "appointment_cancelled": Message(
        "Appointment taken back (to those who had a reminder)",
        contractual=False,
        variables=COMPANY | _VISIT,
        wording=_wording(
            "Cancelled: your visit on {{ when }}",
            "Hello {{ name }},\n\nthe visit on {{ when }} for your request {{ number }} will not take"
            " place.\n\nWhat comes next:\n\n{{ link }}",
        ),
    ),
}

_STATUS_CHANGED = Message(
    "Status",
    contractual=False,
    variables=COMPANY | _DISPATCH | {"status": "Parts Ordered", "changed_on": "January 6, 2025"},
    wording=_wording(
        "Your request {{ number }}: {{ status }}",
        "Hello {{ name }},\n\nyour request {{ number }} has a new status since {{ changed_on }}: {{ status }}"
        "\n\nFollow it here:\n\n{{ link }}",
    ),
)


def message_of(name: str) -> Message:
    """Raises KeyError for a message that does not exist."""
    if name.startswith(STATUS) and len(name) > len(STATUS):
        code = name.removeprefix(STATUS)
        return _STATUS_CHANGED._replace(title=f"Status: {code}")
    return MESSAGES[name]
