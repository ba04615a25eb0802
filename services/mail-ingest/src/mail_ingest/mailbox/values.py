"""What goes into and comes out of a mailbox reader, whatever the protocol."""

from dataclasses import dataclass
from typing import Literal, NamedTuple

from pydantic import BaseModel, ConfigDict, Field, SecretStr

Code = Literal[
    "settings",  # cannot work as set
    "unreachable",  # no such host, or nobody listens there
    "tls",
    "auth",
    "busy",  # in use by another session, or asked too often: the next poll may succeed
    "server",  # the server says that it cannot now
    "protocol",  # not what the protocol allows
    "timeout",
    "cut",  # the connection ended
    "oversize",  # one mail: larger than max_bytes
    "refused",  # one mail: the server would not hand it out
    "short",  # one mail: far fewer bytes came than the server had announced
]


class MailboxSettings(BaseModel):
    """Where the mail is. `path` is for kind maildir, the rest for the other two."""

    model_config = ConfigDict(frozen=True)

    kind: Literal["pop3", "imap", "maildir"] = "pop3"
    host: str = ""
    port: int = Field(default=110, ge=1, le=65535)
    user: str = ""
    password: SecretStr = SecretStr("")
    security: Literal["none", "ssl", "starttls"] = "none"
    ca_file: str | None = None
    """A PEM file with one more authority that may sign the server's certificate."""
    timeout: float = Field(default=30, gt=0)
    """Seconds of silence after which the server counts as dead."""
    max_bytes: int = Field(default=50_000_000, gt=0)
    """Larger mails stay on the server and are reported: no one read holds more than this in memory."""
    folder: str = "INBOX"
    """The IMAP folder that is read."""
    archive: str = ""
    """An IMAP folder that takes what is done with, instead of deleting it."""
    careful: bool = False
    """Over POP3, each mail is known to be in step before the next is asked for: slow, and after a break it
    shows which mail it was."""
    path: str = ""
    allow_private_hosts: bool = True
    """Whether the server may be on a private or loopback address; link-local ones are always refused."""


class Item(NamedTuple):
    """One mail on the server. `uid` is the server's name for it, the same in later sessions (empty when a
    POP3 server has none); `size` in bytes as the server counts; `number` counts from 1, in this session
    only."""

    uid: str
    size: int
    number: int


class MailboxError(Exception):
    """What failed, at which step, and what to do about it. Holds no password. `item` is the mail it was
    about: the next session does well to read it last, so that it does not stop those behind it. `unsure` are
    mails that had come whole when it happened, and that nothing vouches for yet."""

    def __init__(self, code: Code, message: str, *, step: str, item: Item | None = None) -> None:
        super().__init__(message)
        self.code: Code = code
        self.step = step
        self.item = item
        self.unsure: tuple[Mail, ...] = ()


class Mail(NamedTuple):
    """One fetched mail: `raw` byte for byte as the server has it. With an `error` it is not whole: it must
    be neither stored as the mail nor deleted."""

    item: Item
    raw: bytes
    error: MailboxError | None = None


@dataclass(frozen=True)
class Step:
    """One step of opening a mailbox: resolve, connect, tls, greeting, login, list."""

    name: str
    ok: bool
    detail: str


@dataclass(frozen=True)
class Report:
    """The steps up to the first that failed."""

    ok: bool
    steps: tuple[Step, ...]


def printable(said: bytes, secret: str) -> str:
    """What a server said, fit to be shown: one short line, no control characters, no password."""
    text = said.decode("utf-8", "replace")
    if secret:
        text = text.replace(secret, "***")
    return "".join(character if character.isprintable() else " " for character in text)[:200].strip()


def too_short(item: Item, received: int) -> bool:
    """Whether far more is missing than servers miscount. Some count line ends as one byte, some estimate;
    the lone dot says where a mail ends. What was announced is a hint, and counts where next to nothing came:
    some servers break off at a lone dot within the mail."""
    return received < item.size // 4


def short(item: Item, received: int) -> MailboxError:
    message = (
        f"The server announced {item.size} bytes and sent {received}. The mail stays in the mailbox; look at"
        " it there, and whether the server is in order."
    )
    return MailboxError("short", message, step="fetch", item=item)


def oversize(item: Item, settings: MailboxSettings) -> MailboxError:
    message = (
        f"The mail has {item.size} bytes, more than the {settings.max_bytes} that are read. It stays in the"
        " mailbox: move it by hand, or raise the limit."
    )
    return MailboxError("oversize", message, step="fetch", item=item)
