"""The services' own HTTP API, called inside the process with a token that this process's issuer signs."""

import time
from collections.abc import AsyncGenerator
from typing import Any

import httpx
from fastapi import FastAPI
from portal_api.flows.tokens import issue
from shared.auth import OFFICE
from shared.service import Running

LIFE = 120


class OwnToken(httpx.Auth):
    """A fresh token before the old one ends. It leaves the process nowhere."""

    def __init__(self, issuer: Running[Any]) -> None:
        self._issuer = issuer
        self._token, self._ends = "", 0.0

    async def async_auth_flow(self, request: httpx.Request) -> AsyncGenerator[httpx.Request, httpx.Response]:
        if time.monotonic() > self._ends:
            async with self._issuer.work() as work:
                self._token = await issue(work, subject="callboard", roles=OFFICE, seconds=LIFE)
            self._ends = time.monotonic() + LIFE / 2
        request.headers["Authorization"] = f"Bearer {self._token}"
        yield request


class Office(httpx.AsyncClient):
    """Raises httpx.HTTPStatusError for every refusal."""

    def __init__(self, app: FastAPI) -> None:
        (issuer,) = [running for running in app.state.running if running.service.signing_keys]
        super().__init__(
            transport=httpx.ASGITransport(app), base_url="http://127.0.0.1", auth=OwnToken(issuer)
        )

    async def read(self, path: str, **query: Any) -> Any:
        answer = await self.get(path, params=query)
        return answer.raise_for_status().json()

    async def write(self, method: str, path: str, body: Any, version: int | None = None) -> Any:
        """The answer's JSON, where it has any."""
        headers = {} if version is None else {"If-Match": f'"{version}"'}
        answer = (await self.request(method, path, json=body, headers=headers)).raise_for_status()
        return answer.json() if answer.content else None
