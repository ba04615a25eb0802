"""Access tokens and checkout tickets: signed here, checked by every service (`shared.auth.Verifier`)."""

from collections.abc import Iterable, Mapping
from typing import Any
from uuid import UUID

from shared.auth import CHECKOUT, sign
from shared.db import uuid7
from shared.work import Work

from portal_api.flows.keys import Signer, current_key
from portal_api.tokens import LONGEST

TICKET_SECONDS = 300


async def issue(
    work: Work[Any],
    *,
    subject: str,
    roles: Iterable[str],
    seconds: int,
    scopes: Iterable[str] | None = None,
) -> str:
    """An access token of `subject`, an account or a program; `scopes` are a program's."""
    return access_token(await current_key(work), subject=subject, roles=roles, seconds=seconds, scopes=scopes)


def access_token(
    signer: Signer,
    *,
    subject: str,
    roles: Iterable[str],
    seconds: int,
    scopes: Iterable[str] | None = None,
) -> str:
    """At most 900 seconds: whatever is withdrawn ends within them."""
    if seconds > LONGEST:
        raise ValueError(f"an access token is good for at most {LONGEST} seconds")
    claims: dict[str, Any] = {"sub": subject, "roles": sorted(roles)}
    if scopes is not None:
        claims["scopes"] = sorted(scopes)
    return sign(signer.key, signer.kid, seconds=seconds, **claims)


async def issue_checkout_ticket(
    work: Work[Any],
    *,
    account_id: UUID,
    customer_id: UUID,
    location_id: UUID,
    invoices: Mapping[UUID, int | None],
    cap: int,
    currency: str,
) -> str:
    """Lets the holder pay these invoices (each with the part of it that was chosen; None: all that is open),
    together at most `cap` minor units, once within five minutes."""
    kid, key = await current_key(work)
    claims: dict[str, Any] = {
        "sub": str(account_id),
        "customer": str(customer_id),
        "location": str(location_id),
        "invoices": [str(each) for each in invoices],
        "parts": {str(id): part for id, part in invoices.items() if part is not None},
        "cap": cap,
        "currency": currency,
        "jti": str(uuid7()),
    }
    return sign(key, kid, seconds=TICKET_SECONDS, audience=CHECKOUT, **claims)
