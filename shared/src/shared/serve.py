"""The web server, which lets go of streams when it is told to stop."""

import socket

import uvicorn


class Server(uvicorn.Server):
    """uvicorn waits for open answers before it ends an app; one that never ends by itself would use up all of
    its patience."""

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        for running in self.config.app.state.running:  # pyright: ignore  # what shared.app.create_app made
            running.closing.set()
        await super().shutdown(sockets)
