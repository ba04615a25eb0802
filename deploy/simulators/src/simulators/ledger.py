"""What a simulated partner was told: a file of JSON lines that outlives it. A line is on the disk before its
request is answered, so that the two sides' ledgers can be held against each other after any crash."""

import asyncio
import os
from collections import deque
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict
from pydantic.alias_generators import to_camel

from simulators.behaviour import Mode

SHOWN = 5000


class Entry(BaseModel):
    """One request and what was decided. `booked`: the partner holds the update, whatever it answered.
    `repeat`: it held one with that id already. `problem`: why the request could not be read."""

    model_config = ConfigDict(alias_generator=to_camel, populate_by_name=True)

    at: datetime
    update_id: str | None = None
    dispatch_id: str | None = None
    status_code: str | None = None
    status_name: str | None = None
    status_date_time: str | None = None
    note: str | None = None
    company_id: str | None = None
    user_id: str | None = None
    decision: Mode | Literal["invalid"]
    status: int
    booked: bool = False
    repeat: bool = False
    problem: str | None = None


class Ledger:
    """Append only. `entries` are the newest ones, oldest first."""

    def __init__(self, path: Path) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch()
        self.entries: deque[Entry] = deque(maxlen=SHOWN)
        self._path = path
        self._booked: set[str] = set()
        self._lock = asyncio.Lock()
        whole = 0
        for line in path.read_bytes().splitlines(keepends=True):
            if line.endswith(b"\n"):  # a line without its end was cut by a crash and never answered
                self._remember(Entry.model_validate_json(line))
                whole += len(line)
        os.truncate(path, whole)

    async def add(self, decide: Callable[[set[str]], Entry]) -> Entry:
        """Books what `decide` makes of the ids that are booked already; one at a time."""
        async with self._lock:
            entry = decide(self._booked)
            await asyncio.to_thread(self._write, entry)
            self._remember(entry)
        return entry

    def _write(self, entry: Entry) -> None:
        with self._path.open("ab") as file:
            file.write(entry.model_dump_json(by_alias=True, exclude_none=True).encode() + b"\n")
            file.flush()
            os.fsync(file.fileno())

    def _remember(self, entry: Entry) -> None:
        self.entries.append(entry)
        if entry.booked and entry.update_id is not None:
            self._booked.add(entry.update_id)
