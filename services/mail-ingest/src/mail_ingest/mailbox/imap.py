"""IMAP (RFC 3501 and 9051). Removes by UID EXPUNGE (RFC 4315) or UID MOVE (RFC 6851) only: a plain EXPUNGE
also removes what other programs have marked. Flags are neither read nor changed: whether somebody has
looked at a mail says nothing about whether we have it."""

import re
from collections.abc import AsyncGenerator, Iterable, Sequence

from mail_ingest.mailbox.imap_login import log_in
from mail_ingest.mailbox.imap_wire import FETCHED, Response, Wire, quoted_folder
from mail_ingest.mailbox.values import (
    Item,
    Mail,
    MailboxError,
    MailboxSettings,
    Step,
    oversize,
)

AT_ONCE = 400  # mails named in one command

UID = re.compile(rb"\bUID (\d+)", re.IGNORECASE)
SIZE = re.compile(rb"\bRFC822\.SIZE (\d+)", re.IGNORECASE)
BODY = re.compile(rb'\bBODY\[\] (?:"((?:[^"\\]|\\.)*)"|NIL|\{\d+\})', re.IGNORECASE)
VALIDITY = re.compile(rb"\[UIDVALIDITY (\d+)\]", re.IGNORECASE)


async def open_session(settings: MailboxSettings, steps: list[Step]) -> "ImapSession":
    """Connect, log in and select the folder, adding each step that succeeded to `steps`. Raises
    MailboxError."""
    wire = await log_in(settings, steps)
    wire.connection.step = "list"
    try:
        await _demand_safe_removal(wire)
        return ImapSession(wire, validity=await _select(wire))
    except BaseException:
        wire.connection.abort()
        raise


class ImapSession:
    """A selected folder. Not for use by two tasks at once."""

    def __init__(self, wire: Wire, *, validity: str) -> None:
        self._wire = wire
        self._connection = wire.connection
        self._settings = wire.connection.settings
        self._validity = validity
        self._doomed: tuple[Item, ...] = ()

    async def list(self) -> list[Item]:
        """All mails, oldest first. `uid` is UIDVALIDITY.UID."""
        self._connection.step = "list"
        sizes: dict[int, int] = {}
        async for text, _ in self._wire.stream(b"UID FETCH 1:* (UID RFC822.SIZE)"):
            uid, size = UID.search(text), SIZE.search(text)
            if FETCHED.match(text) and uid and size:
                sizes[int(uid[1])] = int(size[1])
        ordered = enumerate(sorted(sizes.items()), 1)
        return [Item(f"{self._validity}.{uid}", size, number) for number, (uid, size) in ordered]

    async def fetch(self, items: Sequence[Item]) -> AsyncGenerator[Mail]:
        """The mails in the server's order, which is usually that of `items`. A caller that stops early loses
        the connection. Raises MailboxError; the mails handed out before are whole."""
        self._connection.step = "fetch"
        wanted = [item for item in items if item.size <= self._settings.max_bytes]
        for item in items:
            if item.size > self._settings.max_bytes:
                yield Mail(item, b"", oversize(item, self._settings))
        complete = False
        try:
            for start in range(0, len(wanted), AT_ONCE):
                missing = {uid_of(item): item for item in wanted[start : start + AT_ONCE]}
                command = b"UID FETCH " + uid_set(missing.values()) + b" (UID BODY.PEEK[])"
                async for response in self._wire.stream(command):
                    found = fetched(response)
                    if found is not None and (item := missing.pop(found[0], None)) is not None:
                        yield Mail(item, found[1])  # its length came with it: what was announced is no matter
                for item in missing.values():
                    message = "The server did not hand out the mail: somebody else may have removed it."
                    yield Mail(item, b"", MailboxError("refused", message, step="fetch", item=item))
            complete = True
        finally:
            if not complete:
                self._connection.abort()

    async def delete(self, items: Sequence[Item]) -> Sequence[Item]:
        """Mark for removal at commit, on our side only: another program's EXPUNGE must not carry it out."""
        self._doomed += tuple(items)
        return ()

    async def commit(self) -> None:
        """Remove what was marked, or move it to the archive, and log out. When this raises, it is unknown
        what the server did: the mails may or may not be there in the next session."""
        self._connection.step = "commit"
        for start in range(0, len(self._doomed), AT_ONCE):
            uids = uid_set(self._doomed[start : start + AT_ONCE])
            if self._settings.archive:
                await self._wire.run(b"UID MOVE " + uids + b" " + quoted_folder(self._settings.archive))
            else:
                await self._wire.run(b"UID STORE " + uids + rb" +FLAGS.SILENT (\Deleted)")
                await self._wire.run(b"UID EXPUNGE " + uids)
        self._doomed = ()
        await self._wire.run(b"LOGOUT")
        self._connection.abort()

    async def close(self) -> None:
        """Drop the connection: what was marked is forgotten. Does no harm after commit."""
        self._connection.abort()


async def _demand_safe_removal(wire: Wire) -> None:
    capabilities: set[bytes] = set()
    for text, _ in await wire.run(b"CAPABILITY"):
        if text.upper().startswith(b"* CAPABILITY "):
            capabilities.update(text.upper().split()[2:])
    archive = wire.connection.settings.archive
    if archive and b"MOVE" not in capabilities:
        raise wire.connection.fail("settings", "The server cannot move mails: leave the archive empty.")
    if not archive and b"UIDPLUS" not in capabilities:
        message = "The server cannot delete single mails safely (no UIDPLUS): use POP3, or set an archive."
        raise wire.connection.fail("settings", message)


async def _select(wire: Wire) -> str:
    """Open the folder for changes; its UIDVALIDITY."""
    folder = wire.connection.settings.folder
    command = b"SELECT " + quoted_folder(folder)
    found: re.Match[bytes] | None = None
    for text, _ in await wire.run(
        command, code="settings", advice=f"Check the name of the folder, {folder}."
    ):
        found = VALIDITY.search(text) or found
    if found is None:
        raise wire.connection.fail(
            "protocol", "The server names no UIDVALIDITY: its mails have no lasting ids."
        )
    return found[1].decode()


def fetched(response: Response) -> tuple[bytes, bytes] | None:
    """UID and body of a FETCH response that has both. A body may also come as a quoted string."""
    body = BODY.search(response.text)
    uid = UID.search(BODY.sub(b"", response.text))  # a quoted body may hold another one
    if not FETCHED.match(response.text) or uid is None or body is None:
        return None
    if response.literals:
        return uid[1], response.literals[0]
    return uid[1], re.sub(rb"\\(.)", rb"\1", body[1] or b"")


def uid_of(item: Item) -> bytes:
    return item.uid.rpartition(".")[2].encode()


def uid_set(items: Iterable[Item]) -> bytes:
    return b",".join(uid_of(item) for item in items)
