"""Secrets at rest, the settings' own checks, hosts that no setting may name, and clean logs."""

import base64
import os

import pytest
from pydantic import SecretStr, ValidationError
from shared.hosts import HostRefused, resolve
from shared.secrets import SecretUnreadable, seal, unseal
from shared.settings import Settings
from shared.telemetry import scrub

KEY = SecretStr(base64.b64encode(os.urandom(32)).decode())


def test_a_sealed_secret_opens_only_in_its_place_and_with_its_key() -> None:
    settings = Settings(secret_key=KEY)
    sealed = seal(settings, SecretStr("hunter2"), "mailbox/1/password")
    assert "hunter2" not in sealed
    assert unseal(settings, sealed, "mailbox/1/password").get_secret_value() == "hunter2"
    with pytest.raises(SecretUnreadable):
        unseal(settings, sealed, "mailbox/2/password")
    with pytest.raises(SecretUnreadable, match="CALLBOARD_SECRET_KEY"):
        unseal(Settings(), sealed, "mailbox/1/password")


def test_production_refuses_what_only_development_may_have() -> None:
    with pytest.raises(ValidationError, match="CALLBOARD_SECRET_KEY"):
        Settings(environment="production", jwks_url="https://portal/jwks")
    with pytest.raises(ValidationError, match="CALLBOARD_JWKS_URL"):
        Settings(environment="production", secret_key=KEY)
    with pytest.raises(ValidationError, match="32 bytes"):
        Settings(secret_key=SecretStr(base64.b64encode(b"short").decode()))
    Settings(environment="production", secret_key=KEY, jwks_url="https://portal/jwks")


def test_settings_show_no_secret() -> None:
    assert "hunter2" not in repr(Settings(smtp_password=SecretStr("hunter2")))


@pytest.mark.parametrize(
    "host",
    [
        "169.254.169.254",
        "::ffff:169.254.169.254",
        "64:ff9b::169.254.169.254",
        "100.100.100.200",
        "fd00:ec2::254",
        "fd00:ec2::23",
        "fd20:ce::254",
        "fd00:c1::a9fe:a9fe",
        "fd00:42::42",
        "168.63.129.16",
        "192.0.0.192",
        "::ffff:168.63.129.16",
        "2002:a9fe:a9fe::1",
        "64:ff9b:1::a9fe:a9fe",
        "64:ff9b:1:7:8:9:100.100.100.200",
        "::169.254.169.254",
        "fe80::1",
        "fd12::5efe:169.254.169.254",
        "2852039166",
        "0.0.0.0",
        "224.0.0.1",
        "no-such-host.invalid",
    ],
)
async def test_some_hosts_are_never_allowed(host: str) -> None:
    with pytest.raises(HostRefused):
        await resolve(host, 110, allow_private=True)


HIDDEN = (
    "fd12::1",
    "::127.0.0.1",
    "64:ff9b::10.0.0.1",
    "64:ff9b:1::127.0.0.1",
    "2001:470:1:2:0:5efe:10.0.0.1",
    "::1",
)
"""Private addresses in the notations of translators."""


async def test_private_hosts_need_the_setting() -> None:
    assert await resolve("127.0.0.1", 110, allow_private=True) == "127.0.0.1"
    for host in (
        "10.0.0.1",
        "100.64.0.1",
        "::ffff:127.0.0.1",
        "2002:a00:1::",
        "2130706433",
        "fd12::1",
        *HIDDEN,
    ):
        with pytest.raises(HostRefused, match="CALLBOARD_ALLOW_PRIVATE_HOSTS"):
            await resolve(host, 110, allow_private=False)


def test_logs_hold_no_secret_and_no_card() -> None:
    line = scrub(
        None,
        "info",
        {"event": "x", "password": "hunter2", "note": "card 4111 1111 1111 1111, dispatch 463089782123456"},
    )
    assert line["password"] == "***"
    assert line["note"] == "card [card number], dispatch 463089782123456"
