"""Raw mails on this machine: an mbox file, a Maildir, a folder of .eml files, or one such file."""

import mailbox
import re
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from mail_ingest.parsing import headers

_OF_A_MAIL = {"from", "date", "received", "message-id", "return-path", "subject", "to"}
_ESCAPED = re.compile(rb"^>(>*From )", re.MULTILINE)


class Source(NamedTuple):
    """`mails` yields name and bytes of each, always in the same order."""

    kind: str
    total: int
    mails: Iterator[tuple[str, bytes]]


def open_source(path: Path) -> Source:
    """Raises ValueError, which says what it can be, or OSError."""
    if path.is_dir():
        maildir = all((path / name).is_dir() for name in ("cur", "new"))
        names = (
            [f for folder in ("new", "cur") for f in (path / folder).iterdir()]
            if maildir
            else path.rglob("*.eml")
        )
        files = sorted((file for file in names if file.is_file()), key=lambda file: (file.name, file))
        if not files:
            raise ValueError(f"{path} is neither a Maildir with mails nor a folder of .eml files.")
        return Source("Maildir" if maildir else "folder", len(files), _files(files))
    with path.open("rb") as file:
        if file.read(5) == b"From ":
            box = mailbox.mbox(path, create=False)
            return Source("mbox", len(box), _mbox(box))
        file.seek(0)
        if not _looks_like_mail(file.read(headers.MAX_HEADER_BYTES)):
            raise ValueError(f"{path} is no mail: it does not begin with a header such as From or Date.")
    return Source("mail", 1, _files([path]))


def _looks_like_mail(start: bytes) -> bool:
    fields, _ = headers.read(start)
    return not _OF_A_MAIL.isdisjoint(name for name, _ in fields)


def _files(files: list[Path]) -> Iterator[tuple[str, bytes]]:
    for file in files:
        yield str(file), file.read_bytes()


def _mbox(box: mailbox.mbox) -> Iterator[tuple[str, bytes]]:
    """Lines that begin with From stand escaped in an mbox."""
    try:
        for key in box.keys():  # noqa: SIM118  # iterating over a mailbox parses each mail
            yield f"mail {key}", _ESCAPED.sub(rb"\1", box.get_bytes(key))
    finally:
        box.close()
