"""An SMTP server that accepts everything and keeps only a count: `python -m bench.sink PORT COUNT_FILE`.

Like every server of these days it takes commands together (PIPELINING) and answers them together."""

import asyncio
import sys
from pathlib import Path
from typing import cast

import uvloop

END = b"\r\n.\r\n"
EHLO = b"250-sink\r\n250-PIPELINING\r\n250 SIZE\r\n"


class Sink(asyncio.Protocol):
    count = 0

    def __init__(self) -> None:
        self._received = bytearray()
        self._in_data = False

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)
        self._transport.write(b"220 sink\r\n")

    def data_received(self, data: bytes) -> None:
        self._received += data
        replies: list[bytes] = []
        while (end := self._received.find(END if self._in_data else b"\r\n")) >= 0:
            if self._in_data:
                del self._received[: end + len(END)]
                Sink.count += 1
                replies.append(b"250 kept\r\n")
                self._in_data = False
            else:
                verb = bytes(self._received[:4]).upper()
                del self._received[: end + 2]
                replies.append({b"DATA": b"354 go on\r\n", b"EHLO": EHLO}.get(verb, b"250 sink\r\n"))
                self._in_data = verb == b"DATA"
        if replies:
            self._transport.write(b"".join(replies))


async def serve(port: int, count_file: Path) -> None:
    async with await asyncio.get_running_loop().create_server(Sink, "127.0.0.1", port):
        while True:
            count_file.write_text(str(Sink.count))
            await asyncio.sleep(0.05)


if __name__ == "__main__":
    uvloop.run(serve(int(sys.argv[1]), Path(sys.argv[2])))
