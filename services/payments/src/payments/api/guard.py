"""No card number is taken in anywhere, whatever the field is called."""

import json
from typing import Any
from urllib.parse import unquote_plus

from fastapi import Depends, Request
from shared.problems import Problem

from payments.gateways.scrub import holds_card_number


async def no_card_numbers(request: Request) -> None:
    """Raises a 422 problem, which shows nothing of the input, for a card number in address, query, key or
    body."""
    texts = [request.url.path, unquote_plus(request.url.query), request.headers.get("idempotency-key", "")]
    body = await request.body()
    if any(map(holds_card_number, texts)) or (body and _holds(_read(body))):
        raise Problem(
            422,
            "This looks like a card number",
            "Card numbers are only ever typed on the card service's own page. Leave it out.",
        )


GUARDED = [Depends(no_card_numbers)]


def _read(body: bytes) -> Any:
    try:
        return json.loads(body)
    except ValueError:
        return body.decode("utf-8", "replace")


def _holds(value: Any) -> bool:
    if isinstance(value, dict):
        return any(_holds(each) for pair in value.items() for each in pair)
    if isinstance(value, list):
        return any(_holds(each) for each in value)
    return (
        not isinstance(value, bool) and isinstance(value, str | int | float) and holds_card_number(str(value))
    )
