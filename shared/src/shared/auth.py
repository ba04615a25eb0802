"""Who is asking: access tokens (EdDSA JWT) that portal-api signs, and who may do what.

On a developer's machine without portal-api, a key that everybody knows signs them; settings for production
refuse it.
"""

import time
from collections.abc import Callable, Generator, Iterable
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import jwt
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from fastapi import Request

from shared.keys import KeysUnknown, PublishedKeys, Source
from shared.problems import Problem, unavailable
from shared.tickets import CheckoutTicket

ISSUER, AUDIENCE = "callboard", "callboard"
CHECKOUT, DOCUMENT = "callboard-checkout", "callboard-document"
ADMIN = ("office.admin",)
OFFICE = ("office.admin", "office.dispatcher")
STAFF = (*OFFICE, "technician")
ANYONE = ("anyone",)
LEEWAY = 5
"""Seconds by which the clocks of two machines may differ."""

_DEVELOPMENT = Ed25519PrivateKey.from_private_bytes(b"callboard development ed25519 ky")
_CACHED_TOKENS = 4096
_REQUIRED = ["iss", "aud", "sub", "iat", "exp"]


@dataclass(frozen=True, slots=True)
class Principal:
    """`subject` is the account or client; `roles` as in docs/roles.md; `expires` is seconds since 1970.
    `scopes` is None for a person, who needs the role alone."""

    subject: str
    roles: frozenset[str]
    expires: float
    scopes: frozenset[str] | None = None


def sign(key: Ed25519PrivateKey, kid: str, *, seconds: int, audience: str = AUDIENCE, **claims: Any) -> str:
    """A token that is valid from now on for `seconds`."""
    now = int(time.time())
    whole = {**claims, "iss": ISSUER, "aud": audience, "iat": now, "exp": now + seconds}
    return jwt.encode(whole, key, algorithm="EdDSA", headers={"kid": kid})


def development_token(
    roles: Iterable[str],
    subject: str = "developer",
    seconds: int = 12 * 3600,
    *,
    audience: str = AUDIENCE,
    **claims: Any,
) -> str:
    """Good only where `jwks_url` is empty. `claims` go in as they are: scopes=[…], or a checkout ticket's."""
    said = {"sub": subject, "roles": sorted(roles), **claims}
    return sign(_DEVELOPMENT, "development", seconds=seconds, audience=audience, **said)


class Verifier:
    """Turns a token into what it says. A signature is checked once, then remembered until the token ends.
    Without a source of keys it knows the development key."""

    def __init__(self, source: Source | None = None) -> None:
        self._known: dict[str, Principal] = {}
        self._keys = PublishedKeys(source, self._known.clear) if source else None

    async def principal(self, token: str) -> Principal:
        """Raises a 401 problem for a token that is not ours, has ended or was signed by nobody we know, and
        a 503 where the keys cannot be had."""
        if self._keys is not None:
            await self._keys.refresh()
        known = self._known.get(token)
        if known is not None and known.expires + LEEWAY > time.time():
            return known
        try:
            claims = await self._claims(token, AUDIENCE)
            scopes = claims.get("scopes")
            found = Principal(
                str(claims["sub"]),
                frozenset(claims["roles"]),
                float(claims["exp"]),
                None if scopes is None else frozenset(scopes),
            )
        except (jwt.PyJWTError, KeyError, TypeError):
            raise unauthorised("This access token is not valid or has ended") from None
        if len(self._known) >= _CACHED_TOKENS:
            self._known.clear()
        self._known[token] = found
        return found

    async def checkout_ticket(self, token: str) -> CheckoutTicket:
        """Raises a 401 problem for what is no ticket of ours or has ended. Whoever takes it makes sure that
        its `id` was not used before."""
        with _no_ticket("checkout"):
            claims = await self._fresh_claims(token, CHECKOUT)
            return CheckoutTicket.of(claims)

    async def document_ticket(self, token: str) -> UUID:
        """The invoice whose PDF its holder may read. Raises a 401 problem."""
        with _no_ticket("document"):
            return UUID((await self._fresh_claims(token, DOCUMENT))["invoice"])

    async def _fresh_claims(self, token: str, audience: str) -> dict[str, Any]:
        if self._keys is not None:
            await self._keys.refresh()
        return await self._claims(token, audience)

    async def _claims(self, token: str, audience: str) -> dict[str, Any]:
        kid = str(jwt.get_unverified_header(token).get("kid", ""))
        return jwt.decode(
            token,
            await self._key(kid),
            algorithms=["EdDSA"],
            audience=audience,
            issuer=ISSUER,
            leeway=LEEWAY,
            options={"require": _REQUIRED},
        )

    async def _key(self, kid: str) -> Ed25519PublicKey:
        if self._keys is None:
            return {"development": _DEVELOPMENT.public_key()}[kid]
        try:
            found = await self._keys.get(kid)
        except KeysUnknown:
            raise unavailable("Access tokens cannot be checked just now") from None
        if found is None:
            raise KeyError(kid)
        return found


@contextmanager
def _no_ticket(kind: str) -> Generator[None]:
    try:
        yield
    except (jwt.PyJWTError, KeyError, TypeError, ValueError, AttributeError):
        raise unauthorised(f"This {kind} ticket is not valid or has ended") from None


def unauthorised(title: str) -> Problem:
    problem = Problem(401, title, "Send a valid access token: Authorization: Bearer …")
    problem.headers["WWW-Authenticate"] = "Bearer"
    return problem


async def principal_of(request: Request) -> Principal:
    """The caller, checked once a request."""
    found = request.scope.get("callboard.principal")
    if found is None:
        header = request.headers.get("authorization", "")
        scheme, _, token = header.partition(" ")
        if scheme.lower() != "bearer" or not token:
            raise unauthorised("Sign in first")
        verifier: Verifier = request.app.state.verifier
        found = request.scope["callboard.principal"] = await verifier.principal(token.strip())
    return found


def scope_of(method: str, path: str) -> str:
    """The scope that an API client needs beside the role: `customers:read` for GET /v1/customers/{id}."""
    return f"{path.split('/')[2]}:{'read' if method in ('GET', 'HEAD') else 'write'}"


def allow(*roles: str, clients: bool = True) -> Callable[..., Any]:
    """A dependency that lets in principals with one of `roles`; the OpenAPI document shows them. An API
    client needs the route's scope too; with `clients=False` none is let in."""

    async def allowed(request: Request) -> Principal:
        principal = await principal_of(request)
        if principal.roles.isdisjoint(roles):
            raise Problem(403, "Your role may not do this", f"Needs one of: {', '.join(roles)}.")
        if principal.scopes is not None:
            if not clients:
                raise Problem(403, "This is for people, not for API clients", "Sign in with an account.")
            needed = scope_of(request.method, request.scope["path"])
            if needed not in principal.scopes:
                raise Problem(403, "This access token lacks a scope", f"Needs the scope {needed}.")
        return principal

    allowed.roles, allowed.clients = roles, clients  # pyright: ignore[reportFunctionMemberAccess]  # read by shared.app
    return allowed


async def allow_anyone(_request: Request) -> None:
    """A dependency that says that a route is open to everybody, on purpose."""


allow_anyone.roles = ANYONE  # pyright: ignore[reportFunctionMemberAccess]
