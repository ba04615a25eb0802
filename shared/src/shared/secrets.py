"""Passwords and keys at rest: AES-256-GCM with the deployment's key, bound to the place they are kept in."""

import base64
import os

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from pydantic import SecretStr

from shared.settings import Settings


class SecretUnreadable(Exception):
    """The stored secret was sealed with another key, or belongs to another row."""


def seal(settings: Settings, secret: SecretStr, place: str) -> str:
    """`place` (table, row, column) is authenticated: a sealed value copied elsewhere does not open."""
    nonce = os.urandom(12)
    sealed = _cipher(settings).encrypt(nonce, secret.get_secret_value().encode(), place.encode())
    return base64.b64encode(nonce + sealed).decode()


def unseal(settings: Settings, sealed: str, place: str) -> SecretStr:
    try:
        data = base64.b64decode(sealed, validate=True)
        return SecretStr(_cipher(settings).decrypt(data[:12], data[12:], place.encode()).decode())
    except (InvalidTag, ValueError):
        raise SecretUnreadable(
            f"the secret of {place} was sealed with another CALLBOARD_SECRET_KEY: enter it again"
        ) from None


def _cipher(settings: Settings) -> AESGCM:
    return AESGCM(base64.b64decode(settings.secret_key.get_secret_value()))
