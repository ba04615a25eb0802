"""How many mails are held in memory at once: a hundred small ones, or one large one."""

from collections.abc import Callable, Sequence
from typing import TypeVar

BYTES = 8_000_000

T = TypeVar("T")


def portion(items: Sequence[T], most: int, size: Callable[[T], int]) -> Sequence[T]:
    """The first of `items`: at most `most`, and BYTES together unless it is a single one."""
    held = 0
    for count, item in enumerate(items[:most]):
        held += size(item)
        if count and held > BYTES:
            return items[:count]
    return items[:most]
