"""Whatever happens in whatever order: our books are the gateway's."""

import os
from pathlib import Path

import pytest
from gateway import Clock
from harness import at_work, client
from interleavings import Story
from payments.service import service

GATEWAYS = {"sandbox": 8_000, "merchantware": 1_000, "paypal": 1_000}
"""At the first everything can happen; the second knows no repeats, the third takes money only when we ask."""
MORE = [("sandbox", first) for first in range(50, 200, 50)]


async def tell(gateway: str, folder: Path, monkeypatch: pytest.MonkeyPatch, seeds: range) -> None:
    async with (
        at_work(service, f"sqlite+aiosqlite:///{folder}/payments.db") as run,
        client(run, "office.admin") as office,
    ):
        story = Story(gateway, run, office, folder / "gateway", Clock(monkeypatch))
        await story.open()
        for seed in seeds:
            try:
                await story.tell(seed)
                await story.check()
            except AssertionError as error:
                raise AssertionError(f"interleaving {seed} at {gateway}: {error}") from error


@pytest.mark.timeout(300)
@pytest.mark.parametrize(("gateway", "first"), [*((name, 0) for name in GATEWAYS), *MORE])
async def test_random_interleavings(
    gateway: str, first: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    await tell(gateway, tmp_path, monkeypatch, range(first, first + 50))


@pytest.mark.soak
@pytest.mark.parametrize(("gateway", "times"), GATEWAYS.items())
async def test_ten_thousand_interleavings(
    gateway: str, times: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = int(os.environ.get("SOAK_SEED", "1000"))
    await tell(gateway, tmp_path, monkeypatch, range(first, first + times))
