"""Events as they travel: JSON envelopes with the attribute names of CloudEvents 1.0, several in one array.

Whatever arrives may have been written by anybody, so nothing here raises over what it reads."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, TypeGuard
from uuid import NAMESPACE_OID, UUID, uuid5

import pydantic_core

# Of the W3C's Trace Context; `ff` is no version, and an id of zeros alone is none.
_TRACEPARENT = re.compile(r"(?!ff)[0-9a-f]{2}-(?!0{32})[0-9a-f]{32}-(?!0{16})[0-9a-f]{16}-[0-9a-f]{2}")
NAME_LENGTH = 80


@dataclass(frozen=True)
class Unreadable:
    """A message that is no JSON array."""

    body: bytes


def trace_of(text: object) -> str | None:
    """The W3C `traceparent`, or None for whatever else stands in its place."""
    return text if isinstance(text, str) and _TRACEPARENT.fullmatch(text) else None


def write(head: dict[str, str | None], data: str) -> str:
    """One envelope; `data` is the event as JSON, and attributes that are None are left out."""
    attributes = {name: value for name, value in head.items() if value is not None}
    return f'{pydantic_core.to_json(attributes).decode()[:-1]},"data":{data}}}'


def read(body: bytes | str) -> list[Any]:
    """What a message holds: envelopes, and what only stands in their place (see `complaint`)."""
    try:
        found = pydantic_core.from_json(body)
    except ValueError:
        found = None
    if isinstance(found, list):
        return found
    if isinstance(found, dict):
        return [found]
    return [Unreadable(body if isinstance(body, bytes) else body.encode(errors="backslashreplace"))]


def read_one(body: str) -> Any:
    """What is kept as one envelope."""
    try:
        return pydantic_core.from_json(body)
    except ValueError:
        return Unreadable(body.encode(errors="backslashreplace"))


def complaint(found: object, installation: str) -> str:
    """Why this is no envelope of an event of ours; empty where it is one. One that names no installation was
    sent before there were names."""
    if isinstance(found, Unreadable):
        return "it is no JSON array of events"
    if not _is_object(found):
        return "it is no JSON object"
    if _uuid(found.get("id")) is None:
        return "its id is no UUID"
    if not isinstance(name := found.get("type"), str) or not 0 < len(name) <= NAME_LENGTH:
        return "its type is no event's name"
    if not isinstance(found.get("subject"), str):
        return "its subject is no text"
    if not _is_object(found.get("data")):
        return "its data are no JSON object"
    if (whose := found.get("installation")) is not None and whose != installation:
        return f"it belongs to the installation {str(whose)[:60]!r}, and this is {installation!r}"
    return ""


def label(found: object) -> tuple[UUID, str]:
    """The id and the name under which this is kept, whatever it is; the same for the same bytes."""
    inside: dict[str, Any] = found if _is_object(found) else {}
    name = inside.get("type")
    id = _uuid(inside.get("id")) or uuid5(NAMESPACE_OID, text_of(found))
    return id, name.replace("\0", "")[:NAME_LENGTH] if isinstance(name, str) else "unknown"


def bytes_of(found: object) -> bytes:
    return found.body if isinstance(found, Unreadable) else pydantic_core.to_json(found)


def text_of(found: object) -> str:
    """Its bytes as text that a database and a terminal can take."""
    return plain(bytes_of(found).decode(errors="backslashreplace"))


def plain(text: str) -> str:
    """Without what neither a database nor a message header can hold: NUL, and halves of surrogate pairs."""
    return text.replace("\0", "\\0").encode(errors="backslashreplace").decode()


def traces(envelopes: Sequence[dict[str, Any]]) -> dict[str, str]:
    return {each["subject"]: trace for each in envelopes if (trace := trace_of(each.get("traceparent")))}


def _uuid(text: object) -> UUID | None:
    try:
        return UUID(text) if isinstance(text, str) else None
    except ValueError:
        return None


def _is_object(found: object) -> TypeGuard[dict[str, Any]]:
    return isinstance(found, dict)
