"""One forward that cannot be written, or that nobody takes, holds up no other."""

import asyncio
from pathlib import Path
from typing import Any

import pytest
from harness import at_work, client
from letters import headed
from localservers import SmtpSink
from mail_ingest import forward
from mail_ingest.service import service as mail_ingest

MAILBOX = {"name": "office", "kind": "maildir", "error_to": "error@contractor.example", "poll_seconds": 5}


async def test_a_forward_that_cannot_be_written_waits_for_a_person(
    tmp_path: Path, smtp_sink: SmtpSink, monkeypatch: pytest.MonkeyPatch
) -> None:
    compose = forward.compose

    def choosy(raw: bytes, **about: Any) -> tuple[bytes, str]:
        if b"poison" in raw:
            raise LookupError("unknown encoding")
        return compose(raw, **about)

    monkeypatch.setattr(forward, "compose", choosy)
    mails = [headed(text) for text in (b"first\r\n", b"poison\r\n", b"last\r\n")]
    folder = tmp_path / "mailbox"
    for name in ("new", "cur", "tmp"):
        (folder / name).mkdir(parents=True)
    for number, mail in enumerate(mails):
        (folder / "new" / f"{1_760_000_000 + number}.test").write_bytes(mail)
    smtp = {"smtp_host": "127.0.0.1", "smtp_port": smtp_sink.port, "smtp_security": "none"}
    url = f"sqlite+aiosqlite:///{tmp_path}/mail.db"
    async with (
        at_work(mail_ingest, url, loops=True, lease_seconds=0.2, **smtp) as running,
        client(running, "office.admin") as http,
        asyncio.timeout(20),
    ):
        (await http.post("/v1/mailboxes", json={**MAILBOX, "path": str(folder)})).raise_for_status()
        while not (failed := await waiting_for_a_person(http)):
            await asyncio.sleep(0.05)
        await asyncio.to_thread(smtp_sink.wait_for, 2)
        await asyncio.sleep(0.5)  # two leases: what went out would go out again
    assert "LookupError" in failed[0]["forward_error"]
    assert len(smtp_sink.messages) == 2


async def waiting_for_a_person(http: Any) -> list[dict[str, Any]]:
    log = (await http.get("/v1/mails")).json()["items"]
    return [mail for mail in log if mail["forward"] == "failed"]
