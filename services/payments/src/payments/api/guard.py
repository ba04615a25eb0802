"""No card number is taken in anywhere, whatever the field is called."""

import asyncio
import json
from typing import Any
from urllib.parse import unquote_plus

from fastapi import Depends, Request
from shared.problems import Problem

from payments.gateways.scrub import holds_card_number

_AT_ONCE = 8_000  # bytes, which take a few milliseconds; more is looked through beside the event loop


async def no_card_numbers(request: Request) -> None:
    """Raises a 422 problem, which shows nothing of the input, for a card number in address, query, key or
    body."""
    key = request.headers.get("idempotency-key", "")
    texts = [request.url.path, unquote_plus(request.url.query), key]
    body = b"" if request.method in ("GET", "HEAD") else await request.body()
    long = len(body) + sum(map(len, texts)) > _AT_ONCE
    if await asyncio.to_thread(_any_holds, texts, body) if long else _any_holds(texts, body):
        raise Problem(
            422,
            "This looks like a card number",
            "Card numbers are only ever typed on the card service's own page. Leave it out.",
        )


async def only_known_filters(request: Request) -> None:
    """Raises a 422 problem for a query member that the route does not know: a misspelt filter would show
    everything."""
    known = {each.alias for each in request.scope["route"].dependant.query_params}
    for dependency in request.scope["route"].dependant.dependencies:
        known |= {each.alias for each in dependency.query_params}
    unknown = sorted(set(request.query_params) - known)
    if unknown:
        errors = [{"pointer": f"/query/{name[:40]}", "detail": "This is no filter here."} for name in unknown]
        raise Problem(
            422, "There is no such filter", f"Known here: {', '.join(sorted(known))}.", errors=errors
        )


GUARDED = [Depends(no_card_numbers)]
LISTED = [*GUARDED, Depends(only_known_filters)]
"""For routes that are called by programs alone: no gateway adds members of its own to their addresses."""


def _any_holds(texts: list[str], body: bytes) -> bool:
    return any(map(holds_card_number, texts)) or (bool(body) and _holds(_read(body)))


def _read(body: bytes) -> Any:
    try:
        return json.loads(body)
    except (ValueError, RecursionError):
        return body.decode("utf-8", "replace")


def _holds(value: Any) -> bool:
    waiting = [value]
    while waiting:
        each = waiting.pop()
        if isinstance(each, dict):
            waiting += [*each.keys(), *each.values()]
        elif isinstance(each, list):
            waiting += each
        elif not isinstance(each, bool) and isinstance(each, str | int | float) and _number_in(each):
            return True
    return False


def _number_in(value: str | int | float) -> bool:
    try:
        return holds_card_number(str(value))
    except ValueError:  # more digits than Python writes out: no invoice has such an amount
        return True
