"""A company's own certificate authority is named to every service in the way of all programs."""

import asyncio
import ssl
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from localservers.certificates import self_signed
from shared.trust import authorities


@pytest.fixture(autouse=True)
def read_anew() -> Iterator[None]:
    authorities.cache_clear()
    yield
    authorities.cache_clear()


async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    await reader.readuntil(b"\r\n\r\n")
    writer.write(b"HTTP/1.1 204 No Content\r\nConnection: close\r\n\r\n")
    writer.close()


@pytest.mark.parametrize("named", [True, False])
async def test_an_authority_named_by_the_environment(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, named: bool
) -> None:
    files = self_signed(tmp_path)
    theirs = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    theirs.load_cert_chain(files.certificate, files.key)
    if named:
        monkeypatch.setenv("SSL_CERT_FILE", str(files.certificate))
    else:
        monkeypatch.delenv("SSL_CERT_FILE", raising=False)
    async with (
        await asyncio.start_server(answer, "127.0.0.1", 0, ssl=theirs) as server,
        httpx.AsyncClient(verify=authorities(), trust_env=False) as http,
    ):
        url = f"https://localhost:{server.sockets[0].getsockname()[1]}/"
        if named:
            assert (await http.get(url)).status_code == 204
        else:
            with pytest.raises(httpx.ConnectError, match="CERTIFICATE_VERIFY_FAILED"):
                await http.get(url)
