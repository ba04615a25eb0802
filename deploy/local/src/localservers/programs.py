"""Where a server's program is, or which Debian package would bring it."""

import shutil


class NotInstalled(RuntimeError):
    """A program is missing; the message names the Debian package that holds it."""


def program(*candidates: str, package: str) -> str:
    """The first of `candidates` (names or paths) that can be run."""
    for candidate in candidates:
        if found := shutil.which(candidate):
            return found
    raise NotInstalled(f"{candidates[0]} is not installed. On Debian: apt-get install {package}")
