"""From a server name to a connection: resolved once, so that what was checked is what is connected to."""

import asyncio
import ipaddress
import os
import socket

from mail_ingest.mailbox.connection import Connection
from mail_ingest.mailbox.values import MailboxError, MailboxSettings, Step


async def connect(settings: MailboxSettings, steps: list[Step]) -> Connection:
    """Resolve once, connect to the first address that answers, and encrypt when security is ssl."""
    addresses = await _resolve(settings)
    steps.append(Step("resolve", True, ", ".join(addresses)))
    connection = Connection(settings)
    steps.append(await _connect(connection, addresses))
    if settings.security == "ssl":
        steps.append(await connection.start_tls())
    return connection


async def _resolve(settings: MailboxSettings) -> list[str]:
    loop = asyncio.get_running_loop()
    try:
        async with asyncio.timeout(settings.timeout):
            found = await loop.getaddrinfo(settings.host, settings.port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError, TimeoutError) as error:
        message = f"There is no server {settings.host!r}: check the server name ({error or 'no answer'})."
        raise MailboxError("unreachable", message, step="resolve") from error
    addresses = list(dict.fromkeys(str(entry[4][0]) for entry in found))
    for address in addresses:
        if not permitted(address, private=settings.allow_private_hosts):
            message = f"{settings.host} has the address {address}, which mailboxes may not be on."
            raise MailboxError("settings", message, step="resolve")
    return addresses


def permitted(address: str, *, private: bool) -> bool:
    """Cloud metadata lives on link-local addresses: a mailbox there would be a way to read it out."""
    ip = ipaddress.ip_address(address.partition("%")[0])
    if isinstance(ip, ipaddress.IPv6Address) and ip.ipv4_mapped is not None:
        ip = ip.ipv4_mapped
    if ip.is_link_local or ip.is_multicast or ip.is_unspecified:
        return False
    return private or ip.is_global


async def _connect(connection: Connection, addresses: list[str]) -> Step:
    settings = connection.settings
    loop = asyncio.get_running_loop()
    failures: list[str] = []
    for address in addresses:
        try:
            async with asyncio.timeout(settings.timeout):
                await loop.create_connection(lambda: connection, address, settings.port)
        except TimeoutError:
            failures.append(f"{address}: no answer within {settings.timeout:g} s")
        except OSError as error:
            failures.append(f"{address}: {os.strerror(error.errno) if error.errno else error}")
        else:
            return Step("connect", True, f"{address}, port {settings.port}")
    message = (
        f"Nothing answers at {settings.host}, port {settings.port} ({'; '.join(failures)}). Check the server"
        " name and the port: POP3 uses 110, with SSL 995; IMAP 143, with SSL 993."
    )
    raise MailboxError("unreachable", message, step="connect")
