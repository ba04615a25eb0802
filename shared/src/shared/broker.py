"""Connections to RabbitMQ, and the one that publishes. One that failed in any way is dropped whole: after a
protocol error nothing on it can be trusted."""

import asyncio
from contextlib import suppress
from typing import Any

import aio_pika
import pydantic_core
from aio_pika.abc import AbstractChannel, AbstractConnection, AbstractExchange
from aio_pika.exceptions import AMQPException, ChannelPreconditionFailed

from shared.bus import BusDown, EventRefused, hearers_of
from shared.db import uuid7
from shared.topology import declare, named
from shared.wire import Unreadable, label, plain

CONTENT_TYPE = "application/cloudevents-batch+json"
CONNECT_SECONDS = 5.0
CONFIRM_SECONDS = 15.0


class Broker:
    """`installation` is in the names of everything there."""

    def __init__(self, url: str, installation: str) -> None:
        self._url = url + ("&" if "?" in url else "?") + "heartbeat=10"
        self.installation = installation
        self._exchange: AbstractExchange | None = None
        self._channel: AbstractChannel | None = None
        self._connection: AbstractConnection | None = None
        self._connecting = asyncio.Lock()

    def queue(self, service: str) -> str:
        return named(self.installation, service)

    def connected(self) -> bool:
        return self._connection is not None and not self._connection.is_closed

    async def connect(self) -> AbstractConnection:
        return await aio_pika.connect(self._url, timeout=CONNECT_SECONDS)

    async def publish(self, name: str, body: bytes, source: str) -> None:
        message = aio_pika.Message(
            body,
            content_type=CONTENT_TYPE,
            delivery_mode=aio_pika.DeliveryMode.PERSISTENT,
            message_id=str(uuid7()),
            type=name,
            app_id=source,
        )
        # unroutable must be an error for an event that somebody has to hear
        mandatory = bool(hearers_of(name))
        declared = False
        try:
            exchange = await self._publisher()
            declared = True
            await exchange.publish(message, name, mandatory=mandatory, timeout=CONFIRM_SECONDS)
        except (AMQPException, OSError, RuntimeError, TimeoutError, asyncio.CancelledError) as error:
            await self.drop()
            if isinstance(error, asyncio.CancelledError):
                raise
            if declared and isinstance(error, ChannelPreconditionFailed):  # too large, say
                raise EventRefused(f"{type(error).__name__}: {error}"[:500]) from error
            raise BusDown(type(error).__name__) from error

    async def send(self, queue: str, found: Any, reason: str = "") -> None:
        """One envelope, or what stands in its place, straight into a queue; confirmed."""
        await self._publisher()
        if self._channel is None:
            raise BusDown("the connection was lost")
        id, name = label(found)
        message = aio_pika.Message(
            found.body if isinstance(found, Unreadable) else pydantic_core.to_json([found]),
            content_type=CONTENT_TYPE,
            delivery_mode=aio_pika.DeliveryMode.PERSISTENT,
            message_id=str(id),
            type=name,
            headers={"x-callboard-reason": plain(reason)} if reason else {},
        )
        await self._channel.default_exchange.publish(message, queue, timeout=CONFIRM_SECONDS)

    async def drop(self) -> None:
        connection, self._connection, self._channel, self._exchange = self._connection, None, None, None
        if connection is not None:
            await close(connection)

    async def _publisher(self) -> AbstractExchange:
        async with self._connecting:
            if self._exchange is not None and self._channel is not None and not self._channel.is_closed:
                return self._exchange
            await self.drop()
            self._connection = await self.connect()
            self._channel = await self._connection.channel(publisher_confirms=True, on_return_raises=True)
            self._exchange = await declare(self._channel, self.installation)
            return self._exchange


async def close(connection: AbstractConnection) -> None:
    with suppress(Exception, asyncio.CancelledError):  # it is being thrown away, whatever state it is in
        await asyncio.wait_for(connection.close(), 2.0)
