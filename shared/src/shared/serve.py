"""The web server, which lets go of streams when it is told to stop."""

import asyncio
import socket
from typing import Any

import uvicorn
from fastapi import FastAPI

from shared.connections import Connection


class Server(uvicorn.Server):
    """uvicorn waits for open answers before it ends an app; one that never ends by itself would use up all of
    its patience."""

    async def on_tick(self, counter: int) -> bool:
        if counter % 10 == 0:  # a tick is a tenth of a second
            now = asyncio.get_running_loop().time()
            for each in list(self.server_state.connections):
                if isinstance(each, Connection):
                    each.end_if_late(now)
        return await super().on_tick(counter)

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        for running in self.config.app.state.running:  # pyright: ignore  # what shared.app.create_app made
            running.closing.set()
        await super().shutdown(sockets)


def web_server(app: FastAPI, *, grace: int, **where: Any) -> Server:
    """`grace`: seconds that open answers have at the end. `where`: host and port, or nothing for sockets of
    one's own. No route speaks websockets, so none of their code is loaded."""
    config = uvicorn.Config(
        app,
        http=Connection,
        log_config=None,
        ws="none",
        access_log=False,
        server_header=False,
        lifespan="on",
        timeout_graceful_shutdown=grace,
        **where,
    )
    return Server(config)
