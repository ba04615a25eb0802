"""Characters that cannot be stored are refused at the door: U+0000, which PostgreSQL has no place for, and
halves of surrogate pairs, which no encoding has."""

import re

import pydantic_core
from fastapi import Request
from fastapi.exceptions import RequestValidationError

_ESCAPED = re.compile(rb"(?<!\\)(?:\\\\)*\\u0000")  # an even number of backslashes before it escapes nothing


async def refuse_unstorable(request: Request) -> None:
    """Raises RequestValidationError where path, query or a JSON body hold one."""
    scope = request.scope
    for where, found in (("path", "\0" in scope["path"]), ("query", b"%00" in scope["query_string"])):
        if found:
            raise _refused(where)
    if scope["method"] != "GET" and "json" in request.headers.get("content-type", ""):
        body = await request.body()
        if rb"\u0000" in body and _ESCAPED.search(body):
            raise _refused("body")
        if rb"\ud" in body or rb"\uD" in body:
            try:
                pydantic_core.from_json(body)
            except ValueError:
                raise _refused("body") from None


def _refused(where: str) -> RequestValidationError:
    return RequestValidationError(
        [{"loc": (where,), "msg": "A character in it cannot be stored (U+0000, or half of a surrogate pair)"}]
    )
