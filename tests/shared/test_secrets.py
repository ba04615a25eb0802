"""Secrets at rest, the settings' own checks, hosts that no setting may name, and clean logs."""

import base64
import os

import pytest
from pydantic import SecretStr, ValidationError
from shared.hosts import HostRefused, resolve
from shared.secrets import SecretUnreadable, is_current, key_id, seal, unseal
from shared.settings import DEVELOPMENT_KEY, Settings, SettingsRefused, read_settings
from shared.telemetry import scrub

OTHER_KEY = SecretStr(base64.b64encode(os.urandom(32)).decode())
KEY = SecretStr(base64.b64encode(os.urandom(32)).decode())


def test_a_sealed_secret_opens_only_in_its_place_and_with_its_key() -> None:
    settings = Settings(secret_key=KEY)
    sealed = seal(settings, SecretStr("hunter2"), "mailbox/1/password")
    assert "hunter2" not in sealed
    assert unseal(settings, sealed, "mailbox/1/password").get_secret_value() == "hunter2"
    with pytest.raises(SecretUnreadable):
        unseal(settings, sealed, "mailbox/2/password")
    with pytest.raises(SecretUnreadable, match="CALLBOARD_OLD_SECRET_KEYS"):
        unseal(Settings(), sealed, "mailbox/1/password")


def test_an_old_key_still_opens_what_it_sealed_and_seals_nothing() -> None:
    before = Settings(secret_key=KEY)
    sealed = seal(before, SecretStr("hunter2"), "a")
    bare = sealed.partition(".")[2]  # as it was sealed before keys had ids
    after = Settings(secret_key=OTHER_KEY, old_secret_keys=(SecretStr(DEVELOPMENT_KEY), KEY))
    for held in (sealed, bare):
        assert unseal(after, held, "a").get_secret_value() == "hunter2"
        assert unseal(before, held, "a").get_secret_value() == "hunter2"
        with pytest.raises(SecretUnreadable):
            unseal(after, held, "b")
    assert is_current(before, sealed)
    assert not is_current(after, sealed)
    assert is_current(after, seal(after, SecretStr("x"), "a"))
    with pytest.raises(SecretUnreadable, match=key_id(OTHER_KEY)):
        unseal(before, seal(after, SecretStr("x"), "a"), "a")


@pytest.mark.parametrize("change", ["!", " ", "=", "\n", "é", "-"])
def test_a_sealed_secret_is_written_in_one_way(change: str) -> None:
    settings = Settings(secret_key=KEY)
    sealed = seal(settings, SecretStr("hunter2"), "a")
    for place in (0, 8, 9, 20, len(sealed)):
        with pytest.raises(SecretUnreadable):
            unseal(settings, sealed[:place] + change + sealed[place:], "a")


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("SECRET_KEY", "hunter2 is no key"),
        ("SECRET_KEY", base64.b64encode(b"hunter2").decode()),
        ("OLD_SECRET_KEYS", "hunter2"),
        ("SMTP_PORT", "hunter2"),
        ("ENVIRONMENT", "hunter2"),
        ("DATABASE_POOL", "hunter2"),
    ],
)
def test_a_setting_that_does_not_fit_is_named_and_not_shown(
    name: str, value: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(f"CALLBOARD_{name}", value)
    monkeypatch.setenv("CALLBOARD_SMTP_PASSWORD", "Tr0ub4dor&3")
    with pytest.raises(SettingsRefused) as refused:
        read_settings(Settings)
    assert str(refused.value).startswith(f"CALLBOARD_{name}: ")
    assert "hunter2" not in str(refused.value)
    assert len(str(refused.value).splitlines()) == 1
    with pytest.raises(ValidationError) as plain:
        Settings()
    assert not any(each in str(plain.value) for each in ("hunter2", "Tr0ub4dor"))


def test_no_password_is_shown_where_production_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CALLBOARD_SMTP_PASSWORD", "Tr0ub4dor&3")
    with pytest.raises(SettingsRefused, match="CALLBOARD_SECRET_KEY") as refused:
        read_settings(Settings, environment="production")
    assert "Tr0ub4dor" not in str(refused.value)


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
