"""The way into a POP3 mailbox: greeting, encryption, login, and what each refusal means."""

from mail_ingest.mailbox.connection import Connection
from mail_ingest.mailbox.dial import connect
from mail_ingest.mailbox.values import Code, MailboxError, MailboxSettings, Step, printable

LOGIN_REFUSALS: dict[bytes, tuple[Code, str]] = {
    b"AUTH": ("auth", "Check the user name and the password."),
    b"IN-USE": ("busy", "Another program has the mailbox open: let only Callboard read it."),
    b"LOGIN-DELAY": ("busy", "The server wants more time between logins: poll less often."),
    b"SYS/TEMP": ("server", "The server has a passing trouble: the next poll tries again."),
    b"SYS/PERM": ("server", "The server has a lasting trouble: ask the mail provider."),
}


async def log_in(settings: MailboxSettings, steps: list[Step]) -> Connection:
    """A connection after login. Nothing but STLS is said before the encryption. Raises MailboxError."""
    for name, value in (("user name", settings.user), ("password", settings.password.get_secret_value())):
        if any(character in value for character in "\r\n\0"):
            message = f"The {name} holds a line break or a NUL, which POP3 cannot send."
            raise MailboxError("settings", message, step="login")
    connection = await connect(settings, steps)
    try:
        await _greet(connection, steps)
        if settings.security == "starttls":
            await _encrypt(connection, steps)
        await _authenticate(connection, steps)
    except BaseException:
        connection.abort()
        raise
    return connection


async def _greet(connection: Connection, steps: list[Step]) -> None:
    connection.step = "greeting"
    greeting = await connection.line()
    said = printable(greeting, "")
    if greeting.startswith(b"-ERR"):
        raise connection.fail("server", f"The server turned us away: {said}")
    if not greeting.startswith(b"+OK"):
        raise connection.fail(
            "protocol", f"This is not a POP3 server, it said {said!r}. Check the port: POP3 uses 110 or 995."
        )
    steps.append(Step("greeting", True, said))


async def _encrypt(connection: Connection, steps: list[Step]) -> None:
    connection.step = "tls"
    connection.write(b"STLS\r\n")
    answer = await connection.line()
    if not answer.startswith(b"+OK"):
        raise connection.fail(
            "tls", f"The server does not offer STARTTLS here ({printable(answer, '')}). Choose SSL, port 995."
        )
    steps.append(await connection.start_tls())


async def _authenticate(connection: Connection, steps: list[Step]) -> None:
    connection.step = "login"
    settings = connection.settings
    secret = settings.password.get_secret_value()
    for command, value in ((b"USER ", settings.user), (b"PASS ", secret)):
        connection.write(command + value.encode() + b"\r\n")
        answer = await connection.line()
        if not answer.startswith(b"+OK"):
            raise _login_refused(connection, answer)
    steps.append(Step("login", True, f"as {settings.user}"))


def _login_refused(connection: Connection, answer: bytes) -> MailboxError:
    settings = connection.settings
    said = printable(answer, settings.password.get_secret_value())
    if not answer.startswith(b"-ERR"):
        return connection.fail("protocol", "The server's answer to the login is not POP3.")
    label = answer[5:].partition(b"]")[0].removeprefix(b"[").upper() if answer[5:6] == b"[" else b"AUTH"
    code, advice = LOGIN_REFUSALS.get(label, LOGIN_REFUSALS[b"AUTH"])
    if settings.security == "none" and any(word in said.lower() for word in ("plaintext", "ssl", "tls")):
        advice = "The server takes no password without encryption: choose SSL or STARTTLS."
    return connection.fail(code, f"The server refused the login of {settings.user}: {said}. {advice}")
