"""Faults to order, as a gateway and the network before it have them."""

import asyncio
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field
from starlette.types import ASGIApp, Message, Receive, Scope, Send

Mode = Literal[
    "drop",  # does it, then hangs up without an answer
    "lose",  # hangs up, and has done nothing
    "stall",  # does it, answers after `seconds`
    "fail",  # does it, answers 500
    "refuse",  # answers 500, and has done nothing
    "garbage",  # does it, answers with something else
    "twice",  # hears it twice, gives the second answer
    "decline",
    "pending",
    "review",
    "avs_fail",
    "cvv_fail",
    "wrong_amount",  # takes a tenth
    "duplicate",  # says that it took this already, and takes nothing
    "webhook_none",
    "webhook_late",  # after `seconds`
    "webhook_replay",  # five times
    "webhook_wrong_amount",
    "webhook_unsigned",
]
ON_THE_WAY: tuple[Mode, ...] = ("drop", "lose", "stall", "fail", "refuse", "garbage", "twice")
DECIDE: tuple[Mode, ...] = (
    "decline",
    "pending",
    "review",
    "avs_fail",
    "cvv_fail",
    "wrong_amount",
    "duplicate",
)
OWN = ("/page", "/faults", "/ledger", "/webhook", "/style.css")


class Fault(BaseModel):
    """`path`: only for requests whose path and SOAPAction contain it. `times`: for how many; None: until
    cleared."""

    model_config = ConfigDict(extra="forbid")

    mode: Mode
    times: Annotated[int, Field(ge=1, le=1_000_000)] | None = 1
    seconds: Annotated[float, Field(ge=0, le=600)] = 90
    path: Annotated[str, Field(max_length=200)] = ""


class Faults:
    """Those that are still to happen, in the order they were ordered."""

    def __init__(self) -> None:
        self.waiting: list[Fault] = []

    def take(self, *modes: Mode, path: str = "") -> Fault | None:
        for fault in self.waiting:
            if fault.mode in modes and fault.path in path:
                if fault.times is not None:
                    fault.times -= 1
                if fault.times == 0:
                    self.waiting.remove(fault)
                return fault
        return None


class OnTheWay:
    """ASGI: what happens to an answer on its way, or to a request. The gateway's own pages are spared."""

    def __init__(self, app: ASGIApp, faults: Faults) -> None:
        self._app, self._faults = app, faults

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or _own(scope):
            return await self._app(scope, receive, send)
        action = dict(scope["headers"]).get(b"soapaction", b"").decode("latin-1")
        fault = self._faults.take(*ON_THE_WAY, path=f"{scope['path']} {action}")
        if fault is None:
            return await self._app(scope, receive, send)
        if fault.mode == "twice":
            return await self._again(scope, receive, send)
        if fault.mode not in ("lose", "refuse"):
            answer: list[Message] = []

            async def keep(message: Message) -> None:
                answer.append(message)

            await self._app(scope, receive, keep)
            if fault.mode == "stall":
                await asyncio.sleep(fault.seconds)
                for message in answer:
                    await send(message)
                return None
        if fault.mode in ("drop", "lose"):
            return await _hang_up(send)
        page = b"<!doctype html><title>Sign in</title><p>Your session has ended."
        return await _say(send, 200 if fault.mode == "garbage" else 500, page)

    async def _again(self, scope: Scope, receive: Receive, send: Send) -> None:
        heard: list[Message] = []

        async def hear() -> Message:
            heard.append(await receive())
            return heard[-1]

        async def unanswered(_: Message) -> None: ...

        async def repeat() -> Message:
            return heard.pop(0) if heard else await receive()

        await self._app({**scope}, hear, unanswered)
        await self._app({**scope}, repeat, send)


def _own(scope: Scope) -> bool:
    path = scope["path"].removeprefix(scope.get("root_path", "")) or "/"
    return path == "/" or path.startswith(OWN)


async def _hang_up(send: Send) -> None:
    """An answer that ends before its announced length: the server closes the connection."""
    headers = [(b"content-type", b"text/plain"), (b"content-length", b"100")]
    await send({"type": "http.response.start", "status": 200, "headers": headers})
    await send({"type": "http.response.body", "body": b"", "more_body": True})


async def _say(send: Send, status: int, body: bytes) -> None:
    headers: list[tuple[bytes, Any]] = [(b"content-type", b"text/html")]
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": body})
