"""Why a mail cannot be taken as it is: one exception for all the reading rooms."""

from typing import NamedTuple


class Place(NamedTuple):
    """Where a document fails: line and column count from 1, `excerpt` is the text around it."""

    line: int
    column: int
    excerpt: str


class Refused(Exception):
    """`code` is a short slug for machines; `reason` says to a person what is wrong and what to do."""

    def __init__(self, code: str, reason: str, place: Place | None = None) -> None:
        super().__init__(code, reason, place)
        self.code, self.reason, self.place = code, reason, place
