"""The way into an IMAP mailbox: greeting, encryption, login, and what each refusal means."""

import re

from mail_ingest.mailbox.dial import connect
from mail_ingest.mailbox.imap_wire import Wire
from mail_ingest.mailbox.values import Code, MailboxError, MailboxSettings, Step, printable

LOGIN_REFUSALS: dict[bytes, tuple[Code, str]] = {
    b"AUTHENTICATIONFAILED": ("auth", "Check the user name and the password."),
    b"AUTHORIZATIONFAILED": ("auth", "The login is right, but not allowed to read this mailbox."),
    b"EXPIRED": ("auth", "The password has expired: set a new one."),
    b"PRIVACYREQUIRED": ("auth", "The server takes no password without encryption: choose SSL or STARTTLS."),
    b"INUSE": ("busy", "Another program has the mailbox open: let only Callboard read it."),
    b"LIMIT": ("busy", "The server wants fewer logins: poll less often."),
    b"UNAVAILABLE": ("server", "The server has a passing trouble: the next poll tries again."),
}


async def log_in(settings: MailboxSettings, steps: list[Step]) -> Wire:
    """A connection after login. Nothing but STARTTLS is said before the encryption. Raises MailboxError."""
    for name, value in (("user name", settings.user), ("password", settings.password.get_secret_value())):
        if "\0" in value:
            raise MailboxError("settings", f"The {name} holds a NUL, which IMAP cannot send.", step="login")
    wire = Wire(await connect(settings, steps))
    try:
        await _greet(wire, steps)
        if settings.security == "starttls":
            wire.connection.step = "tls"
            await wire.run(b"STARTTLS", code="tls", advice="Choose SSL, port 993.")
            steps.append(await wire.connection.start_tls())
        await _authenticate(wire, steps)
    except BaseException:
        wire.connection.abort()
        raise
    return wire


async def _greet(wire: Wire, steps: list[Step]) -> None:
    connection = wire.connection
    connection.step = "greeting"
    greeting = await connection.line()
    said = printable(greeting, "")
    if greeting.upper().startswith(b"* BYE"):
        raise connection.fail("server", f"The server turned us away: {said}")
    if not greeting.upper().startswith(b"* OK"):
        message = f"This is not an IMAP server, it said {said!r}. Check the port: IMAP uses 143 or 993."
        raise connection.fail("protocol", message)
    steps.append(Step("greeting", True, said))


async def _authenticate(wire: Wire, steps: list[Step]) -> None:
    """User and password go as literals, which may hold any character but NUL."""
    connection, settings = wire.connection, wire.connection.settings
    connection.step = "login"
    tag = wire.tag()
    connection.write(tag + b" LOGIN")
    for value in (settings.user.encode(), settings.password.get_secret_value().encode()):
        connection.write(b" {%d}\r\n" % len(value))
        answer = await _answer(wire, tag)
        if not answer.startswith(b"+"):
            raise _refused(wire, answer)
        connection.write(value)
    connection.write(b"\r\n")
    answer = await _answer(wire, tag)
    if not answer.upper().startswith(tag.upper() + b" OK"):
        raise _refused(wire, answer)
    steps.append(Step("login", True, f"as {settings.user}"))


async def _answer(wire: Wire, tag: bytes) -> bytes:
    """The next line that settles the command, invites its literal, or ends the session."""
    while not (line := await wire.connection.line()).startswith((tag + b" ", b"+", b"* BYE")):
        if not line.startswith(b"* "):
            raise wire.connection.fail("protocol", "The server's answer to the login is not IMAP.")
    return line


def _refused(wire: Wire, answer: bytes) -> MailboxError:
    settings = wire.connection.settings
    label = re.search(rb"\[([A-Z-]+)", answer.upper())
    default = LOGIN_REFUSALS[b"AUTHENTICATIONFAILED"]
    code, advice = LOGIN_REFUSALS.get(label[1], default) if label else default
    said = wire.said(answer)
    if settings.security == "none" and any(word in said.lower() for word in ("plaintext", "ssl", "tls")):
        advice = LOGIN_REFUSALS[b"PRIVACYREQUIRED"][1]
    return wire.connection.fail(code, f"The server refused the login of {settings.user}: {said}. {advice}")
