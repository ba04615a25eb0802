"""The token endpoint's request (RFC 6749, 2.3.1 and 4.4), from bytes."""

import base64
import binascii
from collections import OrderedDict, deque
from collections.abc import Mapping
from typing import NamedTuple
from urllib.parse import parse_qsl, unquote_plus

LARGEST = 8192
FORM = "application/x-www-form-urlencoded"


class TokenRefused(Exception):
    """`error` is one of RFC 6749, 5.2."""

    def __init__(self, error: str, description: str, status: int = 400) -> None:
        super().__init__(error)
        self.error, self.description, self.status = error, description, status


class Asked(NamedTuple):
    """`scopes` is None where the request names none: all that the client has."""

    client_id: str
    secret: str
    scopes: frozenset[str] | None


def read_request(headers: Mapping[str, str], body: bytes) -> Asked:
    """`headers` has lower-case names. Raises TokenRefused."""
    form = _form(headers.get("content-type", ""), body)
    client_id, secret = _credentials(headers.get("authorization", ""), form)
    grant = form.get("grant_type")
    if not grant:
        raise TokenRefused("invalid_request", "grant_type is missing: send client_credentials.")
    if grant != "client_credentials":
        raise TokenRefused("unsupported_grant_type", "Only client_credentials is supported.")
    scope = form.get("scope")
    return Asked(client_id, secret, frozenset(scope.split(" ")) if scope else None)


def _form(content_type: str, body: bytes) -> dict[str, str]:
    if content_type.partition(";")[0].strip().lower() != FORM or len(body) > LARGEST:
        raise TokenRefused("invalid_request", f"Send {FORM}, at most {LARGEST} bytes.")
    try:
        pairs = parse_qsl(body.decode("ascii"), keep_blank_values=True, max_num_fields=20, errors="strict")
    except ValueError:
        raise TokenRefused("invalid_request", f"The body is not {FORM}.") from None
    form = dict(pairs)
    if len(form) < len(pairs):
        raise TokenRefused("invalid_request", "A parameter is there twice.")
    return {name: value for name, value in form.items() if value}  # an empty one counts as left out


def _credentials(authorization: str, form: Mapping[str, str]) -> tuple[str, str]:
    scheme, _, encoded = authorization.partition(" ")
    if not scheme:
        if "client_id" in form and "client_secret" in form:
            return form["client_id"], form["client_secret"]
        raise invalid_client()
    if scheme.lower() != "basic":
        raise invalid_client()
    try:
        pair = base64.b64decode(encoded.strip(), validate=True).decode("ascii")
    except (binascii.Error, ValueError):
        raise invalid_client() from None
    client_id, colon, secret = pair.partition(":")
    if not colon:
        raise invalid_client()
    client_id = unquote_plus(client_id)
    if "client_secret" in form or form.get("client_id", client_id) != client_id:
        raise TokenRefused("invalid_request", "Send the credentials in one place.")
    return client_id, unquote_plus(secret)


def invalid_client() -> TokenRefused:
    """One answer for all that may be wrong with credentials."""
    return TokenRefused(
        "invalid_client", "Unknown client or wrong secret: send client_id and client_secret.", 401
    )


class Failures:
    """How often each address failed within the last `seconds`. Remembers the last 10,000 addresses."""

    def __init__(self, most: int = 30, seconds: float = 60) -> None:
        self._most, self._seconds = most, seconds
        self._times: OrderedDict[str, deque[float]] = OrderedDict()

    def add(self, address: str, now: float) -> float:
        """Counts one. Seconds to wait where that was one too many, or 0."""
        times = self._times.setdefault(address, deque(maxlen=self._most + 1))
        self._times.move_to_end(address)
        if len(self._times) > 10_000:
            self._times.popitem(last=False)
        times.append(now)
        while times[0] <= now - self._seconds:
            times.popleft()
        return times[0] + self._seconds - now if len(times) > self._most else 0
