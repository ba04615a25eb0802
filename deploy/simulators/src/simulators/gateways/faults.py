"""Faults to order, as a gateway and the network before it have them."""

import asyncio
from collections.abc import Callable
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field
from starlette.types import ASGIApp, Message, Receive, Scope, Send

Lie = Callable[[str, bytes], tuple[int, bytes]]
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
    "wrong_currency",
    "take_twice",  # approves a second transaction for the same request
    "duplicate",  # says that it took this already, and takes nothing
    "other_amount",  # captures or gives back a tenth
    "refuse_capture",
    "refuse_void",
    "refuse_refund",
    "shut",  # a look-up's credentials are refused, in the way of this gateway
    "error_row",  # an error inside a look-up's answer
    "unknown_row",  # a look-up's rows are of a kind that nobody knows
    "empty",  # a look-up knows nothing, though there is something
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
    "wrong_currency",
    "take_twice",
    "duplicate",
)
AFTER: tuple[Mode, ...] = ("other_amount", "review")
LIES: tuple[Mode, ...] = ("shut", "error_row", "unknown_row", "empty")
OWN = ("/page", "/faults", "/ledger", "/dashboard", "/webhook", "/style.css")


class Fault(BaseModel):
    """`path`: only for requests whose path and SOAPAction contain it; `only`: only for look-ups, or only for
    other calls. `times`: for how many; None: until cleared."""

    model_config = ConfigDict(extra="forbid")

    mode: Mode
    times: Annotated[int, Field(ge=1, le=1_000_000)] | None = 1
    seconds: Annotated[float, Field(ge=0, le=600)] = 90
    path: Annotated[str, Field(max_length=200)] = ""
    only: Literal["", "look", "call"] = ""


class Faults:
    """Those that are still to happen, in the order they were ordered."""

    def __init__(self) -> None:
        self.waiting: list[Fault] = []

    def take(self, *modes: Mode, path: str = "", only: str = "") -> Fault | None:
        for fault in self.waiting:
            if fault.mode in modes and fault.path in path and fault.only in ("", only):
                if fault.times is not None:
                    fault.times -= 1
                if fault.times == 0:
                    self.waiting.remove(fault)
                return fault
        return None


class OnTheWay:
    """ASGI: what happens to an answer on its way, or to a request. The gateway's own pages are spared. `lie`
    makes of a look-up's true answer a false one, and its HTTP status."""

    def __init__(self, app: ASGIApp, faults: Faults, lie: Lie) -> None:
        self._app, self._faults, self._lie = app, faults, lie

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or _own(scope):
            return await self._app(scope, receive, send)
        action = dict(scope["headers"]).get(b"soapaction", b"").decode("latin-1")
        looking = _looks(scope)
        modes = (*ON_THE_WAY, *(LIES if looking else ()))
        only = "look" if looking else "call"
        fault = self._faults.take(*modes, path=f"{scope['path']} {action}", only=only)
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
            if fault.mode in LIES:
                true = b"".join(message.get("body", b"") for message in answer)
                return await _say(send, *self._lie(fault.mode, true))
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


def _looks(scope: Scope) -> bool:
    """Only reads."""
    path: str = scope["path"]
    return scope["method"] == "GET" or path.endswith(("/Reporting.asmx", "/paypage/capture"))


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
