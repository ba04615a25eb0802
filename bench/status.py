"""From the office's click to the partner's acceptance, beside a bare publish → consume through RabbitMQ."""

import asyncio
import statistics
import tempfile
import time
from pathlib import Path
from typing import Any, BinaryIO

import aio_pika
import httpx
import uvloop

from bench.fleet import Fleet, fleet, free_port, process_of, wait_for

CHANGES = 300


def run(changes: int = CHANGES) -> dict[str, Any]:
    """Milliseconds, one change at a time."""
    port = free_port()
    ledger = Path(tempfile.mkdtemp(prefix="bench.")) / "ledger.jsonl"
    with (
        process_of("simulators", {}, "serve", "--port", str(port), "--ledger", str(ledger)),
        fleet(["dispatch"]) as system,
    ):
        partner = f"http://127.0.0.1:{port}"
        wait_for(f"{partner}/readyz")
        status = uvloop.run(_changes(system, partner, ledger, changes))
        bare = uvloop.run(_bare(system.rabbitmq.url(), changes))
    ratio = {name: status[name] / bare[name] for name in ("p50_ms", "p99_ms")}
    return {"status_to_accepted": status, "bare_publish_consume": bare, "ratio": ratio}


async def _changes(system: Fleet, partner: str, ledger: Path, changes: int) -> dict[str, float]:
    headers = dict(system.http("dispatch").headers)
    async with httpx.AsyncClient(base_url=system.addresses["dispatch"], headers=headers) as http:
        account = {"adapter": "myservicecentral", "url": f"{partner}/updates", "company_id": "bench"}
        account |= {"user_id": "bench", "password": "bench"}
        answer = await http.put("/v1/partner-accounts/ahs", json=account, headers={"If-Match": '"0"'})
        answer.raise_for_status()
        made = await http.post("/v1/dispatches", json={"partner": "ahs", "number": "40000001"})
        path = f"/v1/dispatches/{made.raise_for_status().json()['id']}/status"
        took: list[float] = []
        with ledger.open("rb") as lines:
            await _booked(lines)  # the new dispatch's own first status
            for number in range(changes):
                started = time.perf_counter()
                status = {"status": ("Working", "Call Again")[number % 2]}
                (await http.put(path, json=status)).raise_for_status()
                await _booked(lines)
                took.append((time.perf_counter() - started) * 1e3)
    return _percentiles(took)


async def _booked(ledger: BinaryIO) -> None:
    """Waits for the partner's next line: it books an update before it answers."""
    async with asyncio.timeout(30):
        while not ledger.readline().endswith(b"\n"):
            await asyncio.sleep(0.0005)


async def _bare(url: str, count: int) -> dict[str, float]:
    connection = await aio_pika.connect(url)
    channel = await connection.channel()
    queue = await channel.declare_queue("bench", durable=True, arguments={"x-queue-type": "quorum"})
    arrived: asyncio.Queue[float] = asyncio.Queue()

    async def consumed(message: aio_pika.abc.AbstractIncomingMessage) -> None:
        arrived.put_nowait(time.perf_counter())
        await message.ack()

    await queue.consume(consumed)
    took: list[float] = []
    for _ in range(count):
        message = aio_pika.Message(bytes(2048), delivery_mode=aio_pika.DeliveryMode.PERSISTENT)
        started = time.perf_counter()
        await channel.default_exchange.publish(message, "bench")
        took.append((await arrived.get() - started) * 1e3)
    await connection.close()
    return _percentiles(took)


def _percentiles(took: list[float]) -> dict[str, float]:
    return {"p50_ms": statistics.median(took), "p99_ms": statistics.quantiles(took, n=100)[98]}
