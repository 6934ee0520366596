"""`kartenwart-sim proxy`: one link under a fault of the catalogue, until it is told to stop."""

import asyncio
import ipaddress
import signal
from typing import Protocol

from firmware_sim.faults import named
from firmware_sim.proxy.fault import LinkFault
from firmware_sim.proxy.proxy import Proxy


class ProxyError(ValueError):
    """The proxy cannot be started like this; the text says what to write."""


class Say(Protocol):
    """Prints one line."""

    def __call__(self, **words: str) -> None: ...


async def serve(listen: str, to: str, fault: str, say: Say) -> None:
    """Pass connections on until SIGTERM or SIGINT; SIGUSR1 takes the fault away or puts it back.

    Raises `ProxyError`, `UnknownFaultError`, or OSError where it cannot listen.
    """
    here, there, plan = _address(listen), _address(to), _line_fault(fault)
    if not ipaddress.ip_address(here[0]).is_loopback:
        raise ProxyError(f"{listen} is not on this machine's loopback; listen on 127.0.0.1 or ::1")
    stop, loop = asyncio.Event(), asyncio.get_running_loop()
    async with Proxy(here, there, plan) as proxy:

        def turn() -> None:
            proxy.fault = None if proxy.fault is not None else plan
            say(fault="" if proxy.fault is None else fault)

        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, stop.set)
        loop.add_signal_handler(signal.SIGUSR1, turn)
        say(listen="{}:{}".format(*proxy.address), to=to, fault=fault)
        await stop.wait()


def _line_fault(name: str) -> LinkFault | None:
    if not name:
        return None
    fault = named(name)
    if not isinstance(fault.plan, LinkFault):
        raise ProxyError(f"{name} is a fault of the Konnektor, not of a line: kartenwart-sim fault play {name}")
    return fault.plan


def _address(text: str) -> tuple[str, int]:
    host, _, port = text.rpartition(":")
    try:
        ipaddress.ip_address(host.strip("[]"))
        return host.strip("[]"), int(port)
    except ValueError as error:
        raise ProxyError(f"{text!r} is no HOST:PORT with an IP address, such as 127.0.0.2:8443") from error
