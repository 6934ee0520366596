"""Announces the box on the practice's network by mDNS (RFC 6762, RFC 6763), so that workstations find it.

The Announcer stands in announcer.py and is not loaded from here: zeroconf must not delay the first answered call.
"""

from kartenwart.adapters.mdns.addresses import own_addresses
from kartenwart.adapters.mdns.announcement import Announcement

__all__ = ["Announcement", "own_addresses"]
