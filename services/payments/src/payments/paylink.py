"""The signed text in a pay link: which invoice, from when and until when. Knows neither database nor web.

Nothing of it can be guessed or changed without the deployment's key, so a wrong one costs no look at the
database.
"""

import base64
import hashlib
import hmac
from datetime import UTC, datetime
from typing import NamedTuple
from uuid import UUID

from pydantic import SecretStr

_SIGNED = 24
_LONG = _SIGNED + 32


class PayLink(NamedTuple):
    invoice_id: UUID
    made_at: datetime
    expires_at: datetime


def sign(key: SecretStr, link: PayLink) -> str:
    """75 characters that an address takes as they are. Times are kept to the second."""
    times = (int(each.timestamp()).to_bytes(4, "big") for each in (link.made_at, link.expires_at))
    said = link.invoice_id.bytes + b"".join(times)
    return base64.urlsafe_b64encode(said + _mac(key, said)).decode().rstrip("=")


def read(key: SecretStr, text: str, *, now: datetime) -> PayLink | None:
    """None for what we did not sign, and for what has ended."""
    try:
        raw = base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
    except ValueError:
        return None
    said, mac = raw[:_SIGNED], raw[_SIGNED:]
    if len(raw) != _LONG or not hmac.compare_digest(mac, _mac(key, said)):
        return None
    made, ends = (datetime.fromtimestamp(int.from_bytes(said[at : at + 4], "big"), UTC) for at in (16, 20))
    return PayLink(UUID(bytes=said[:16]), made, ends) if now < ends else None


def _mac(key: SecretStr, said: bytes) -> bytes:
    """Of a key of its own: the same text signed for anything else is worth nothing here."""
    own = hashlib.sha256(b"callboard pay link\n" + key.get_secret_value().encode()).digest()
    return hmac.digest(own, said, "sha256")
