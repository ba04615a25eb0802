"""A Maildir folder: the mailbox of an installation without a mail server.

A delivered file never changes and only its name's flags do, so reading needs no lock."""

import asyncio
import os
from collections import deque
from collections.abc import AsyncGenerator, Iterable, Sequence
from itertools import islice
from pathlib import Path

from mail_ingest.mailbox.values import Item, Mail, MailboxError, MailboxSettings, Step, oversize

AT_ONCE = 64  # files


async def open_session(settings: MailboxSettings, steps: list[Step]) -> "MaildirSession":
    """Raises MailboxError when the folder is not a Maildir that can be read and emptied."""
    await asyncio.to_thread(_check, Path(settings.path))
    steps.append(Step("connect", True, settings.path))
    return MaildirSession(settings)


class MaildirSession:
    """The same calls as for a mail server; the `uid` is the file's name without its flags."""

    def __init__(self, settings: MailboxSettings) -> None:
        self._settings = settings
        self._places: dict[str, Path] = {}
        self._doomed: deque[Path] = deque()

    async def list(self) -> list[Item]:
        """All mails, oldest first (by file name, which starts with the time of delivery)."""
        found = await asyncio.to_thread(_scan, Path(self._settings.path))
        self._places = {uid: place for uid, (place, _) in found}
        return [Item(uid, size, number) for number, (uid, (_, size)) in enumerate(found, 1)]

    async def fetch(self, items: Sequence[Item]) -> AsyncGenerator[Mail]:
        """The mails in the order of `items`, read in a thread some at a time."""
        remaining = iter(items)
        while batch := list(islice(remaining, AT_ONCE)):
            for mail in await asyncio.to_thread(self._read_all, batch):
                yield mail

    async def delete(self, items: Sequence[Item]) -> Sequence[Item]:
        """Mark for deletion at commit."""
        self._doomed.extend(self._places[item.uid] for item in items)
        return []

    async def commit(self) -> None:
        """Remove the marked files. When this raises, some may be gone and some not."""
        try:
            await asyncio.to_thread(_remove, self._doomed)
        except OSError as error:
            raise MailboxError("server", f"A mail cannot be removed: {error}", step="commit") from error
        self._doomed.clear()

    async def close(self) -> None:
        """Forget what was marked."""
        self._doomed.clear()

    def _read_all(self, items: Sequence[Item]) -> Sequence[Mail]:
        return [self._read(item) for item in items]

    def _read(self, item: Item) -> Mail:
        if item.size > self._settings.max_bytes:
            return Mail(item, b"", oversize(item, self._settings))
        try:
            return Mail(item, self._places[item.uid].read_bytes())
        except OSError as error:
            message = f"The mail cannot be read: {error}"
            return Mail(item, b"", MailboxError("refused", message, step="fetch", item=item))


def _check(path: Path) -> None:
    for name in ("new", "cur"):
        folder = path / name
        if not folder.is_dir():
            message = f"{path} is not a Maildir: it has no folder {name!r}. Set the path of one that exists."
            raise MailboxError("settings", message, step="connect")
        if not os.access(folder, os.R_OK | os.W_OK | os.X_OK):
            message = f"{folder} may not be read and emptied by this program: change its owner or its mode."
            raise MailboxError("settings", message, step="connect")


def _scan(path: Path) -> list[tuple[str, tuple[Path, int]]]:
    found: dict[str, tuple[Path, int]] = {}
    for name in ("new", "cur"):
        with os.scandir(path / name) as entries:
            for entry in entries:
                if not entry.name.startswith(".") and entry.is_file(follow_symlinks=False):
                    uid = entry.name.partition(":")[0]
                    found[uid] = (Path(entry.path), entry.stat(follow_symlinks=False).st_size)
    return sorted(found.items())


def _remove(places: Iterable[Path]) -> None:
    for place in places:
        place.unlink(missing_ok=True)
    for folder in {place.parent for place in places}:
        descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
