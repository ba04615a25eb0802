"""The web server, which lets go of streams when it is told to stop."""

import socket
from typing import Any

import uvicorn
from fastapi import FastAPI


class Server(uvicorn.Server):
    """uvicorn waits for open answers before it ends an app; one that never ends by itself would use up all of
    its patience."""

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        for running in self.config.app.state.running:  # pyright: ignore  # what shared.app.create_app made
            running.closing.set()
        await super().shutdown(sockets)


def web_server(app: FastAPI, *, grace: int, **where: Any) -> Server:
    """`grace`: seconds that open answers have at the end. `where`: host and port, or nothing for sockets of
    one's own. No route speaks websockets, so none of their code is loaded."""
    config = uvicorn.Config(
        app,
        log_config=None,
        ws="none",
        access_log=False,
        server_header=False,
        lifespan="on",
        timeout_graceful_shutdown=grace,
        **where,
    )
    return Server(config)
