"""What a text costs in processor time, compared with the same text at half the size."""

import time
from collections.abc import Callable

SHAPES: dict[str, Callable[[int], str]] = {
    "letters": lambda size: "a" * size,
    "digits": lambda size: ("1234567890" * (size // 10 + 1))[:size],
    "runs of digits": lambda size: (("4" * 200 + "x") * (size // 201 + 1))[:size],
    "spaces": lambda size: "cvv" + " " * (size - 3),
    "names": lambda size: ("cvv: " * (size // 5 + 1))[:size],
    "ids": lambda size: ("12345678-1234-1234-1234-123456789012 " * (size // 37 + 1))[:size],
    "dashes": lambda size: ("1-" * (size // 2 + 1))[:size],
    "wide digits": lambda size: "４" * (size // 3),
    "quotes": lambda size: ('a"' * (size // 2 + 1))[:size],
    "brackets": lambda size: "[" * size,
    "angle brackets": lambda size: ("<a>" * (size // 3 + 1))[:size],
    "braces": lambda size: ("{{a" * (size // 3 + 1))[:size],
    "at signs": lambda size: ("a@a." * (size // 4 + 1))[:size],
    "line ends": lambda size: ("\r\n" * (size // 2 + 1))[:size],
    "backslashes": lambda size: "\\" * size,
    "accents": lambda size: "é" * (size // 2),
}
"""By name: texts of about `size` bytes that cost a careless reader more than their length."""

MOST = 2.5
"""How much more a text may cost than one of half its size. Twice is linear; the rest is noise."""


def ratio(work: Callable[[str], object], shape: Callable[[int], str], size: int = 60_000) -> float:
    """The cost of `size` over that of half of it, in this process's time: the best of each in up to ten
    rounds, since a busy machine only ever adds. What is quadratic stays at four in all of them."""
    halves, wholes = list[float](), list[float]()
    for _ in range(10):
        halves.append(_cost(work, shape(size // 2)))
        wholes.append(_cost(work, shape(size)))
        if (found := min(wholes) / max(min(halves), 0.002)) < MOST:
            break
    return found


def _cost(work: Callable[[str], object], text: str) -> float:
    start = time.process_time()
    work(text)
    return time.process_time() - start
