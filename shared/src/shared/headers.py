"""Headers that every answer carries: what a browser may do with it. An answer's own header wins."""

from starlette.datastructures import MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from shared.problems import Problem

NOTHING = "default-src 'none'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'"
"""Content-Security-Policy of what is no page: nothing in it is ever run, shown, framed or sent."""

HEADERS = {
    # TLS ends in front of the services, which cannot know of it; browsers ignore this over plain http
    "Strict-Transport-Security": "max-age=31536000",
    "Content-Security-Policy": NOTHING,
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=(), payment=(), usb=()",
    "Cache-Control": "no-store",
}
_RAW = [(name.lower().encode(), value.encode()) for name, value in HEADERS.items()]
_TOO_LARGE = Problem(413, "The request is too large", "Send less at once.")


class SecureHeaders:
    """Completes the headers. It also words the framework's own answer to a body over `max_body_size`."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        replaced = False

        async def complete(message: Message) -> None:
            nonlocal replaced
            if message["type"] != "http.response.start":
                if not replaced:
                    await send(message)
                return
            if message["status"] == 413 and not _is_problem(message):
                replaced = True
                await _TOO_LARGE.response()(scope, receive, with_headers)
            else:
                await with_headers(message)

        async def with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = message["headers"] = list(message["headers"])
                named = {name for name, _ in headers}
                headers += [header for header in _RAW if header[0] not in named]
            await send(message)

        await self.app(scope, receive, complete)


def _is_problem(start: Message) -> bool:
    return MutableHeaders(raw=start["headers"]).get("content-type", "").startswith("application/problem+json")
