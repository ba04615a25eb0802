"""An SMTP server that keeps what it gets in memory, and fails on demand."""

import asyncio
import ssl
import tempfile
import time
from collections import defaultdict, deque
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, Self

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, AuthResult, Envelope, LoginPassword, Session

from localservers import ports
from localservers.certificates import self_signed

USER, PASSWORD = "callboard", "pw"

MAX_BYTES = 100_000_000

Stage = Literal["MAIL", "RCPT", "DATA"]


@dataclass(frozen=True)
class Received:
    """One accepted message; `content` as it came, without the final dot."""

    mail_from: str
    rcpt_tos: tuple[str, ...]
    content: bytes


@dataclass(frozen=True)
class Answer:
    reply: str
    keep: bool
    delay: float


class SmtpSink:
    """Runs in a thread of this process. With `tls`, STARTTLS and the login USER / PASSWORD are demanded.
    `pipelining`: commands may come together, as at every server of these days."""

    def __init__(self, *, port: int = 0, tls: bool = False, pipelining: bool = True) -> None:
        self.messages: list[Received] = []
        self._pipelining = pipelining
        self._holder = ports.reserve(port)
        self.port = int(self._holder.getsockname()[1])
        self._answers: dict[str, deque[Answer]] = defaultdict(deque)
        self._folder = tempfile.TemporaryDirectory(prefix="smtpsink-")
        self.certificate = Path(self._folder.name) / "cert.pem"
        self._context: ssl.SSLContext | None = None
        if tls:
            files = self_signed(Path(self._folder.name))
            self._context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            self._context.load_cert_chain(files.certificate, files.key)
        self._controller: Controller | None = None

    def answer(
        self, stage: Stage, reply: str, *, times: int = 1, keep: bool = False, delay: float = 0
    ) -> None:
        """The next `times` times at `stage`, wait `delay` seconds and then say `reply`, such as
        "451 4.3.0 try later"; an empty reply drops the connection. `keep` keeps the message all the same:
        `answer("DATA", "", keep=True)` is the acceptance whose 250 gets lost."""
        self._answers[stage].extend([Answer(reply, keep, delay)] * times)

    def wait_for(self, count: int, *, seconds: float = 20) -> list[Received]:
        """The messages, as soon as there are `count`. Raises TimeoutError. Blocks: in a coroutine use it
        through `asyncio.to_thread`."""
        deadline = time.monotonic() + seconds
        while len(self.messages) < count:
            if time.monotonic() > deadline:
                raise TimeoutError(f"{len(self.messages)} of {count} messages after {seconds} s")
            time.sleep(0.01)
        return list(self.messages)

    def clear(self) -> None:
        """Forget the messages and the answers that were ordered."""
        self.messages.clear()
        self._answers.clear()

    def start(self) -> Self:
        self._controller = _Controller(self, hostname=ports.LOOPBACK, port=self.port, ready_timeout=20)
        self._controller.start()
        return self

    def stop(self) -> None:
        if self._controller is not None:
            self._controller.stop()
            self._controller = None

    def restart(self) -> None:
        self.stop()
        self.start()

    def close(self) -> None:
        self.stop()
        self._holder.close()
        self._folder.cleanup()

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(self, *_: object) -> None:
        self.close()

    def smtp(self) -> SMTP:
        if self._context is None:
            return SMTP(self, enable_SMTPUTF8=True, data_size_limit=MAX_BYTES)
        return SMTP(
            self,
            enable_SMTPUTF8=True,
            data_size_limit=MAX_BYTES,
            tls_context=self._context,
            require_starttls=True,
            auth_required=True,
            authenticator=_authenticate,
        )

    async def handle_EHLO(
        self, server: SMTP, session: Session, envelope: Envelope, hostname: str, responses: list[str]
    ) -> list[str]:
        session.host_name = hostname
        return [responses[0], "250-PIPELINING", *responses[1:]] if self._pipelining else responses

    async def handle_MAIL(
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        reply = await self._reply("MAIL", server)
        if reply is None:
            envelope.mail_from, envelope.mail_options = address, [*envelope.mail_options, *options]
        return "250 OK" if reply is None else reply

    async def handle_RCPT(
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        reply = await self._reply("RCPT", server)
        if reply is None:
            envelope.rcpt_tos.append(address)
        return "250 OK" if reply is None else reply

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:
        content = envelope.original_content or b""
        message = Received(envelope.mail_from or "", tuple(envelope.rcpt_tos), content)
        reply = await self._reply("DATA", server, message)
        if reply is None:
            self.messages.append(message)
        return "250 OK" if reply is None else reply

    async def _reply(self, stage: Stage, server: SMTP, message: Received | None = None) -> str | None:
        if not self._answers[stage]:
            return None
        answer = self._answers[stage].popleft()
        await asyncio.sleep(answer.delay)
        if answer.keep and message is not None:
            self.messages.append(message)
        if not answer.reply and server.transport is not None:
            server.transport.close()
        return answer.reply


class _Controller(Controller):
    def __init__(self, sink: SmtpSink, *, hostname: str, port: int, ready_timeout: float) -> None:
        super().__init__(sink, hostname=hostname, port=port, ready_timeout=ready_timeout)
        self._sink = sink

    def factory(self) -> SMTP:
        return self._sink.smtp()


def _authenticate(
    server: SMTP, session: Session, envelope: Envelope, mechanism: str, data: object
) -> AuthResult:
    expected = LoginPassword(USER.encode(), PASSWORD.encode())
    return AuthResult(success=data == expected, handled=False)
