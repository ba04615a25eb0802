"""One webhook on its way: signed, judged, tried again. https://www.standardwebhooks.com, version 1."""

import base64
import os
import random
import re
from collections.abc import Sequence
from datetime import datetime, timedelta
from email.utils import parsedate_to_datetime
from http import HTTPStatus
from typing import NamedTuple
from uuid import UUID

from pydantic import SecretStr
from standardwebhooks import Webhook

LONGEST_ANSWER = 500
LONGEST_WAIT = timedelta(hours=24)

_SECRETS = re.compile(r"whsec_[\w+/=-]+|(?<=v1,)[\w+/=]{20,}|(?i:(?<=bearer )|(?<=basic ))[\w.~+/=-]{8,}")
_CARD = re.compile(r"(?<![\d-])\d(?:[ -]?\d){12,18}(?![\d-])")


class Answer(NamedTuple):
    """`status` is None where none came; `text` then says why. `wait` is what the target asked for."""

    status: int | None
    text: str
    wait: timedelta | None = None

    @property
    def accepted(self) -> bool:
        return self.status is not None and 200 <= self.status < 300

    @property
    def gone(self) -> bool:
        return self.status == HTTPStatus.GONE


def new_secret() -> SecretStr:
    return SecretStr("whsec_" + base64.b64encode(os.urandom(32)).decode())


def sign(secrets: Sequence[SecretStr], *, id: UUID, at: datetime, body: str) -> dict[str, str]:
    """The three headers. One signature a secret, so that a target can change over while both are good."""
    signatures = [Webhook(each.get_secret_value()).sign(str(id), at, body) for each in secrets]
    return {
        "webhook-id": str(id),
        "webhook-timestamp": str(int(at.timestamp())),
        "webhook-signature": " ".join(signatures),
    }


def pause(attempts: int, pauses: Sequence[float], wait: timedelta | None) -> timedelta | None:
    """Until the next try after so many; None when there is none. Spread by up to a tenth, so that an outage
    does not end in a stampede; never sooner than the target asked for."""
    if attempts > len(pauses):
        return None
    due = timedelta(seconds=pauses[attempts - 1] * random.uniform(1, 1.1))  # noqa: S311
    return max(due, wait) if wait else due


def retry_after(header: str | None, now: datetime) -> timedelta | None:
    """Seconds or an HTTP date (RFC 9110, 10.2.3), at most a day; None for anything else."""
    if not header:
        return None
    if re.fullmatch(r"[0-9]{1,9}", header.strip()):
        found = timedelta(seconds=int(header))
    else:
        try:
            date = parsedate_to_datetime(header)
        except ValueError:
            return None
        if date.tzinfo is None:
            return None
        found = date - now
    return min(max(found, timedelta()), LONGEST_WAIT)


def excerpt(answer: str) -> str:
    """One line for a person, without what passes for a key or a card number."""
    clean = " ".join("".join(letter if letter.isprintable() else " " for letter in answer).split())
    clean = _CARD.sub("***", _SECRETS.sub("***", clean))
    return clean if len(clean) <= LONGEST_ANSWER else clean[: LONGEST_ANSWER - 1] + "…"
