"""Answers those who lost their password."""

from typing import Any

from shared.service import Running
from sqlalchemy import select

from portal_api.flows.resets import BATCH, answer
from portal_api.models.accounts import reset_request

_LOOK = 2.0  # seconds between two looks for wishes


async def answer_resets(running: Running[Any]) -> None:
    while not running.stopping.is_set():
        async with running.database.read() as read:  # an empty look must not lock out SQLite's writers
            waiting = (await read.execute(select(reset_request.c.id).limit(1))).first() is not None
        if waiting:
            async with running.work() as work:
                if await answer(work) == BATCH:
                    continue
        await running.pause(_LOOK, "answer_resets")
