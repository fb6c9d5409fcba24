"""Who asks, by the address the request came from."""

from __future__ import annotations

import ipaddress


def household(address: str) -> str:
    """What one asker holds: an IPv4 address, or the whole /64 that every IPv6 connection comes with. Anything else as it is."""
    try:
        found = ipaddress.IPv6Address(address.partition("%")[0])
    except ValueError:
        return address
    return str(found.ipv4_mapped or ipaddress.IPv6Network((int(found) >> 64 << 64, 64)))
