"""Announces the box on the practice's network by mDNS (RFC 6762, RFC 6763), so that workstations find it."""

from kartenwart.adapters.mdns.addresses import own_addresses
from kartenwart.adapters.mdns.announcement import Announcement, Announcer

__all__ = ["Announcement", "Announcer", "own_addresses"]
