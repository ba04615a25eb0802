"""All routes of a router, however deep it includes others."""

import re
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
    """What may be asked of this path, by all routes whose fixed part is the longest that fits: of
    `/things/{id:path}` and `/things/{id:path}/name` the latter."""
    fixed = [
        (len(re.sub(r"{.*?}", "", route.path)), route.methods)
        for route in every_route(router)
        if route.path_regex.match(path)
    ]
    longest = max((length for length, _ in fixed), default=0)
    return sorted({method for length, methods in fixed if length == longest for method in methods or ()})
