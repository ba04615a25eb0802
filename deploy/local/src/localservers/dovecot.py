"""Dovecot: POP3 and IMAP, plain, SSL and STARTTLS, over Maildirs that a test fills and reads."""

import itertools
import os
import shutil
from collections.abc import Iterable
from pathlib import Path

from localservers.certificates import self_signed
from localservers.ports import greets
from localservers.process import Server
from localservers.programs import program

PASSWORD = "pw"  # noqa: S105  (every account of this server has it)

CONFIGURATION = """
base_dir = {folder}/run
state_dir = {folder}/state
log_path = {folder}/dovecot.log
listen = 127.0.0.1
protocols = pop3 imap
default_internal_user = {user}
default_internal_group = {group}
default_login_user = {user}
ssl = yes
ssl_cert = <{certificate}
ssl_key = <{key}
disable_plaintext_auth = no
auth_mechanisms = plain login
auth_failure_delay = 0
mail_location = maildir:~/Maildir
mail_max_userip_connections = 200
first_valid_uid = 1
passdb {{
  driver = static
  args = password={password}
}}
userdb {{
  driver = static
  args = uid={user} gid={group} home={folder}/mail/%u
}}
service anvil {{
  chroot =
  unix_listener anvil-auth-penalty {{
    mode = 0
  }}
}}
service stats {{
  chroot =
}}
service pop3-login {{
  chroot =
  service_count = 0
  inet_listener pop3 {{
    port = {pop3}
  }}
  inet_listener pop3s {{
    port = {pop3s}
    ssl = yes
  }}
}}
service imap-login {{
  chroot =
  service_count = 0
  inet_listener imap {{
    port = {imap}
  }}
  inet_listener imaps {{
    port = {imaps}
    ssl = yes
  }}
}}
{settings}
"""


class Dovecot(Server):
    """Any user name logs in with PASSWORD and has an own mailbox. `settings` is more of dovecot.conf."""

    def __init__(
        self,
        *,
        folder: Path | None = None,
        pop3: int = 0,
        pop3s: int = 0,
        imap: int = 0,
        imaps: int = 0,
        settings: str = "",
    ) -> None:
        self._program = program("/usr/sbin/dovecot", package="dovecot-pop3d dovecot-imapd")
        super().__init__(folder=folder)
        self.pop3, self.pop3s, self.imap, self.imaps = map(self.reserve_port, (pop3, pop3s, imap, imaps))
        self.certificate = self.folder / "cert.pem"
        self._settings = settings
        self._names = itertools.count(1)

    def prepare(self) -> None:
        files = self_signed(self.folder)
        for name in ("run", "state", "mail"):
            (self.folder / name).mkdir()
        (self.folder / "dovecot.conf").write_text(
            CONFIGURATION.format(
                folder=self.folder,
                user=self.account.pw_name,
                group=self.group,
                certificate=files.certificate,
                key=files.key,
                password=PASSWORD,
                pop3=self.pop3,
                pop3s=self.pop3s,
                imap=self.imap,
                imaps=self.imaps,
                settings=self._settings,
            )
        )

    def command(self) -> list[str]:
        return [self._program, "-F", "-c", str(self.folder / "dovecot.conf")]

    def is_ready(self) -> bool:
        return greets(self.pop3, b"+OK") and greets(self.imap, b"* OK")

    def new_user(self) -> str:
        """A user name whose mailbox nobody has used."""
        return f"user{next(self._names)}"

    def maildir(self, user: str) -> Path:
        return self.folder / "mail" / user / "Maildir"

    def deliver(self, user: str, messages: Iterable[bytes]) -> None:
        """Put messages into the user's mailbox, in this order."""
        maildir = self.maildir(user)
        for name in ("cur", "new", "tmp"):
            (maildir / name).mkdir(parents=True, exist_ok=True)
        self.give_away(maildir.parent)
        for message in messages:
            # Maildir names sort by time of arrival; the counter keeps the order within a second.
            name = f"{next(self._names):012d}.M1P1.localhost,S={len(message)}"
            (maildir / "tmp" / name).write_bytes(message)
            shutil.chown(maildir / "tmp" / name, self.account.pw_uid, self.account.pw_gid)
            os.rename(maildir / "tmp" / name, maildir / "new" / name)

    def messages(self, user: str, *, folder: str = "") -> list[bytes]:
        """What is in the mailbox (or in one of its folders, such as "Done") now, oldest first."""
        maildir = self.maildir(user) / (f".{folder}" if folder else "")
        files = sorted([*maildir.glob("new/*"), *maildir.glob("cur/*")], key=lambda file: file.name)
        try:
            return [file.read_bytes() for file in files]
        except FileNotFoundError:  # the server moved one from `new` to `cur` meanwhile
            return self.messages(user, folder=folder)
