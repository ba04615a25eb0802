"""Reading what others nest: a key that is missing, or holds something else, is None."""

import json
import re
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import cast

LARGEST = 4_000_000
_ODD = re.compile("[\x00\ud800-\udfff]")
_MOST = 10**15


def read_json(body: bytes) -> object:
    """None where it is no JSON."""
    try:
        return json.loads(body) if len(body) <= LARGEST else None
    except (ValueError, RecursionError):
        return None


def child(node: object, *names: str) -> object:
    """The node under `names`, None where there is none."""
    for name in names:
        node = cast("Mapping[str, object]", node).get(name) if isinstance(node, dict) else None
    return node


def text(node: object, *names: str) -> str | None:
    """The text under `names`; None where it is empty, not a text, or of characters that cannot be kept (a
    NUL, half of a surrogate pair)."""
    found = child(node, *names)
    if isinstance(found, dict):
        found = cast("Mapping[str, object]", found).get("#text")
    return found if isinstance(found, str) and found and not _ODD.search(found) else None


def children(node: object, *names: str) -> list[object]:
    found = child(node, *names)
    return cast("list[object]", found) if isinstance(found, list) else []


def whole(node: object, *names: str) -> int | None:
    """None also for a number that no amount has and no database keeps."""
    found = child(node, *names)
    return found if isinstance(found, int) and not isinstance(found, bool) and abs(found) < _MOST else None


def moment(text: str | None) -> datetime | None:
    """An ISO time; one without a zone is read as UTC."""
    try:
        at = datetime.fromisoformat(text or "")
        return at.astimezone(UTC) if at.tzinfo else at.replace(tzinfo=UTC)
    except (ValueError, OverflowError):
        return None


def epoch(seconds: int | None) -> datetime | None:
    try:
        return None if seconds is None else datetime.fromtimestamp(seconds, UTC)
    except (ValueError, OverflowError, OSError):
        return None
