"""RabbitMQ: a durable topic exchange `events`, a quorum queue a service, dead letters in `<service>.dead`.

Every service declares the queues of all hearers, so an event published before its hearer's first start waits
in a queue. A message is a JSON array of envelopes of one event name (CloudEvents batch format).
"""

import asyncio
from collections.abc import AsyncGenerator, Sequence
from contextlib import suppress
from typing import TYPE_CHECKING, Any
from uuid import UUID

import aio_pika
import pydantic_core
import structlog
from aio_pika.abc import AbstractChannel, AbstractConnection, AbstractExchange, AbstractIncomingMessage
from aio_pika.exceptions import AMQPException

from shared.bus import BusDown, DeadLetter
from shared.consumer import deliver
from shared.db import uuid7
from shared.events import Event
from shared.failures import is_outage
from shared.topology import DELIVERY_LIMIT, declare

if TYPE_CHECKING:
    from shared.service import Running

log = structlog.get_logger()

CONTENT_TYPE = "application/cloudevents-batch+json"
PREFETCH = 20  # messages, each a batch of up to 250 events
EVENTS_A_TRANSACTION = 500
CONNECT_SECONDS = 5.0
CONFIRM_SECONDS = 15.0


class RabbitBus:
    """One connection for publishing, one a consumer. A connection that failed in any way is dropped whole:
    after a protocol error nothing on it can be trusted."""

    def __init__(self, url: str) -> None:
        self._url = url + ("&" if "?" in url else "?") + "heartbeat=10"
        self._exchange: AbstractExchange | None = None
        self._channel: AbstractChannel | None = None
        self._connection: AbstractConnection | None = None
        self._consuming: AbstractConnection | None = None
        self._connecting = asyncio.Lock()

    def connected(self) -> bool:
        return any(not one.is_closed for one in (self._connection, self._consuming) if one is not None)

    async def publish(self, name: str, body: bytes, source: str) -> None:
        message = aio_pika.Message(
            body,
            content_type=CONTENT_TYPE,
            delivery_mode=aio_pika.DeliveryMode.PERSISTENT,
            message_id=str(uuid7()),
            type=name,
            app_id=source,
        )
        try:
            exchange = await self._publisher()
            # unroutable must be an error for an event that somebody has to hear
            mandatory = bool(Event.registry[name].heard_by)
            await exchange.publish(message, name, mandatory=mandatory, timeout=CONFIRM_SECONDS)
        except (AMQPException, OSError, RuntimeError, TimeoutError, asyncio.CancelledError) as error:
            await self._drop()
            if isinstance(error, asyncio.CancelledError):
                raise
            raise BusDown(type(error).__name__) from error

    async def consume(self, running: "Running[Any]") -> None:
        """One connection's life: returns when the service stops, raises when the connection is lost."""
        connection = self._consuming = await self._connect()
        arrived: asyncio.Queue[AbstractIncomingMessage | None] = asyncio.Queue()
        try:
            async with asyncio.timeout(CONFIRM_SECONDS):  # a broker that is starting may never answer
                channel = await connection.channel()
                channel.close_callbacks.add(lambda *_: arrived.put_nowait(None))
                await channel.set_qos(prefetch_count=PREFETCH)
                await declare(channel)
                if running.service.handlers.by_name:
                    queue = await channel.get_queue(running.name)
                    await queue.consume(arrived.put)
            await self._pump(running, arrived)
        finally:
            await _close(connection)

    async def _pump(
        self, running: "Running[Any]", arrived: "asyncio.Queue[AbstractIncomingMessage | None]"
    ) -> None:
        while not running.stopping.is_set():
            messages: list[AbstractIncomingMessage] = []
            envelopes: list[dict[str, Any]] = []
            running.heartbeats["consumer"] = asyncio.get_running_loop().time()
            with suppress(TimeoutError):
                messages.append(_alive(await asyncio.wait_for(arrived.get(), 1.0)))
            while messages:
                if not await self._open(running, messages[-1], envelopes):
                    break
                if arrived.empty() or len(envelopes) >= EVENTS_A_TRANSACTION:
                    break
                messages.append(_alive(arrived.get_nowait()))
            if envelopes:
                await _until_the_database_is_back(running, envelopes)
            if messages:
                await messages[-1].ack(multiple=True)

    async def _open(
        self, running: "Running[Any]", message: AbstractIncomingMessage, envelopes: list[dict[str, Any]]
    ) -> bool:
        """Adds a message's envelopes. A batch that keeps killing its consumer is split at last, out of order,
        so that only the event that does it goes on to the delivery limit; False ends the collecting."""
        found = pydantic_core.from_json(message.body)
        killed = int((message.headers or {}).get("x-delivery-count") or 0)  # pyright: ignore[reportArgumentType]
        if len(found) > 1 and killed >= DELIVERY_LIMIT - 1:
            for envelope in found:
                await self._send(running.name, envelope, {})
            return False
        envelopes += found
        return not message.redelivered

    async def bury(self, running: "Running[Any]", envelope: dict[str, Any], reason: str) -> None:
        await self._send(f"{running.name}.dead", envelope, {"x-callboard-reason": reason})

    async def dead_letters(self, running: "Running[Any]") -> list[DeadLetter]:
        return [letter async for letter, _ in self._dead(running)]

    async def replay(self, running: "Running[Any]", ids: Sequence[UUID]) -> int:
        replayed = 0
        async for letter, message in self._dead(running):
            if letter.id in ids:
                await self._send(running.name, pydantic_core.from_json(letter.body), {})
                await message.ack()
                replayed += 1
        return replayed

    async def _dead(
        self, running: "Running[Any]"
    ) -> AsyncGenerator[tuple[DeadLetter, AbstractIncomingMessage]]:
        """Looks at every dead letter; what was not acknowledged goes back when the connection closes."""
        connection = await self._connect()
        try:
            channel = await connection.channel()
            await declare(channel)
            queue = await channel.get_queue(f"{running.name}.dead")
            while (message := await queue.get(no_ack=False, fail=False)) is not None:
                headers = message.headers or {}
                reason = str(headers.get("x-callboard-reason") or headers.get("x-first-death-reason") or "")
                for envelope in pydantic_core.from_json(message.body):
                    body = pydantic_core.to_json(envelope).decode()
                    yield DeadLetter(UUID(envelope["id"]), envelope["type"], reason, body), message
        finally:
            await _close(connection)

    async def _send(self, queue: str, envelope: dict[str, Any], headers: dict[str, Any]) -> None:
        """One envelope straight into a queue, confirmed."""
        await self._publisher()
        if self._channel is None:
            raise BusDown("the connection was lost")
        message = aio_pika.Message(
            pydantic_core.to_json([envelope]),
            content_type=CONTENT_TYPE,
            delivery_mode=aio_pika.DeliveryMode.PERSISTENT,
            message_id=envelope["id"],
            type=envelope["type"],
            headers=headers,
        )
        await self._channel.default_exchange.publish(message, queue, timeout=CONFIRM_SECONDS)

    async def _publisher(self) -> AbstractExchange:
        async with self._connecting:
            if self._exchange is not None and self._channel is not None and not self._channel.is_closed:
                return self._exchange
            await self._drop()
            self._connection = await self._connect()
            self._channel = await self._connection.channel(publisher_confirms=True, on_return_raises=True)
            self._exchange = await declare(self._channel)
            return self._exchange

    async def _connect(self) -> AbstractConnection:
        return await aio_pika.connect(self._url, timeout=CONNECT_SECONDS)

    async def _drop(self) -> None:
        connection, self._connection, self._channel, self._exchange = self._connection, None, None, None
        if connection is not None:
            await _close(connection)

    async def close(self) -> None:
        await self._drop()


def _alive(message: AbstractIncomingMessage | None) -> AbstractIncomingMessage:
    if message is None:
        raise BusDown("the channel was closed")
    return message


async def _until_the_database_is_back(running: "Running[Any]", envelopes: list[dict[str, Any]]) -> None:
    """Holds the batch through a database outage: giving it back would burn its delivery limit."""
    pause = 0.2
    while True:
        try:
            return await deliver(running, envelopes)
        except Exception as error:
            if not is_outage(error) or running.stopping.is_set():
                raise
            log.warning("consumer_waits_for_database", service=running.name, error=type(error).__name__)
        await running.pause(pause, "consumer database")
        pause = min(pause * 2, 5.0)


async def _close(connection: AbstractConnection) -> None:
    with suppress(Exception, asyncio.CancelledError):  # it is being thrown away, whatever state it is in
        await asyncio.wait_for(connection.close(), 2.0)
