"""What cannot be read or stored is refused at the door: U+0000, which PostgreSQL has no place for, halves of
surrogate pairs, which no encoding has, JSON in another encoding than UTF-8 (RFC 8259, 8.1), and JSON that is
nested deeper than anything here."""

import json
import re

import pydantic_core
from fastapi import Request
from fastapi.exceptions import RequestValidationError

LONGEST_KEY = 200
_ESCAPED = re.compile(rb"(?<!\\)(?:\\\\)*\\u0000")  # an even number of backslashes before it escapes nothing
_SURROGATE = re.compile(rb"\\u[dD]|\xed")  # escaped, or as bytes, which Python's reader lets through


async def refuse_unstorable(request: Request, *, body: bool) -> None:
    """Raises RequestValidationError where path, query, form or JSON hold one. `body`: the framework reads it;
    a route that does so itself takes bytes."""
    scope = request.scope
    for where, found in (("path", "\0" in scope["path"]), ("query", b"%00" in scope["query_string"])):
        if found:
            raise _refused(where, _CHARACTER)
    if len(request.headers.get("idempotency-key", "")) > LONGEST_KEY:
        raise _refused("header", f"An Idempotency-Key has at most {LONGEST_KEY} characters")
    if not body:
        return
    kind = request.headers.get("content-type", "").lower()
    if "json" in kind or not kind:
        _refuse_json(await request.body())
    elif "urlencoded" in kind and b"%00" in await request.body():
        raise _refused("body", _CHARACTER)


def _refuse_json(body: bytes) -> None:
    if json.detect_encoding(body) not in ("utf-8", "utf-8-sig"):
        raise _refused("body", "Send JSON in UTF-8")
    if rb"\u0000" in body and _ESCAPED.search(body):
        raise _refused("body", _CHARACTER)
    try:
        pydantic_core.from_json(body)
    except ValueError as error:
        if "recursion limit" in str(error):
            raise _refused("body", "It is nested too deeply") from None
        if _SURROGATE.search(body):
            raise _refused("body", _CHARACTER) from None


_CHARACTER = "A character in it cannot be stored (U+0000, or half of a surrogate pair)"


def _refused(where: str, why: str) -> RequestValidationError:
    return RequestValidationError([{"loc": (where,), "msg": why}])
