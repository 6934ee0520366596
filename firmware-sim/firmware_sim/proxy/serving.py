"""`kartenwart-sim proxy`: one link under a fault, until it is told to stop."""

import asyncio
import dataclasses
import ipaddress
import signal
from collections.abc import Mapping
from typing import Protocol, get_args

from firmware_sim.faults import named
from firmware_sim.proxy.fault import LinkFault, LinkFaultKind, read_link_fault
from firmware_sim.proxy.proxy import Proxy


class ProxyError(ValueError):
    """The proxy cannot be started like this; the text says what to write."""


class Say(Protocol):
    """Prints one line."""

    def __call__(self, **words: str) -> None: ...


async def serve(listen: str, to: str, fault: str, changes: Mapping[str, object], say: Say) -> None:
    """Pass connections on until SIGTERM or SIGINT; SIGUSR1 takes the fault away or puts it back.

    `fault` is a name of the catalogue or a kind; `changes` are fields of `LinkFault` that are to be otherwise. Raises
    `ProxyError`, `LinkFaultError`, `UnknownFaultError`, or OSError where it cannot listen.
    """
    here, there, plan = _address(listen), _address(to), _line_fault(fault, changes)
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
        say(listen=_written(*proxy.address), to=to, fault=fault)
        await stop.wait()


def _line_fault(name: str, changes: Mapping[str, object]) -> LinkFault | None:
    if not name:
        if changes:
            raise ProxyError(f"--{next(iter(changes))} changes a fault; name one with --fault")
        return None
    if name in get_args(LinkFaultKind):
        return read_link_fault({"kind": name, **changes})
    plan = named(name).plan
    if not isinstance(plan, LinkFault):
        raise ProxyError(f"{name} is a fault of the Konnektor, not of a line: kartenwart-sim fault play {name}")
    return read_link_fault(dataclasses.asdict(plan) | dict(changes))


def _written(host: str, port: int) -> str:
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"


def _address(text: str) -> tuple[str, int]:
    host, _, port = text.rpartition(":")
    try:
        ipaddress.ip_address(host.strip("[]"))
        return host.strip("[]"), int(port)
    except ValueError as error:
        raise ProxyError(f"{text!r} is no HOST:PORT with an IP address, such as 127.0.0.2:8443") from error
