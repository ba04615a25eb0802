"""RabbitMQ: a durable topic exchange `events`, a quorum queue a service, dead letters in `<service>.dead`;
an installation that has a name has it before each of these.

Every service declares the queues of all hearers, so an event published before its hearer's first start waits
in a queue. A message is a JSON array of envelopes of one event name (CloudEvents batch format).
"""

import asyncio
from collections.abc import AsyncGenerator, Collection
from contextlib import suppress
from typing import TYPE_CHECKING, Any
from uuid import UUID

import structlog
from aio_pika.abc import AbstractConnection, AbstractIncomingMessage

from shared.broker import CONFIRM_SECONDS, Broker, close
from shared.bus import BusDown, DeadLetter
from shared.consumer import deliver
from shared.failures import is_outage
from shared.topology import DELIVERY_LIMIT, declare
from shared.wire import label, read, text_of

if TYPE_CHECKING:
    from shared.service import Running

log = structlog.get_logger()

PREFETCH = 20  # messages, each a batch of up to 250 events
EVENTS_A_TRANSACTION = 500


class RabbitBus:
    """One connection for publishing, one a consumer."""

    def __init__(self, url: str, installation: str = "") -> None:
        self._broker = Broker(url, installation)
        self._consuming: AbstractConnection | None = None

    def connected(self) -> bool:
        consuming = self._consuming is not None and not self._consuming.is_closed
        return consuming or self._broker.connected()

    async def publish(self, name: str, body: bytes, source: str) -> None:
        await self._broker.publish(name, body, source)

    async def consume(self, running: "Running[Any]") -> None:
        """One connection's life: returns when the service stops, raises when the connection is lost."""
        connection = self._consuming = await self._broker.connect()
        arrived: asyncio.Queue[AbstractIncomingMessage | None] = asyncio.Queue()
        try:
            async with asyncio.timeout(CONFIRM_SECONDS):  # a broker that is starting may never answer
                channel = await connection.channel()
                channel.close_callbacks.add(lambda *_: arrived.put_nowait(None))
                # a consumer that the broker cancels (its queue was deleted, say) leaves the channel open
                underlay = await channel.get_underlay_channel()
                underlay.on_consumer_cancel_callbacks.add(lambda _: arrived.put_nowait(None))
                await channel.set_qos(prefetch_count=PREFETCH)
                await declare(channel, self._broker.installation)
                if running.service.handlers.by_name:
                    queue = await channel.get_queue(self._broker.queue(running.name))
                    await queue.consume(arrived.put)
            await self._pump(running, arrived)
        finally:
            await close(connection)

    async def _pump(
        self, running: "Running[Any]", arrived: "asyncio.Queue[AbstractIncomingMessage | None]"
    ) -> None:
        while not running.stopping.is_set():
            messages: list[AbstractIncomingMessage] = []
            found: list[Any] = []
            running.heartbeats["consumer"] = asyncio.get_running_loop().time()
            with suppress(TimeoutError):
                messages.append(_alive(await asyncio.wait_for(arrived.get(), 1.0)))
            while messages:
                if not await self._open(running, messages[-1], found):
                    break
                if arrived.empty() or len(found) >= EVENTS_A_TRANSACTION:
                    break
                messages.append(_alive(arrived.get_nowait()))
            if found:
                await _until_the_database_is_back(running, found)
            if messages:
                await messages[-1].ack(multiple=True)

    async def _open(
        self, running: "Running[Any]", message: AbstractIncomingMessage, collected: list[Any]
    ) -> bool:
        """Adds what a message holds. A batch that keeps killing its consumer is split at last, out of order,
        so that only the event that does it goes on to the delivery limit; False ends the collecting."""
        found = read(message.body)
        killed = (message.headers or {}).get("x-delivery-count")
        if len(found) > 1 and isinstance(killed, int) and killed >= DELIVERY_LIMIT - 1:
            for each in found:
                await self._broker.send(self._broker.queue(running.name), each)
            return False
        collected += found
        return not message.redelivered

    async def bury(self, running: "Running[Any]", found: Any, reason: str) -> None:
        await self._broker.send(f"{self._broker.queue(running.name)}.dead", found, reason)

    async def dead_letters(self, running: "Running[Any]") -> list[DeadLetter]:
        lying = self._dead(running.name)
        return [
            DeadLetter(*label(each), reason, text_of(each))
            async for _, found, reason in lying
            for each in found
        ]

    async def replay(self, running: "Running[Any]", ids: Collection[UUID] | None = None) -> int:
        """What is not chosen of a message goes back to the dead letters before it is acknowledged."""
        queue, replayed = self._broker.queue(running.name), 0
        async for message, found, reason in self._dead(running.name):
            chosen = [ids is None or label(each)[0] in ids for each in found]
            if not any(chosen):
                continue
            for each, wanted in zip(found, chosen, strict=True):
                if wanted:
                    await self._broker.send(queue, each)
                else:
                    await self._broker.send(f"{queue}.dead", each, reason)
            await message.ack()
            replayed += sum(chosen)
        return replayed

    async def _dead(self, service: str) -> AsyncGenerator[tuple[AbstractIncomingMessage, list[Any], str]]:
        """Each message that lies there, what it holds, and why; what was not acknowledged goes back when the
        connection closes. All are taken first: what is replayed may soon be there again."""
        connection = await self._broker.connect()
        try:
            channel = await connection.channel()
            await declare(channel, self._broker.installation)
            queue = await channel.get_queue(f"{self._broker.queue(service)}.dead")
            lying: list[AbstractIncomingMessage] = []
            while (message := await queue.get(no_ack=False, fail=False)) is not None:
                lying.append(message)
            for message in lying:
                headers = message.headers or {}
                reason = headers.get("x-callboard-reason") or headers.get("x-first-death-reason") or ""
                yield message, read(message.body), str(reason)
        finally:
            await close(connection)

    async def close(self) -> None:
        await self._broker.drop()


def _alive(message: AbstractIncomingMessage | None) -> AbstractIncomingMessage:
    if message is None:
        raise BusDown("the channel was closed, or the broker ended the consumer")
    return message


async def _until_the_database_is_back(running: "Running[Any]", found: list[Any]) -> None:
    """Holds the batch through a database outage: giving it back would burn its delivery limit."""
    pause = 0.2
    while True:
        try:
            await deliver(running, found)
        except Exception as error:
            if not is_outage(error) or running.stopping.is_set():
                raise
            log.warning("consumer_waits_for_database", service=running.name, error=type(error).__name__)
        else:
            return
        await running.pause(pause, "consumer database")
        pause = min(pause * 2, 5.0)
