"""A TCP link that can be slow, torn, dead or noisy: a proxy that passes bytes on under a fault."""

from firmware_sim.proxy.fault import LinkFault, LinkFaultError, read_link_fault
from firmware_sim.proxy.proxy import Proxy

__all__ = ["LinkFault", "LinkFaultError", "Proxy", "read_link_fault"]
