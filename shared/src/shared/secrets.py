"""Passwords and keys at rest: AES-256-GCM with the deployment's key, bound to the place they are kept in.

What is sealed begins with the id of its key, so that a deployment that has a new key still opens what an
older one sealed (`CALLBOARD_OLD_SECRET_KEYS`), and `rotate-key` knows what is left to seal anew.
"""

import base64
import hashlib
import os

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from pydantic import SecretStr

from shared.settings import Settings


class SecretUnreadable(Exception):
    """The stored secret was sealed with a key that this deployment does not have, or belongs to another row.
    The words are for the operator and hold nothing secret."""


def seal(settings: Settings, secret: SecretStr, place: str) -> str:
    """`place` (table, row, column) is authenticated: a sealed value copied elsewhere does not open."""
    nonce, key = os.urandom(12), settings.secret_key
    sealed = _cipher(key).encrypt(nonce, secret.get_secret_value().encode(), place.encode())
    return f"{key_id(key)}.{base64.b64encode(nonce + sealed).decode()}"


def unseal(settings: Settings, sealed: str, place: str) -> SecretStr:
    """Raises SecretUnreadable, also for what was changed by a single character."""
    said, dot, text = sealed.rpartition(".")
    keys = [settings.secret_key, *settings.old_secret_keys]
    for key in keys:
        if dot and said != key_id(key):
            continue
        try:
            data = base64.b64decode(text, validate=True)
            return SecretStr(_cipher(key).decrypt(data[:12], data[12:], place.encode()).decode())
        except (InvalidTag, ValueError):
            continue  # sealed before keys had ids: another key may open it
    named = f" {said}" if dot else ""
    raise SecretUnreadable(
        f"the secret of {place} was sealed with another key{named}: add that key to"
        " CALLBOARD_OLD_SECRET_KEYS, or enter the secret again"
    )


def is_current(settings: Settings, sealed: str) -> bool:
    """Whether it was sealed with the key that seals now."""
    return sealed.startswith(f"{key_id(settings.secret_key)}.")


def key_id(key: SecretStr) -> str:
    """Eight hexadecimal digits that name a key and say nothing of it."""
    return hashlib.sha256(b"callboard key id" + _bytes(key)).hexdigest()[:8]


def _cipher(key: SecretStr) -> AESGCM:
    return AESGCM(_bytes(key))


def _bytes(key: SecretStr) -> bytes:
    return base64.b64decode(key.get_secret_value())
