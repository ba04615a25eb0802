"""The outside world of this service: the outgoing mail and the mailboxes."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from uuid import UUID

from pydantic import SecretStr
from shared.db import Row
from shared.mailer import Mailers, open_mailers
from shared.secrets import unseal

from mail_ingest.mailbox import MailboxSettings
from mail_ingest.settings import IngestSettings


@dataclass
class Tools:
    """`fresh` hands just stored mails to the reader without another look into the database. `reading` and
    `writing` keep two readers in the order of the mails. `odd` are the uids, by mailbox, of mails that broke
    a session, `short` the hashes of those of which next to nothing came; `looked_at` says how far the mails
    that lie in a mailbox were looked at again. `blameless` are mails that an outage kept from being written
    down."""

    mailers: Mailers
    fresh: list[tuple[UUID, bytes]] = field(default_factory=list)
    reading: asyncio.Lock = field(default_factory=asyncio.Lock)
    writing: asyncio.Lock = field(default_factory=asyncio.Lock)
    odd: dict[UUID, set[str]] = field(default_factory=dict)
    short: dict[tuple[UUID, str], bytes] = field(default_factory=dict)
    looked_at: dict[UUID, int] = field(default_factory=dict)
    blameless: set[UUID] = field(default_factory=set)


@asynccontextmanager
async def open_tools(settings: IngestSettings) -> AsyncGenerator[Tools]:
    async with open_mailers(settings) as mailers:
        yield Tools(mailers)


def mailbox_settings(box: Row, settings: IngestSettings) -> MailboxSettings:
    """What a reader needs, the password opened. Raises SecretUnreadable after a change of the key."""
    place = f"mailbox/{box.id}/password"
    password = unseal(settings, box.sealed_password, place) if box.sealed_password else SecretStr("")
    return MailboxSettings(
        kind=box.kind,
        host=box.host,
        port=box.port,
        user=box.user,
        password=password,
        security=box.security,
        ca_file=box.ca_file or None,
        max_bytes=settings.max_mail_bytes,
        folder=box.folder,
        path=box.path,
        allow_private_hosts=settings.private_hosts_allowed,
    )
