"""Which hosts a setting may name: an administrator's typing must not become a way into the cloud's inside."""

import asyncio
import ipaddress
import socket


class HostRefused(ValueError):
    """The host cannot be used; the message says why, for the person who typed it."""


async def resolve(host: str, port: int, *, allow_private: bool) -> str:
    """The address to connect to, looked up once, so that a second answer cannot differ from the checked one.

    Link-local addresses (cloud metadata) are always refused; private ones unless `allow_private`.
    Raises HostRefused.
    """
    try:
        found = await asyncio.get_running_loop().getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except OSError:
        raise HostRefused(f"the name {host!r} cannot be found: check the server name") from None
    address = str(found[0][4][0])
    parsed = ipaddress.ip_address(address.split("%")[0])
    if parsed.is_link_local or parsed.is_multicast or parsed.is_unspecified:
        raise HostRefused(f"{host!r} is a link-local address, which no setting may name")
    if parsed.is_private and not allow_private:
        raise HostRefused(f"{host!r} is a private address; CALLBOARD_ALLOW_PRIVATE_HOSTS=true allows it")
    return address
