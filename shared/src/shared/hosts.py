"""Which hosts a setting may name: an administrator's typing must not become a way into the cloud's inside."""

import asyncio
import ipaddress
import socket


class HostRefused(ValueError):
    """The host cannot be used; the message says why, for the person who typed it."""


class HostUnknown(HostRefused):
    """There is no such name, or nobody who would know it answers."""


_METADATA = frozenset({"100.100.100.200", "192.0.0.192", "fd00:ec2::254"})
_NAT64 = ipaddress.ip_network("64:ff9b::/96")


async def addresses(
    host: str, port: int, *, allow_private: bool, setting: str = "CALLBOARD_ALLOW_PRIVATE_HOSTS"
) -> list[str]:
    """The addresses to connect to, looked up once, so that a second answer cannot differ from the checked
    one.

    Link-local addresses and others with cloud metadata are always refused; what is not public only with
    `allow_private`, which `setting` would allow. One refused address refuses the host. Raises HostRefused.
    """
    try:
        found = await asyncio.get_running_loop().getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError):
        raise HostUnknown(f"the name {host!r} cannot be found: check the server name") from None
    distinct = list(dict.fromkeys(str(entry[4][0]) for entry in found))
    for address in distinct:
        if not permitted(address, private=True):
            raise HostRefused(f"{host!r} is a link-local address, which no setting may name")
        if not permitted(address, private=allow_private):
            raise HostRefused(f"{host!r} is a private address; {setting}=true allows it")
    return distinct


async def resolve(
    host: str, port: int, *, allow_private: bool, setting: str = "CALLBOARD_ALLOW_PRIVATE_HOSTS"
) -> str:
    """The first of `addresses`."""
    return (await addresses(host, port, allow_private=allow_private, setting=setting))[0]


def permitted(address: str, *, private: bool) -> bool:
    """Cloud metadata lives on link-local addresses: a server there would be a way to read it out."""
    meant = _meant(address)
    if meant.is_link_local or meant.is_multicast or meant.is_unspecified or str(meant) in _METADATA:
        return False
    return private or meant.is_global


def _meant(address: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address:
    """An IPv6 address may be another way to write an IPv4 one."""
    parsed = ipaddress.ip_address(address.split("%")[0])
    if isinstance(parsed, ipaddress.IPv6Address):
        if parsed in _NAT64:
            return ipaddress.IPv4Address(int(parsed) & 0xFFFF_FFFF)
        return parsed.ipv4_mapped or parsed.sixtofour or parsed
    return parsed
