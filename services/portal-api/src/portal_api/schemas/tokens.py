"""Signing keys and API clients, as they cross HTTP."""

from datetime import datetime
from typing import Annotated, Literal
from uuid import UUID

from pydantic import AfterValidator, Field
from shared.bodies import Body, Out

Role = Literal["office.admin", "office.dispatcher", "technician"]
Scope = Annotated[
    str,
    Field(
        pattern=r"^[a-z][a-z0-9-]{0,39}:(read|write)$",
        description="What x-scope says of the operations that it may use: `dispatches:read`.",
    ),
]


class PublicKey(Out):
    """RFC 8037."""

    kty: Literal["OKP"]
    crv: Literal["Ed25519"]
    use: Literal["sig"]
    alg: Literal["EdDSA"]
    kid: str
    x: str


class KeySet(Out):
    keys: list[PublicKey]


class SigningKey(Out):
    """`published_until` is set once a newer key takes over."""

    kid: str
    created_at: datetime
    signs_from: datetime
    published_until: datetime | None


class Rotation(Body):
    at_once: bool = Field(
        False,
        description="The present keys may be known to others: withdraw them. Every service refuses what they "
        "signed within ten minutes; browsers and programs fetch new tokens by themselves.",
    )


def _unique(values: list[str]) -> list[str]:
    return sorted(set(values))


class ApiClientNew(Body):
    name: Annotated[str, Field(min_length=1, max_length=100, pattern=r"\S")]
    roles: Annotated[list[Role], Field(min_length=1, max_length=3), AfterValidator(_unique)]
    scopes: Annotated[list[Scope], Field(min_length=1, max_length=100), AfterValidator(_unique)]


class ApiClientOut(Out):
    """`id` is the client_id. `last_used_at` is when it last got a token; `previous_until`, until when the
    secret before the present one is good."""

    id: UUID
    version: int
    name: str
    roles: list[Role]
    scopes: list[str]
    created_at: datetime
    created_by: str
    last_used_at: datetime | None
    previous_until: datetime | None
    revoked_at: datetime | None


class ApiClientSecret(ApiClientOut):
    client_secret: str = Field(description="Shown this once. Keep it where programs keep secrets.")


class SecretNew(Body):
    overlap_seconds: Annotated[
        int, Field(ge=0, le=7 * 86400, description="How long the present secret stays good.")
    ] = 86400


class Token(Out):
    """RFC 6749, 5.1."""

    access_token: str
    token_type: Literal["Bearer"] = "Bearer"  # noqa: S105  # the name of a kind
    expires_in: int = Field(description="Seconds.")
    scope: str = Field(description="Parted by spaces.")


class TokenError(Out):
    """RFC 6749, 5.2."""

    error: Literal[
        "invalid_request",
        "invalid_client",
        "invalid_scope",
        "unsupported_grant_type",
        "temporarily_unavailable",
    ]
    error_description: str
