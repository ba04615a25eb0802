"""A TCP proxy that breaks a connection at a chosen place, for testing what a client makes of it."""

import contextlib
import socket
import threading
from dataclasses import dataclass
from typing import Literal, Self

from localservers.ports import LOOPBACK, reserve

Side = Literal["request", "reply"]
Action = Literal["cut", "stall", "lose"]


@dataclass(frozen=True)
class Fault:
    """When `pattern` passes on `side`:
    cut    all bytes before it are passed on, then both connections are closed;
    stall  all bytes before it are passed on, then no more, and the connections stay open;
    lose   it is passed on, and the connection is closed when the other side answers: the answer is lost."""

    side: Side
    pattern: bytes
    action: Action


class FaultProxy:
    """Listens on `port` and forwards to `target`. Each fault of `faults` strikes once and is then removed."""

    def __init__(self, target: int) -> None:
        self.faults: list[Fault] = []
        self.struck: list[Fault] = []
        self._target = target
        self._holder = reserve()
        self.port = int(self._holder.getsockname()[1])
        self._listener: socket.socket | None = None
        self._open: set[socket.socket] = set()
        self._threads: list[threading.Thread] = []

    def fail(self, side: Side, pattern: bytes, action: Action) -> None:
        self.faults.append(Fault(side, pattern, action))

    def start(self) -> Self:
        self._listener = socket.create_server((LOOPBACK, self.port))
        self._run(self._accept, self._listener)
        return self

    def close(self) -> None:
        if self._listener is not None:
            # close() alone does not wake a thread that waits in accept()
            with contextlib.suppress(OSError):
                self._listener.shutdown(socket.SHUT_RDWR)
            self._listener.close()
        self.cut_all()
        for thread in self._threads:
            thread.join(10)
        self._holder.close()

    def cut_all(self) -> None:
        """Close every connection that is open now."""
        for connection in list(self._open):
            end(connection)

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(self, *_: object) -> None:
        self.close()

    def _run(self, target: object, *arguments: object) -> None:
        thread = threading.Thread(target=target, args=arguments, daemon=True)  # type: ignore[arg-type]
        self._threads.append(thread)
        thread.start()

    def _accept(self, listener: socket.socket) -> None:
        while True:
            try:
                client = listener.accept()[0]
            except OSError:
                return
            try:
                server = socket.create_connection((LOOPBACK, self._target), 10)
            except OSError:
                client.close()
                continue
            server.settimeout(None)
            self._open |= {client, server}
            lost = threading.Event()
            self._run(self._pump, client, server, "request", lost)
            self._run(self._pump, server, client, "reply", lost)

    def _pump(self, source: socket.socket, sink: socket.socket, side: Side, lost: threading.Event) -> None:
        """Copy until an end closes or a fault strikes. `lost` tells both pumps of a connection that the
        next answer is not to arrive."""
        tail = b""  # a pattern may be split between two reads
        answering = False
        with contextlib.suppress(OSError):
            while data := source.recv(65536):
                if lost.is_set() and not answering:
                    break
                fault, place = self._match(side, tail + data)
                if fault is None:
                    sink.sendall(data)
                    tail = (tail + data)[-256:]
                    continue
                if fault.action == "lose":
                    lost.set()
                    answering = True
                    sink.sendall(data)
                    continue
                sink.sendall(data[: max(0, place - len(tail))])
                if fault.action == "stall":
                    while source.recv(65536):
                        pass
                break
        end(source)
        end(sink)
        self._open -= {source, sink}

    def _match(self, side: Side, data: bytes) -> tuple[Fault | None, int]:
        for fault in self.faults:
            place = data.find(fault.pattern)
            if fault.side == side and place >= 0:
                self.faults.remove(fault)
                self.struck.append(fault)
                return fault, place
        return None, 0


def end(connection: socket.socket) -> None:
    with contextlib.suppress(OSError):
        connection.shutdown(socket.SHUT_RDWR)
    connection.close()
