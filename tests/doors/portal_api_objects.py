"""One of everything that a path of the portal-api service names."""

from typing import Any

from shared.service import Running


async def make(_running: Running[Any]) -> dict[str, str]:
    return {}
