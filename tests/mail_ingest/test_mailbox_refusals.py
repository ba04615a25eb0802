"""What goes wrong at the door has a code, a step and an advice, and never the password."""

from pathlib import Path

import pytest
from localservers import Dovecot, self_signed
from localservers.ports import LOOPBACK, reserve
from mail_ingest import mailbox
from mail_ingest.mailbox import MailboxError, MailboxSettings
from pydantic import SecretStr
from scripted_pop3 import Pop3, serving
from secrecy import SECRETS
from shared.hosts import permitted

SECRET = SECRETS["mailbox"]


def settings(port: int, **more: object) -> MailboxSettings:
    base = {"host": "localhost", "port": port, "user": "office", "password": SECRET, "timeout": 5}
    return MailboxSettings.model_validate(base | more)


async def refusal(chosen: MailboxSettings) -> MailboxError:
    with pytest.raises(MailboxError) as caught:
        async with mailbox.open_mailbox(chosen):
            pass
    report = await mailbox.test_connection(chosen)
    assert not report.ok
    assert report.steps[-1].name == caught.value.step
    assert [step.ok for step in report.steps] == [True] * (len(report.steps) - 1) + [False]
    assert SECRET not in repr(report) + str(caught.value) + repr(caught.value)
    return caught.value


@pytest.mark.parametrize("kind", ["pop3", "imap"])
async def test_wrong_password(dovecot: Dovecot, kind: str) -> None:
    error = await refusal(settings(getattr(dovecot, kind), kind=kind))
    assert (error.code, error.step) == ("auth", "login")
    assert "Check the user name and the password." in str(error)


@pytest.mark.parametrize("kind", ["pop3", "imap"])
async def test_nothing_listens(kind: str) -> None:
    with reserve() as nobody:
        error = await refusal(settings(nobody.getsockname()[1], kind=kind))
    assert (error.code, error.step) == ("unreachable", "connect")
    assert "port" in str(error)


async def test_no_such_host() -> None:
    error = await refusal(settings(110, host="mail.nowhere.invalid"))
    assert (error.code, error.step) == ("unreachable", "resolve")
    assert "mail.nowhere.invalid" in str(error)


@pytest.mark.parametrize("security", ["ssl", "starttls"])
@pytest.mark.parametrize("kind", ["pop3", "imap"])
async def test_a_certificate_of_nobody_we_know(dovecot: Dovecot, kind: str, security: str) -> None:
    port = getattr(dovecot, kind + "s" if security == "ssl" else kind)
    error = await refusal(settings(port, kind=kind, security=security))
    assert (error.code, error.step) == ("tls", "tls")
    assert "self-signed" in str(error)


async def test_a_certificate_of_another_authority(dovecot: Dovecot, tmp_path: Path) -> None:
    other = self_signed(tmp_path)
    error = await refusal(settings(dovecot.pop3s, security="ssl", ca_file=str(other.certificate)))
    assert (error.code, error.step) == ("tls", "tls")


async def test_a_certificate_of_another_name(dovecot: Dovecot) -> None:
    """127.1 is the same address, but not a name of the certificate."""
    error = await refusal(
        settings(dovecot.pop3s, security="ssl", host="127.1", ca_file=str(dovecot.certificate))
    )
    assert (error.code, error.step) == ("tls", "tls")
    assert "127.1" in str(error)


async def test_a_ca_file_that_is_none(dovecot: Dovecot, tmp_path: Path) -> None:
    (tmp_path / "empty.pem").write_text("nothing")
    for name in ("empty.pem", "missing.pem"):
        error = await refusal(settings(dovecot.pop3s, security="ssl", ca_file=str(tmp_path / name)))
        assert error.code == "settings"
        assert name in str(error)


@pytest.mark.parametrize("kind", ["pop3", "imap"])
async def test_ssl_on_the_plain_port(dovecot: Dovecot, kind: str) -> None:
    error = await refusal(settings(getattr(dovecot, kind), kind=kind, security="ssl"))
    assert (error.code, error.step) == ("tls", "tls")
    assert "STARTTLS" in str(error)


@pytest.mark.parametrize("kind", ["pop3", "imap"])
async def test_no_encryption_on_the_ssl_port(dovecot: Dovecot, kind: str) -> None:
    error = await refusal(settings(getattr(dovecot, kind + "s"), kind=kind, timeout=0.5))
    assert (error.code, error.step) == ("timeout", "greeting")
    assert "try security SSL" in str(error)


async def test_pop3_at_an_imap_server_and_the_reverse(dovecot: Dovecot) -> None:
    for kind, port in (("pop3", dovecot.imap), ("imap", dovecot.pop3)):
        error = await refusal(settings(port, kind=kind))
        assert (error.code, error.step) == ("protocol", "greeting")


@pytest.mark.parametrize("text", ["a\r\nDELE 1", "a\nb", "a\0b"])
@pytest.mark.parametrize("field", ["user", "password"])
async def test_no_second_command_through_the_login(field: str, text: str) -> None:
    value = SecretStr(text) if field == "password" else text
    async with serving(Pop3([])) as server:
        with pytest.raises(MailboxError) as caught:
            async with mailbox.open_mailbox(settings(server.port, **{field: value})):
                pass
        assert caught.value.code == "settings"
        assert server.heard == []


@pytest.mark.parametrize(
    ("answer", "code"),
    [
        (b"-ERR [AUTH] no", "auth"),
        (b"-ERR no", "auth"),
        (b"-ERR [IN-USE] locked", "busy"),
        (b"-ERR [LOGIN-DELAY] wait", "busy"),
        (b"-ERR [SYS/TEMP] disk", "server"),
        (b"-ERR [SYS/PERM] gone", "server"),
        (b"-ERR [in-use] locked", "busy"),
        (b"-ERR wrong password " + SECRET.encode() + b"\x1b[31m", "auth"),
        (b"what", "protocol"),
        (b"", "cut"),
    ],
)
async def test_pop3_login_answers_are_told_apart(answer: bytes, code: str) -> None:
    said = answer + b"\r\n" if answer else b""
    async with serving(Pop3([], answers={b"PASS " + SECRET.encode(): said})) as server:
        error = await refusal(settings(server.port))
    assert (error.code, error.step) == (code, "login")
    assert "\x1b" not in str(error)


async def test_a_server_that_wants_encryption_first() -> None:
    refused = b"-ERR [AUTH] Plaintext authentication disallowed on non-secure (SSL/TLS) connections.\r\n"
    async with serving(Pop3([], answers={b"USER office": refused})) as server:
        error = await refusal(settings(server.port))
    assert "choose SSL or STARTTLS" in str(error)


async def test_the_password_does_not_go_out_when_starttls_is_refused() -> None:
    async with serving(Pop3([], answers={b"STLS": b"-ERR what?\r\n"})) as server:
        error = await refusal(settings(server.port, security="starttls"))
        assert (error.code, error.step) == ("tls", "tls")
        assert set(server.heard) == {b"STLS"}


async def test_what_is_injected_before_the_encryption_is_not_believed() -> None:
    injected = b"+OK\r\n+OK logged in\r\n+OK\r\n"
    async with serving(Pop3([], answers={b"STLS": injected})) as server:
        error = await refusal(settings(server.port, security="starttls"))
        assert (error.code, error.step) == ("tls", "tls")
        assert "ahead of the encryption" in str(error)
        assert set(server.heard) == {b"STLS"}


async def test_a_locked_mailbox_is_busy() -> None:
    """Dovecot waits eleven seconds for the other session before it says so."""
    with Dovecot(settings="protocol pop3 {\n  pop3_lock_session = yes\n}\n") as dovecot:
        chosen = settings(dovecot.pop3, user=dovecot.new_user(), password="pw", timeout=30)
        async with mailbox.open_mailbox(chosen):
            with pytest.raises(MailboxError) as caught:
                async with mailbox.open_mailbox(chosen):
                    pass
        assert (caught.value.code, caught.value.step) == ("busy", "login")
        assert (await mailbox.test_connection(chosen)).ok


def test_no_mailbox_on_a_metadata_address() -> None:
    assert not permitted("169.254.169.254", private=True)
    assert not permitted("::ffff:169.254.169.254", private=True)
    assert not permitted("fe80::1%eth0", private=True)
    assert not permitted("0.0.0.0", private=True)
    assert permitted(LOOPBACK, private=True)
    for address in (LOOPBACK, "10.1.2.3", "192.168.1.1", "::1", "fd00::1"):
        assert not permitted(address, private=False)
    assert permitted("93.184.215.14", private=False)


async def test_a_private_address_can_be_forbidden(dovecot: Dovecot) -> None:
    error = await refusal(settings(dovecot.pop3, allow_private_hosts=False))
    assert (error.code, error.step) == ("settings", "resolve")
