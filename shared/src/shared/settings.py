"""Settings that every service has. Each comes from an environment variable `CALLBOARD_<NAME>`."""

import base64
from typing import Annotated, Any, Literal, Self, TypeVar

from pydantic import Field, SecretStr, ValidationError, field_validator, model_validator
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict, SettingsError

DEVELOPMENT_KEY = base64.b64encode(b"callboard development secret 32b").decode()


class SettingsRefused(Exception):
    """A line for each setting that does not fit, with its name and without its value."""


def _fits(key: str) -> bool:
    try:
        return len(base64.b64decode(key, validate=True)) == 32
    except ValueError:
        return False


class Settings(BaseSettings):
    """Refuses to start in production with anything that is only good for development."""

    model_config = SettingsConfigDict(
        env_prefix="CALLBOARD_", extra="ignore", frozen=True, hide_input_in_errors=True
    )

    environment: Literal["development", "production"] = "development"
    """`production` refuses development keys and shows no error details."""
    database_url: Annotated[str, Field(repr=False)] = "sqlite+aiosqlite:///data/callboard.db"
    """The service's own database: postgresql+asyncpg://… or sqlite+aiosqlite:///…."""
    database_pool: Annotated[int, Field(ge=2)] = 8
    """Most connections this process holds to PostgreSQL; half of them only read."""
    bus_url: Annotated[str, Field(repr=False)] = "amqp://guest:guest@127.0.0.1:5672/"
    """RabbitMQ, amqp:// or amqps://."""
    installation: Annotated[str, Field(pattern="^([a-z0-9][a-z0-9-]{0,39})?$")] = ""
    """Whose events these are: in the names on RabbitMQ and in each event. Another one for each office."""
    secret_key: SecretStr = SecretStr(DEVELOPMENT_KEY)
    """32 bytes in base64; encrypts stored passwords and keys."""
    old_secret_keys: Annotated[tuple[SecretStr, ...], NoDecode] = ()
    """Keys that were `secret_key` before, parted by commas: they only open. `rotate-key` seals anew."""
    jwks_url: str = ""
    """Where portal-api publishes its signing keys. Empty: the development key."""
    lease_seconds: Annotated[float, Field(gt=0)] = 30.0
    """After this time without a sign of life, another process takes over what this one had taken up."""
    log_level: Literal["debug", "info", "warning", "error"] = "info"
    """Least level that is logged."""
    smtp_host: str = ""
    """Outgoing mail server. Empty: mail is written to `mail_dir`."""
    smtp_port: Annotated[int, Field(ge=1, le=65535)] = 587
    """Port of the outgoing mail server."""
    smtp_security: Literal["none", "starttls", "ssl"] = "starttls"
    """Encryption to the outgoing mail server."""
    smtp_user: str = ""
    """Login user; empty: no login. A mailbox's return address must share its domain."""
    smtp_password: SecretStr = SecretStr("")
    """Login password."""
    smtp_ca_file: str = ""
    """One more certificate authority for the mail server: the path of a PEM file."""
    smtp_sender: str = "office@localhost"
    """Return address where a mailbox names none."""
    smtp_connections: Annotated[int, Field(ge=1, le=50)] = 4
    """Connections kept open to the mail server."""
    mail_dir: str = "data/outgoing"
    """The Maildir that takes outgoing mail where no mail server is set."""
    allow_private_hosts: bool | None = None
    """Whether mail servers, partners and card services may be on private addresses; unset: not in production.
    Metadata addresses of clouds are refused always."""

    @property
    def private_hosts_allowed(self) -> bool:
        if self.allow_private_hosts is None:
            return self.environment != "production"
        return self.allow_private_hosts

    @field_validator("old_secret_keys", mode="before")
    @classmethod
    def _parted(cls, given: object) -> object:
        return (
            [each.strip() for each in given.split(",") if each.strip()] if isinstance(given, str) else given
        )

    @field_validator("secret_key", "old_secret_keys")
    @classmethod
    def _is_a_key(cls, given: SecretStr | tuple[SecretStr, ...]) -> SecretStr | tuple[SecretStr, ...]:
        for key in (given,) if isinstance(given, SecretStr) else given:
            if not _fits(key.get_secret_value()):
                raise ValueError("a key is 32 bytes in base64: openssl rand -base64 32")
        return given

    @model_validator(mode="after")
    def _fit_for_production(self) -> Self:
        if self.environment == "production":
            if self.secret_key.get_secret_value() == DEVELOPMENT_KEY:
                raise ValueError("set CALLBOARD_SECRET_KEY: openssl rand -base64 32")
            if not self.jwks_url:
                raise ValueError("set CALLBOARD_JWKS_URL: the development signing key is refused")
        return self


S = TypeVar("S", bound=Settings)


def read_settings(kind: type[S], **given: Any) -> S:
    """The settings that the environment names, and `given`. Raises SettingsRefused."""
    try:
        return kind(**given)
    except ValidationError as error:
        lines = [
            _line(each["loc"], each["msg"]) for each in error.errors(include_input=False, include_url=False)
        ]
    except SettingsError as error:
        lines = [str(error)]
    raise SettingsRefused("\n".join(lines))


def _line(place: tuple[int | str, ...], message: str) -> str:
    said = message.removeprefix("Value error, ")
    return f"CALLBOARD_{str(place[0]).upper()}: {said}" if place else said
