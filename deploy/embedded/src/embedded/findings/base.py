"""What a look at an installation ends in."""

from typing import NamedTuple


class Finding(NamedTuple):
    """`mend` says what to do; it is empty where nothing is wrong."""

    what: str
    said: str
    mend: str = ""
