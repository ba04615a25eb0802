"""All routes of a router, however deep it includes others."""

from collections.abc import Iterator
from typing import Any

from fastapi.routing import APIRoute


def every_route(router: Any) -> Iterator[APIRoute]:
    for route in router.routes:
        if isinstance(route, APIRoute):
            yield route
        elif nested := getattr(route, "original_router", None):
            yield from every_route(nested)


def methods_of(router: Any, path: str) -> list[str]:
    """What may be asked of this path, by all its routes together."""
    found = (route.methods or () for route in every_route(router) if route.path_regex.match(path))
    return sorted(set[str]().union(*found))
