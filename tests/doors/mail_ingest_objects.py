"""One of everything that a path of the mail-ingest service names."""

from typing import Any

from harness import client
from shared.db import uuid7
from shared.service import Running


async def make(running: Running[Any]) -> dict[str, str]:
    async with client(running, "office.admin") as office:
        box = {"name": "AHS", "kind": "maildir", "enabled": False}
        mailbox = (await office.post("/v1/mailboxes", json=box)).json()["id"]
        mail = await office.post(
            "/v1/mails", params={"mailbox_id": mailbox}, content=f"Subject: {uuid7()}\r\n\r\n"
        )
        return {
            "/v1/mailboxes/{mailbox_id}": mailbox,
            "/v1/mails/{mail_id}": mail.json()["id"],
            "?mailbox_id": mailbox,
        }
