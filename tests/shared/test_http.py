"""HTTP to typed addresses: every new connection is checked, and goes to what was checked."""

import asyncio
import socket
from collections.abc import Sequence
from typing import Any

import httpx
import pytest
from shared.http import open_client

LIMITS = httpx.Limits(max_keepalive_connections=0)
PUBLIC, METADATA = "93.184.215.14", "169.254.169.254"


class Names:
    """A name server whose answers change: the last stays."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, *answers: Sequence[str]) -> None:
        self.answers, self.asked = list(answers), 0
        loop = asyncio.get_running_loop()
        monkeypatch.setattr(loop, "getaddrinfo", self.getaddrinfo)

    async def getaddrinfo(self, host: str, port: int, **_: Any) -> list[Any]:
        if host in ("127.0.0.1", PUBLIC):
            found: Sequence[str] = [host]
        else:
            found = self.answers[min(self.asked, len(self.answers) - 1)]
            self.asked += 1
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (each, port)) for each in found]


@pytest.fixture
async def served() -> Any:
    """A server on loopback, and what was asked of it."""
    asked: list[str] = []

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        asked.append((await reader.readuntil(b"\r\n\r\n")).decode())
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 6\r\nConnection: close\r\n\r\ninside")
        await writer.drain()
        writer.close()

    async with await asyncio.start_server(answer, "127.0.0.1", 0) as server:
        yield server.sockets[0].getsockname()[1], asked


async def test_it_goes_to_the_checked_address_by_the_typed_name(
    served: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    port, asked = served
    names = Names(monkeypatch, ["127.0.0.1"])
    async with open_client(allow_private=True, timeout=5, limits=LIMITS) as http:
        assert (await http.get(f"http://partner.example:{port}/a")).text == "inside"
    assert f"Host: partner.example:{port}".lower() in asked[0].lower()
    assert names.asked == 1


async def test_a_name_that_moves_inside_is_refused_at_the_next_call(
    served: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Looked up once a connection: the answer that is checked is the one that is used."""
    port, asked = served
    for answers in (["127.0.0.1"], [PUBLIC, "127.0.0.1"], ["127.0.0.1", PUBLIC], [METADATA]):
        Names(monkeypatch, answers)
        async with open_client(allow_private=False, timeout=5, limits=LIMITS) as http:
            with pytest.raises(httpx.ConnectError, match=r"private address|link-local"):
                await http.get(f"http://partner.example:{port}/a")
    assert asked == []


@pytest.mark.parametrize("where", [METADATA, "[fd00:ec2::254]", "[::ffff:169.254.169.254]", "168.63.129.16"])
async def test_metadata_is_refused_whatever_is_allowed(where: str) -> None:
    async with open_client(allow_private=True, timeout=5, limits=LIMITS) as http:
        with pytest.raises(httpx.ConnectError, match="no setting may name"):
            await http.get(f"http://{where}/latest/meta-data")


async def test_a_redirect_leads_nowhere(served: Any) -> None:
    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"HTTP/1.1 302 Found\r\nLocation: http://169.254.169.254/\r\nContent-Length: 0\r\n\r\n")
        await writer.drain()
        writer.close()

    async with await asyncio.start_server(answer, "127.0.0.1", 0) as server:
        port = server.sockets[0].getsockname()[1]
        async with open_client(allow_private=True, timeout=5, limits=LIMITS) as http:
            assert (await http.get(f"http://127.0.0.1:{port}/")).status_code == 302
