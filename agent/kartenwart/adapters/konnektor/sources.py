"""From which addresses events are taken."""

import asyncio
import socket
from collections.abc import Sequence
from ipaddress import IPv6Address, ip_address, ip_network


class Sources:
    """The configured networks, or else the addresses of the Konnektor's host, as last resolved."""

    def __init__(self, networks: Sequence[str], host: str) -> None:
        self._fixed = bool(networks)
        self._networks = tuple(ip_network(each) for each in networks)
        self._host = host

    def allows(self, peer: str) -> bool:
        """Tell whether an event from this address counts; an IPv4 address may come dressed as IPv6."""
        address = ip_address(peer.partition("%")[0])
        if isinstance(address, IPv6Address) and address.ipv4_mapped is not None:
            address = address.ipv4_mapped
        return any(address in network for network in self._networks)

    async def refresh(self) -> None:
        """Resolve the host again; the last known addresses stay where that fails."""
        if self._fixed:
            return
        try:
            found = await asyncio.get_running_loop().getaddrinfo(self._host, None, type=socket.SOCK_STREAM)
        except OSError:
            return
        self._networks = tuple({ip_network(str(each[4][0]).partition("%")[0]) for each in found})


async def own_address(host: str, port: int) -> str:
    """Return the address that we have towards a host; no packet is sent. OSError where there is no route."""
    transport, _ = await asyncio.get_running_loop().create_datagram_endpoint(
        asyncio.DatagramProtocol, remote_addr=(host, port)
    )
    try:
        return str(transport.get_extra_info("sockname")[0])
    finally:
        transport.close()
