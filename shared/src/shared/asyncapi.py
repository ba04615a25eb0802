"""The AsyncAPI 3 document of all events: what they hold, how they travel, and who hears them."""

from collections.abc import Iterable
from typing import Any

import yaml
from pydantic.json_schema import models_json_schema

from shared.broker import CONTENT_TYPE
from shared.events import Envelope, Event
from shared.service import Service
from shared.topology import EXCHANGE

_REF = "#/components/schemas/{model}"


def document(services: Iterable[Service]) -> dict[str, Any]:
    """Operations are those of the services' handlers."""
    events = sorted(Event.registry.values(), key=lambda event: event.event_name)
    _, schemas = models_json_schema(
        [(model, "validation") for model in (Envelope, *events)], ref_template=_REF
    )
    return {
        "asyncapi": "3.0.0",
        "info": {
            "title": "Callboard events",
            "version": "1",
            "description": "A message is a JSON array of CloudEvents of one type. An event changes by "
            "optional fields; anything else is a new version beside the old one.",
        },
        "defaultContentType": CONTENT_TYPE,
        "channels": {event.event_name: _channel(event) for event in events},
        "operations": {
            f"{service.name} hears {name}": _operation(service, name, event)
            for service in services
            for name, (event, _) in sorted(service.handlers.by_name.items())
        },
        "components": {
            "messages": {event.__name__: _message(event) for event in events},
            "schemas": schemas["$defs"],
        },
    }


def as_yaml(found: dict[str, Any]) -> str:
    return yaml.safe_dump(found, sort_keys=False, allow_unicode=True, width=110)


def _channel(event: type[Event]) -> dict[str, Any]:
    exchange = {"name": EXCHANGE, "type": "topic", "durable": True}
    return {
        "address": event.event_name,
        "messages": {event.__name__: {"$ref": f"#/components/messages/{event.__name__}"}},
        "bindings": {"amqp": {"is": "routingKey", "exchange": exchange}},
    }


def _operation(service: Service, name: str, event: type[Event]) -> dict[str, Any]:
    channel = f"#/channels/{name}"
    return {
        "action": "receive",
        "title": f"{service.name} hears {event.__name__}",
        "channel": {"$ref": channel},
        "messages": [{"$ref": f"{channel}/messages/{event.__name__}"}],
    }


def _message(event: type[Event]) -> dict[str, Any]:
    data = {"type": {"const": event.event_name}, "data": {"$ref": _REF.format(model=event.__name__)}}
    envelope = {"allOf": [{"$ref": _REF.format(model="Envelope")}, {"properties": data}]}
    return {
        "name": event.event_name,
        "title": event.__name__,
        "summary": " ".join((event.__doc__ or "").split()),
        "payload": {"type": "array", "items": envelope},
    }
