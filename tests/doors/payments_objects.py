"""One of everything that a path of the payments service names."""

from typing import Any

from shared.service import Running


async def make(_running: Running[Any]) -> dict[str, str]:
    return {}
