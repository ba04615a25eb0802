"""Whatever happens in whatever order: our books are the gateway's."""

import os
from pathlib import Path

import pytest
from gateway import Clock
from harness import at_work, client
from interleavings import Story
from payments.service import service


async def tell(folder: Path, monkeypatch: pytest.MonkeyPatch, seeds: range) -> None:
    async with (
        at_work(service, f"sqlite+aiosqlite:///{folder}/payments.db") as run,
        client(run, "office.admin") as office,
    ):
        story = Story(run, office, folder / "sandbox", Clock(monkeypatch))
        await story.open()
        for seed in seeds:
            try:
                await story.tell(seed)
                await story.check()
            except AssertionError as error:
                raise AssertionError(f"interleaving {seed}: {error}") from error


@pytest.mark.timeout(300)
@pytest.mark.parametrize("first", range(0, 300, 50))
async def test_random_interleavings(first: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    await tell(tmp_path, monkeypatch, range(first, first + 50))


@pytest.mark.soak
async def test_ten_thousand_interleavings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    first = int(os.environ.get("SOAK_SEED", "1000"))
    await tell(tmp_path, monkeypatch, range(first, first + 10_000))
