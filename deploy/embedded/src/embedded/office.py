"""The services' own HTTP API, called inside the process with a token for developers."""

import time
from collections.abc import Generator
from typing import Any

import httpx
from fastapi import FastAPI
from shared.auth import ADMIN, OFFICE, development_token

LIFE = 3600


class DeveloperToken(httpx.Auth):
    """A fresh token before the old one ends. Settings for production refuse it."""

    def __init__(self) -> None:
        self._token, self._ends = "", 0.0

    def auth_flow(self, request: httpx.Request) -> Generator[httpx.Request, httpx.Response]:
        if time.monotonic() > self._ends:
            self._token = development_token({*ADMIN, *OFFICE}, "callboard", LIFE)
            self._ends = time.monotonic() + LIFE - 60
        request.headers["Authorization"] = f"Bearer {self._token}"
        yield request


class Office(httpx.AsyncClient):
    """Raises httpx.HTTPStatusError for every refusal."""

    def __init__(self, app: FastAPI) -> None:
        super().__init__(
            transport=httpx.ASGITransport(app), base_url="http://127.0.0.1", auth=DeveloperToken()
        )

    async def read(self, path: str, **query: Any) -> Any:
        answer = await self.get(path, params=query)
        return answer.raise_for_status().json()

    async def write(self, method: str, path: str, body: Any, version: int | None = None) -> None:
        headers = {} if version is None else {"If-Match": f'"{version}"'}
        (await self.request(method, path, json=body, headers=headers)).raise_for_status()
