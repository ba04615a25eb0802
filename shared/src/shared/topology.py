"""The exchange, the queues and the bindings: declared whole by every service (docs/decisions/0003)."""

import aio_pika
from aio_pika.abc import AbstractChannel, AbstractExchange

from shared.events import Event

EXCHANGE = "events"
DELIVERY_LIMIT = 5


def named(installation: str, name: str) -> str:
    """Of exchanges and queues: two installations on one broker do not hear each other."""
    return f"{installation}.{name}" if installation else name


async def declare(channel: AbstractChannel, installation: str) -> AbstractExchange:
    """Idempotent. A queue for each hearing service, so that an event published before its hearer's first
    start waits there; what cannot be handled goes to `<service>.dead`. Of a service's replicas one hears at a
    time, the others stand by: two at once would handle a dispatch and its cancellation in either order."""
    events = named(installation, EXCHANGE)
    exchange = await channel.declare_exchange(events, aio_pika.ExchangeType.TOPIC, durable=True)
    heard: dict[str, list[str]] = {}
    for event in Event.registry.values():
        for hearer in event.heard_by:
            heard.setdefault(hearer, []).append(event.event_name)
    for hearer, names in heard.items():
        own = named(installation, hearer)
        await channel.declare_queue(f"{own}.dead", durable=True, arguments={"x-queue-type": "quorum"})
        queue = await channel.declare_queue(
            own,
            durable=True,
            arguments={
                "x-queue-type": "quorum",
                "x-single-active-consumer": True,
                "x-delivery-limit": DELIVERY_LIMIT,
                "x-dead-letter-exchange": "",
                "x-dead-letter-routing-key": f"{own}.dead",
                "x-dead-letter-strategy": "at-least-once",
                "x-overflow": "reject-publish",
            },
        )
        for name in names:
            await queue.bind(exchange, name)
    return exchange
