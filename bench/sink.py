"""An SMTP server that accepts everything and keeps only a count: `python -m bench.sink PORT COUNT_FILE`."""

import asyncio
import sys
from pathlib import Path

import uvloop


async def serve(port: int, count_file: Path) -> None:
    count = 0

    async def session(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal count
        writer.write(b"220 sink\r\n")
        while line := await reader.readline():
            verb = line[:4].upper()
            if verb == b"DATA":
                writer.write(b"354 go on\r\n")
                await reader.readuntil(b"\r\n.\r\n")
                count += 1
                writer.write(b"250 kept\r\n")
            elif verb == b"QUIT":
                writer.write(b"221 bye\r\n")
                break
            else:
                writer.write(b"250 sink\r\n")
        writer.close()

    server = await asyncio.start_server(session, "127.0.0.1", port, limit=64 * 1024 * 1024)
    async with server:
        while True:
            count_file.write_text(str(count))
            await asyncio.sleep(0.05)


if __name__ == "__main__":
    uvloop.run(serve(int(sys.argv[1]), Path(sys.argv[2])))
