"""The server that takes our mail: reached at a checked address, encrypted, logged in."""

import asyncio
import socket
import ssl
from dataclasses import dataclass
from typing import Literal, Self, cast

import aiosmtplib
from pydantic import SecretStr

from shared.hosts import addresses
from shared.settings import Settings
from shared.submission import TIMEOUT_SECONDS, Submission


@dataclass(frozen=True)
class Smarthost:
    """The server that takes our mail, and the login at it; without a user there is no login."""

    host: str
    port: int
    security: Literal["none", "starttls", "ssl"]
    user: str
    password: SecretStr

    @classmethod
    def of(cls, settings: Settings) -> Self | None:
        """The one that the environment names, if any."""
        if not settings.smtp_host:
            return None
        return cls(
            host=settings.smtp_host,
            port=settings.smtp_port,
            security=settings.smtp_security,
            user=settings.smtp_user,
            password=settings.smtp_password,
        )


async def connect(settings: Settings, smarthost: Smarthost, context: ssl.SSLContext | None) -> Submission:
    """Connected to an address that was checked, encrypted and logged in. Raises HostRefused too."""
    client = await greeted(settings, smarthost, context)
    try:
        if smarthost.security == "starttls":
            await client.starttls(server_hostname=smarthost.host)
        if smarthost.user:
            await client.login(smarthost.user, smarthost.password.get_secret_value())
        if client.is_ehlo_or_helo_needed:
            await _introduce(client)
    except BaseException:
        drop(client)
        raise
    return Submission(client)


async def _introduce(client: aiosmtplib.SMTP) -> None:
    try:
        await client.ehlo()
    except aiosmtplib.SMTPHeloError:  # a server of before 2001
        await client.helo()


async def greeted(
    settings: Settings, smarthost: Smarthost, context: ssl.SSLContext | None
) -> aiosmtplib.SMTP:
    """Connected, and encrypted where security is ssl."""
    loop, failure = asyncio.get_running_loop(), OSError("no address")
    named_by_the_operator = smarthost == Smarthost.of(settings)
    private = settings.private_hosts_allowed or named_by_the_operator
    found = await addresses(smarthost.host, smarthost.port, allow_private=private)
    for address in found:
        family = socket.AF_INET6 if ":" in address else socket.AF_INET
        opened = socket.socket(family, socket.SOCK_STREAM)
        opened.setblocking(False)
        try:
            async with asyncio.timeout(TIMEOUT_SECONDS):
                await loop.sock_connect(opened, (address, smarthost.port))
        except (OSError, TimeoutError) as error:
            opened.close()
            failure = error
            continue
        except BaseException:
            opened.close()
            raise
        return await _greeted(smarthost, context, opened)
    raise failure


async def _greeted(
    smarthost: Smarthost, context: ssl.SSLContext | None, opened: socket.socket
) -> aiosmtplib.SMTP:
    client = aiosmtplib.SMTP(
        hostname=smarthost.host,
        sock=opened,
        timeout=TIMEOUT_SECONDS,
        use_tls=smarthost.security == "ssl",
        start_tls=False,
        tls_context=context,
    )
    try:
        await client.connect()
    except BaseException:
        opened.close()
        raise
    return client


def drop(client: aiosmtplib.SMTP) -> None:
    """At once: an encrypted connection that is closed politely waits half a minute for the other side."""
    if client.transport is not None:
        cast(asyncio.Transport, client.transport).abort()
    client.close()


def tls_context(settings: Settings, smarthost: Smarthost) -> ssl.SSLContext | None:
    if smarthost.security == "none":
        return None
    context = ssl.create_default_context(cafile=settings.smtp_ca_file or None)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    return context
