"""Keeps the signing keys fresh."""

from typing import Any

from shared.service import Running

from portal_api.flows.keys import keep_fresh

_SECONDS = 60.0


async def rotate_signing_keys(running: Running[Any]) -> None:
    while not running.stopping.is_set():
        async with running.work() as work:
            await keep_fresh(work, days=running.settings.signing_key_days)
        await running.pause(_SECONDS, "rotate_signing_keys")
