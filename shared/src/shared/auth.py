"""Who is asking: access tokens (EdDSA JWT) checked against portal-api's published keys.

Until portal-api issues tokens, and on a developer's machine, a key that everybody knows signs them;
settings for production refuse it.
"""

import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

import httpx
import jwt
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from fastapi import Request

from shared.problems import Problem

ISSUER, AUDIENCE = "callboard", "callboard"
ADMIN = ("office.admin",)
OFFICE = ("office.admin", "office.dispatcher")
STAFF = (*OFFICE, "technician")

_DEVELOPMENT = Ed25519PrivateKey.from_private_bytes(b"callboard development ed25519 ky")
_KEY_LIFE = 300.0
_CACHED_TOKENS = 4096


@dataclass(frozen=True, slots=True)
class Principal:
    """`subject` is the account or client; `roles` as in docs; `expires` is seconds since 1970."""

    subject: str
    roles: frozenset[str]
    expires: float


def development_token(roles: Iterable[str], subject: str = "developer", seconds: int = 12 * 3600) -> str:
    now = int(time.time())
    claims = {"iss": ISSUER, "aud": AUDIENCE, "sub": subject, "roles": sorted(roles), "iat": now}
    return jwt.encode(
        {**claims, "exp": now + seconds}, _DEVELOPMENT, algorithm="EdDSA", headers={"kid": "development"}
    )


class Verifier:
    """Turns a token into a Principal. A token's signature is checked once, then remembered until it ends."""

    def __init__(self, jwks_url: str) -> None:
        self._jwks_url = jwks_url
        self._keys: dict[str, Any] = {} if jwks_url else {"development": _DEVELOPMENT.public_key()}
        self._fetched = 0.0
        self._known: dict[str, Principal] = {}

    async def principal(self, token: str) -> Principal:
        """Raises a 401 problem for a token that is not ours, has ended or was signed by nobody we know."""
        known = self._known.get(token)
        if known is not None and known.expires > time.time():
            return known
        try:
            key = await self._key(str(jwt.get_unverified_header(token).get("kid", "")))
            claims = jwt.decode(token, key, algorithms=["EdDSA"], audience=AUDIENCE, issuer=ISSUER)
            found = Principal(str(claims["sub"]), frozenset(claims["roles"]), float(claims["exp"]))
        except (jwt.PyJWTError, KeyError, TypeError):
            raise unauthorised("This access token is not valid or has ended") from None
        if len(self._known) >= _CACHED_TOKENS:
            self._known.clear()
        self._known[token] = found
        return found

    async def _key(self, kid: str) -> Any:
        if self._jwks_url and (kid not in self._keys or time.monotonic() - self._fetched > _KEY_LIFE):
            await self._fetch()
        return self._keys[kid]

    async def _fetch(self) -> None:
        if time.monotonic() - self._fetched < 5:  # unknown key ids must not become a flood of fetches
            return
        self._fetched = time.monotonic()
        async with httpx.AsyncClient(timeout=5) as client:
            answer = await client.get(self._jwks_url)
            answer.raise_for_status()
        self._keys = {key.key_id: key.key for key in jwt.PyJWKSet.from_dict(answer.json()).keys if key.key_id}


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


def allow(*roles: str) -> Callable[..., Any]:
    """A dependency that lets in principals with one of `roles`; the OpenAPI document shows them."""

    async def allowed(request: Request) -> Principal:
        principal = await principal_of(request)
        if principal.roles.isdisjoint(roles):
            raise Problem(403, "Your role may not do this", f"Needs one of: {', '.join(roles)}.")
        return principal

    allowed.roles = roles  # pyright: ignore[reportFunctionMemberAccess]  # read by shared.service for x-roles
    return allowed
