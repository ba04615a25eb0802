"""Loopback ports that stay ours from the choice until the process ends."""

import socket

LOOPBACK = "127.0.0.1"


def reserve(port: int = 0) -> socket.socket:
    """A bound socket that never listens: Linux gives its port to nobody else, neither to a bind nor as the
    source port of a connection, yet lets a server that sets SO_REUSEADDR (all of ours do) listen on it.
    So a port is not lost between choosing it and starting, nor while its server is down. Raises OSError
    when `port` is taken."""
    holder = socket.socket()
    holder.bind((LOOPBACK, port))
    holder.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    return holder


def greets(port: int, greeting: bytes) -> bool:
    """Whether a server on the loopback port speaks first, and says `greeting`."""
    try:
        with socket.create_connection((LOOPBACK, port), 1) as connection:
            return connection.recv(len(greeting), socket.MSG_WAITALL) == greeting
    except OSError:
        return False
