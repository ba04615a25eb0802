"""From a server name to a connection: resolved once, so that what was checked is what is connected to."""

import asyncio
import os

from shared.hosts import HostRefused, HostUnknown, addresses

from mail_ingest.mailbox.connection import Connection
from mail_ingest.mailbox.values import MailboxError, MailboxSettings, Step


async def connect(settings: MailboxSettings, steps: list[Step]) -> Connection:
    """Resolve once, connect to the first address that answers, and encrypt when security is ssl."""
    found = await _resolve(settings)
    steps.append(Step("resolve", True, ", ".join(found)))
    connection = Connection(settings)
    steps.append(await _connect(connection, found))
    if settings.security == "ssl":
        steps.append(await connection.start_tls())
    return connection


async def _resolve(settings: MailboxSettings) -> list[str]:
    try:
        async with asyncio.timeout(settings.timeout):
            return await addresses(settings.host, settings.port, allow_private=settings.allow_private_hosts)
    except TimeoutError as error:
        message = f"Nobody knows the server {settings.host!r} in time: check the server name."
        raise MailboxError("unreachable", message, step="resolve") from error
    except HostUnknown as error:
        raise MailboxError("unreachable", f"{error}.", step="resolve") from error
    except HostRefused as error:
        raise MailboxError("settings", f"{error}.", step="resolve") from error


async def _connect(connection: Connection, found: list[str]) -> Step:
    settings = connection.settings
    loop = asyncio.get_running_loop()
    failures: list[str] = []
    for address in found:
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
