"""Keys that sign access tokens, the secrets of programs, and how long each is good."""

import base64
import hashlib
import hmac
import secrets
from datetime import timedelta
from functools import lru_cache
from typing import NamedTuple

import pydantic_core
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

LONGEST = 900
"""Seconds that a token is good, at most: a revoked client or a withdrawn role ends within them."""
AHEAD = timedelta(minutes=15)
"""A new key is published so long before it signs: longer than a verifier trusts what it fetched."""
PREFIX = "cbs_"  # so that scanners of source code know a secret when they see one


class NewKey(NamedTuple):
    """`kid` is the key's thumbprint (RFC 7638); `public` is `x` of RFC 8037; `private` is secret."""

    kid: str
    public: str
    private: str


def new_key() -> NewKey:
    key = Ed25519PrivateKey.generate()
    public = _text(key.public_key().public_bytes_raw())
    thumbprint = hashlib.sha256(pydantic_core.to_json({"crv": "Ed25519", "kty": "OKP", "x": public})).digest()
    return NewKey(_text(thumbprint), public, _text(key.private_bytes_raw()))


@lru_cache(maxsize=8)
def private_key(text: str) -> Ed25519PrivateKey:
    return Ed25519PrivateKey.from_private_bytes(base64.urlsafe_b64decode(f"{text}="))


def published_key(kid: str, public: str) -> dict[str, str]:
    """As a member of a JSON Web Key Set."""
    return {"kty": "OKP", "crv": "Ed25519", "use": "sig", "alg": "EdDSA", "kid": kid, "x": public}


def new_secret() -> str:
    return PREFIX + secrets.token_urlsafe(32)


def digest(secret: str) -> bytes:
    return hashlib.sha256(secret.encode()).digest()


def same(secret: str, *digests: bytes | None) -> bool:
    """Whether the secret has one of these digests, in the same time whichever it is; also where there is
    none."""
    given = digest(secret)
    return bool(sum([hmac.compare_digest(given, each or bytes(32)) for each in digests]))


def _text(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()
