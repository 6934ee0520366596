"""The box's own addresses, for its certificate and its announcement."""

from ipaddress import ip_address

import ifaddr


def own_addresses(listening: str) -> tuple[str, ...]:
    """Return the IPv4 addresses under which `listening` is reached: itself, or all of the box for 0.0.0.0 and ::.

    Loopback and link-local ones are left out where the box has others; sorted.
    """
    if not ip_address(listening).is_unspecified:
        return (listening,)
    found = {address.ip for adapter in ifaddr.get_adapters() for address in adapter.ips if isinstance(address.ip, str)}
    reachable = {one for one in found if not (ip_address(one).is_loopback or ip_address(one).is_link_local)}
    return tuple(sorted(reachable or found))
