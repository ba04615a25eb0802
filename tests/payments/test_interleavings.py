"""Whatever happens in whatever order: what the gateway's ledger holds and what our books say are one."""

import asyncio
import os
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import aiosqlite.core
import pytest
from gateway import Clock
from harness import at_work, client
from interleavings import Story
from payments.service import service

RUNS = {"sandbox": 60, "merchantware": 40, "stripe": 40, "paypal": 60}
SOAK = {"sandbox": 4_000, "merchantware": 2_000, "stripe": 2_000, "paypal": 2_000}


@pytest.fixture
def memory() -> Iterator[Path]:
    """A folder in memory: nothing here is about what a disk keeps."""
    place = Path("/dev/shm")
    folder = Path(tempfile.mkdtemp(prefix="stories-", dir=place if place.is_dir() else None))
    yield folder
    shutil.rmtree(folder)


class AtOnce:
    """What aiosqlite hands to a thread is done here and now: faster, and the same order of events for
    the same seed. Others still get their turn between two statements."""

    def put_nowait(self, job: Any) -> None:
        future, function = job
        try:
            answer = (future.set_result, function())
        except Exception as error:
            answer = (future.set_exception, error)
        if future is not None:
            asyncio.get_running_loop().call_soon(*answer)

    def get(self) -> Any:
        return None, lambda: aiosqlite.core._STOP_RUNNING_SENTINEL  # the thread has nothing to do


def without_threads(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(aiosqlite.core, "SimpleQueue", AtOnce)


async def tell(gateway: str, folder: Path, monkeypatch: pytest.MonkeyPatch, seeds: range) -> None:
    without_threads(monkeypatch)
    async with (
        at_work(service, f"sqlite+aiosqlite:///{folder}/payments.db") as run,
        client(run, "office.admin") as office,
    ):
        story = Story(gateway, run, office, folder / "gateway", Clock(monkeypatch))
        await story.open(monkeypatch)
        for seed in seeds:
            try:
                await story.tell(seed)
            except Exception as error:
                steps = "\n  ".join(story.told)
                raise AssertionError(f"story {seed} at {gateway}: {error}\n  {steps}") from error


@pytest.mark.timeout(300)
@pytest.mark.parametrize(("gateway", "times"), RUNS.items())
async def test_stories(gateway: str, times: int, memory: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    await tell(gateway, memory, monkeypatch, range(times))


@pytest.mark.soak
@pytest.mark.parametrize(("gateway", "times"), SOAK.items())
async def test_ten_thousand_stories(
    gateway: str, times: int, memory: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = int(os.environ.get("SOAK_SEED", "1000"))
    await tell(gateway, memory, monkeypatch, range(first, first + times))
