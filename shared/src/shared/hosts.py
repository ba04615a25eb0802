"""Which hosts a setting may name: an administrator's typing must not become a way into the cloud's inside."""

import asyncio
import ipaddress
import socket


class HostRefused(ValueError):
    """The host cannot be used; the message says why, for the person who typed it."""


class HostUnknown(HostRefused):
    """There is no such name, or nobody who would know it answers."""


_METADATA = tuple(
    map(
        ipaddress.ip_network,
        (
            "100.100.100.200/32",  # Alibaba Cloud
            "168.63.129.16/32",  # Azure, a public address that only its own machines reach
            "192.0.0.192/32",  # Oracle Cloud
            "fd00:ec2::/96",  # Amazon: metadata, time, names, credentials of pods
            "fd20:ce::/96",  # Google Cloud
            "fd00:c1::/96",  # Oracle Cloud
            "fd00:42::/96",  # Scaleway
        ),
    )
)
"""Beside the link-local addresses, which all other clouds use."""
_NAT64 = tuple(map(ipaddress.ip_network, ("64:ff9b::/96", "64:ff9b:1::/48")))  # RFC 6052, RFC 8215
_COMPATIBLE = ipaddress.ip_network("::/96")  # RFC 4291, 2.5.5.1

Address = ipaddress.IPv4Address | ipaddress.IPv6Address


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
    """Cloud metadata lives on link-local and a few other addresses: a server there would be a way to read it
    out."""
    return all(_permitted(each, private=private) for each in _meanings(address))


def _permitted(address: Address, *, private: bool) -> bool:
    if address.is_link_local or address.is_multicast or address.is_unspecified:
        return False
    if any(address in network for network in _METADATA if network.version == address.version):
        return False
    return private or address.is_global


def _meanings(address: str) -> list[Address]:
    """An IPv6 address may be another way to write an IPv4 one, to whoever translates it."""
    parsed = ipaddress.ip_address(address.split("%")[0])
    if isinstance(parsed, ipaddress.IPv4Address):
        return [parsed]
    last = ipaddress.IPv4Address(int(parsed) & 0xFFFF_FFFF)
    if parsed.ipv4_mapped or any(parsed in network for network in _NAT64):
        return [last]
    if parsed in _COMPATIBLE and int(parsed) > 1:
        return [last]
    if parsed.sixtofour:
        return [parsed, parsed.sixtofour]
    if parsed.teredo:
        return [parsed, *parsed.teredo]
    if int(parsed) >> 32 & 0xFFFF_FFFF in (0x5EFE, 0x0200_5EFE):  # ISATAP, RFC 5214
        return [parsed, last]
    return [parsed]
