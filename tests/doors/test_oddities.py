"""Whatever is sent, by whoever may come in: the answer is never a failure of ours.

Nothing here names an operation, so a new route is tried as soon as it is in the document."""

import json
from base64 import urlsafe_b64encode
from itertools import product
from typing import Any

import httpx
import pytest
from doors.callers import callers, tokens
from doors.samples import address, body, query
from doors.test_matrix import ORDER, STALE, House, house

__all__ = ["house"]

DEEP = b"[" * 100_000
KINDS = ("application/json", "Application/JSON", "text/plain", "")
BODIES: dict[str, bytes] = {
    "deep": DEEP,
    "deep and closed": b'{"a":' * 900 + b"1" + b"}" * 900,
    "empty": b"",
    "not UTF-8": b'{"a": "\xff"}',
    "half a surrogate": b'{"text": "\\ud800", "token": "\\ud800", "password": "\\udfff"}',
    "zero": b'{"text": "\\u0000"}',
    "UTF-16": '{"text": "a\0"}'.encode("utf-16"),
    "a list": b"[]",
    "a number": b"1e999",
    "a long number": b"9" * 5_000,
}
_KEYS: tuple[Any, ...] = (1, -1, 2**63, 1.5, None, True, "", "x", "0001-01-01T00:00:00+14:00", [], {"a": 1})
CURSORS = [
    urlsafe_b64encode(json.dumps([key] * count).encode()).decode().rstrip("=")
    for key, count in product(_KEYS, (1, 2, 3, 4))
] + ["", "=", "é", "\ud800".encode("utf-8", "surrogatepass").hex(), urlsafe_b64encode(DEEP[:300]).decode()]


@pytest.mark.asyncio(loop_scope="module")
async def test_odd_bodies_meet_no_failure(house: House) -> None:
    wrong: list[str] = []
    async with _client(house) as http:
        known = await house.make(house.running)
        for path, method, operation in _asked(house):
            if method == "get" and operation["x-roles"] != ["anyone"]:
                continue
            for (name, sent), kind in product(BODIES.items(), KINDS):
                headers = {**STALE, **_signed_in(house, operation, known)}
                headers |= {"Content-Type": kind} if kind else {}
                filled = address(path, known, house.running.name)
                answer = await http.request(
                    method.upper(),
                    filled,
                    content=sent,
                    headers=headers,
                    params=query(operation, house.document, known),
                )
                if answer.status_code >= 500:
                    wrong.append(f"{method.upper()} {path} ({name} as {kind!r}): {answer.status_code}")
    assert not wrong, "\n".join(wrong)


@pytest.mark.asyncio(loop_scope="module")
async def test_foreign_cursors_meet_no_failure(house: House) -> None:
    wrong: list[str] = []
    tried = 0
    async with _client(house) as http:
        known = await house.make(house.running)
        for path, method, operation in _asked(house):
            if not any(each["name"] == "cursor" for each in operation.get("parameters", [])):
                continue
            for cursor in CURSORS:
                tried += 1
                params = {**query(operation, house.document, known), "cursor": cursor}
                filled = address(path, known, house.running.name)
                answer = await http.request(
                    method.upper(), filled, params=params, headers=_signed_in(house, operation, known)
                )
                if answer.status_code not in (200, 422):
                    wrong.append(f"{method.upper()} {path} {cursor!r}: {answer.status_code}")
    assert tried >= len(CURSORS)
    assert not wrong, "\n".join(wrong)


@pytest.mark.asyncio(loop_scope="module")
async def test_letters_that_no_code_has_meet_no_failure(house: House) -> None:
    """In every string of every body: letters outside ASCII, where the whole fits otherwise."""
    wrong: list[str] = []
    async with _client(house) as http:
        known = await house.make(house.running)
        for path, method, operation in _asked(house):
            whole = body(operation, house.document)
            if "json" not in whole:
                continue
            for odd in ("é１２３４５６é", "\u202eabc", "😀" * 20):
                answer = await http.request(
                    method.upper(),
                    address(path, known, house.running.name),
                    json=_every_string(whole["json"], odd),
                    headers={**STALE, **_signed_in(house, operation, known)},
                    params=query(operation, house.document, known),
                )
                if answer.status_code >= 500:
                    wrong.append(f"{method.upper()} {path} {odd!r}: {answer.status_code}")
    assert not wrong, "\n".join(wrong)


def _client(house: House) -> httpx.AsyncClient:
    return httpx.AsyncClient(
        transport=httpx.ASGITransport(house.app, raise_app_exceptions=False), base_url="http://callboard.test"
    )


def _asked(house: House) -> list[tuple[str, str, dict[str, Any]]]:
    paths = house.document["paths"].items()
    every = [(path, method, found) for path, methods in paths for method, found in methods.items()]
    endless = ("text/event-stream",)
    return sorted(
        (
            each
            for each in every
            if not any(kind in str(each[2]["responses"].get("200", {})) for kind in endless)
        ),
        key=lambda each: (ORDER.index(each[1]), each[0]),
    )


def _signed_in(house: House, operation: dict[str, Any], known: dict[str, str]) -> dict[str, str]:
    held = tokens(house.document, known)
    first = callers(operation)[-1]
    return {"Authorization": f"Bearer {held[first]}"} if first in held else {}


def _every_string(value: Any, odd: str) -> Any:
    if isinstance(value, dict):
        return {name: _every_string(each, odd) for name, each in value.items()}
    if isinstance(value, list):
        return [_every_string(each, odd) for each in value]
    return odd if isinstance(value, str) else value
