"""Passwords: what is accepted, how it is hashed, and what is made up for people.

Rules as in OWASP ASVS 5.0, 6.2: long enough, not common, not the names around it; nothing about kinds of
characters. Hashes are argon2id (RFC 9106) through pwdlib.
"""

import asyncio
import hashlib
import os
import re
import secrets
import unicodedata
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from functools import cache
from importlib.resources import files
from typing import TypeVar

from pwdlib import PasswordHash
from pwdlib.hashers.argon2 import Argon2Hasher

T = TypeVar("T")

SHORTEST, LONGEST = 12, 256
# Each hash holds its memory while it is made: this many at once, the others wait.
_AT_ONCE = max(1, min(4, os.cpu_count() or 1))
_MOST_WAITING = 200
_ALPHABET = "abcdefghjkmnpqrstuvwxyz23456789"  # nothing that is mistaken for another character
_threads = ThreadPoolExecutor(_AT_ONCE, "passwords")
_waiting = 0


class Overloaded(Exception):
    """More passwords are being checked than this process can do in reasonable time."""


def weakness(password: str, names: Iterable[str] = ()) -> str | None:
    """Why this password is refused, or None. `names` are words that an attacker would try first: the user
    name, the company's name."""
    text = unicodedata.normalize("NFKC", password)
    if len(text) < SHORTEST:
        return f"Use at least {SHORTEST} characters."
    if len(text) > LONGEST:
        return f"Use at most {LONGEST} characters."
    folded = text.casefold()
    if len(set(folded)) < 5:
        return "Use more different characters."
    for word in _words(names):
        if word in folded and len(folded) - len(word) < 8:
            return "This is too close to a name that others know. Choose another one."
    if folded in _common() or re.sub(r"[\W\d_]+", "", folded) in _common():
        return "This password is among those that are tried first. Choose another one."
    return None


def _words(names: Iterable[str]) -> Iterable[str]:
    for name in names:
        folded = name.casefold()
        for word in {folded, folded.replace(" ", ""), *re.split(r"[\W_]+", folded)}:
            if len(word) >= 4:
                yield word


@cache
def _common() -> frozenset[str]:
    return frozenset((files("portal_api") / "common_passwords.txt").read_text().split())


def one_time_password() -> str:
    """Good for one logon; 79 bits, in groups that can be read out on the telephone."""
    return "-".join("".join(secrets.choice(_ALPHABET) for _ in range(4)) for _ in range(4))


def new_token() -> str:
    """256 random bits, for a cookie or a link."""
    return secrets.token_urlsafe(32)


def digest(token: str) -> bytes:
    """How a random token is stored. It cannot be guessed, so a fast hash is enough."""
    return hashlib.sha256(token.encode()).digest()


async def hash_password(password: str, *, memory_kib: int, time: int) -> str:
    """Raises Overloaded."""
    return await _in_thread(lambda: _hasher(memory_kib, time).hash(_prepared(password)))


async def verify_password(
    password: str, hashed: str | None, *, memory_kib: int, time: int
) -> tuple[bool, str | None]:
    """Whether it is right, and a new hash where the kept one was made at another cost. Without a hash the
    same work is done for nothing, so that time does not tell whether there is one. Raises Overloaded."""

    def verify() -> tuple[bool, str | None]:
        hasher = _hasher(memory_kib, time)
        right, renewed = hasher.verify_and_update(_prepared(password), hashed or _nobodys(memory_kib, time))
        return (right, renewed) if hashed else (False, None)

    return await _in_thread(verify)


async def _in_thread(work: Callable[[], T]) -> T:
    global _waiting
    if _waiting >= _MOST_WAITING:
        raise Overloaded
    _waiting += 1
    try:
        return await asyncio.get_running_loop().run_in_executor(_threads, work)
    finally:
        _waiting -= 1


def _prepared(password: str) -> str:
    """One password has one form, whichever keyboard typed it."""
    return unicodedata.normalize("NFKC", password)


@cache
def _hasher(memory_kib: int, time: int) -> PasswordHash:
    return PasswordHash((Argon2Hasher(time_cost=time, memory_cost=memory_kib, parallelism=1),))


@cache
def _nobodys(memory_kib: int, time: int) -> str:
    return _hasher(memory_kib, time).hash(secrets.token_urlsafe(32))
