"""What a real mail server delivers to the office holds the original, byte for byte."""

import asyncio
from email import message_from_bytes
from email.header import decode_header, make_header
from pathlib import Path
from typing import Any

from harness import at_work, client
from localservers import Exim
from localservers.exim import PASSWORD, USER
from mail_ingest.service import service as mail_ingest

# What servers on the way like to change: dots, bare line feeds and returns, NULs, 8-bit text, long lines.
NASTY = (
    b"From: somebody@example.com\r\nSubject: =?utf-8?q?caf=C3=A9?=\r\n\r\n"
    b".\r\n..\r\nFrom here\r\nbare\nfeed\rreturn \t \r\n"
    + bytes(range(256))
    + b"\r\n"
    + b"x" * 5000
    + b"\n\n"
)


async def test_the_original_arrives_through_a_real_mail_server(exim: Exim, tmp_path: Path) -> None:
    folder = tmp_path / "mailbox"
    for name in ("new", "cur", "tmp"):
        (folder / name).mkdir(parents=True)
    (folder / "new" / "1.test").write_bytes(NASTY)
    settings: dict[str, Any] = {
        "smtp_host": "127.0.0.1",
        "smtp_port": exim.port,
        "smtp_security": "starttls",
        "smtp_ca_file": str(exim.certificate),
        "smtp_user": USER,
        "smtp_password": PASSWORD,
    }
    mailbox = {
        "name": "office",
        "kind": "maildir",
        "path": str(folder),
        "error_to": "error@contractor.example",
    }
    url = f"sqlite+aiosqlite:///{tmp_path}/mail.db"
    async with (
        at_work(mail_ingest, url, loops=True, **settings) as running,
        client(running, "office.admin") as http,
        asyncio.timeout(30),
    ):
        (await http.post("/v1/mailboxes", json=mailbox)).raise_for_status()
        while not (forwarded := forwards_of(exim, NASTY)):
            await asyncio.sleep(0.1)
    [message] = forwarded
    assert str(make_header(decode_header(message["Subject"]))) == "Unable to process café"
    assert message["Auto-Submitted"] == "auto-forwarded"
    assert list(folder.glob("*/*")) == []


def forwards_of(exim: Exim, raw: bytes) -> list[Any]:
    """The delivered mails that carry these very bytes."""
    found = [message_from_bytes(delivered) for delivered in exim.delivered()]
    return [
        message
        for message in found
        if message.is_multipart() and message.get_payload()[1].get_payload(decode=True) == raw
    ]
