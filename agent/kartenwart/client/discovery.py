"""Finds boxes in the local network by mDNS (`_kartenwart._tcp`). What is found is a hint, never trust."""

import asyncio
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass

from zeroconf import InterfaceChoice, ServiceStateChange, Zeroconf
from zeroconf.asyncio import AsyncServiceBrowser, AsyncServiceInfo, AsyncZeroconf

from kartenwart.client.profile import Address

SERVICE = "_kartenwart._tcp.local."
_RESOLVE_MILLISECONDS = 2000
_MOST_BOXES = 64


@dataclass(frozen=True, slots=True, kw_only=True)
class FoundBox:
    """A box as it announces itself: `site` is the start of the site's fingerprint, 16 hex digits.

    `enrolment_open` is None where the announcement does not say.
    """

    label: str
    box_id: str
    site: str
    address: Address
    enrolment_open: bool | None


async def discover(
    interface: str | None = None, timeout: float = 3.0, wanted: Callable[[FoundBox], bool] | None = None
) -> tuple[FoundBox, ...]:
    """Listen for `timeout` seconds and return the boxes found, sorted by label.

    `interface` is an own IP address, e.g. "127.0.0.1"; None uses every interface. With `wanted` it ends at the first
    box that fits.
    """
    zeroconf = AsyncZeroconf(interfaces=[interface] if interface else InterfaceChoice.Default)
    search = _Search(zeroconf.zeroconf, wanted)
    try:
        browser = AsyncServiceBrowser(zeroconf.zeroconf, SERVICE, handlers=[search.heard])
        with suppress(TimeoutError):
            async with asyncio.timeout(timeout):
                await search.satisfied.wait()
        await browser.async_cancel()
        await search.close()
    finally:
        await zeroconf.async_close()
    return tuple(sorted(search.found.values(), key=lambda box: (box.label, box.box_id)))


class _Search:
    def __init__(self, zeroconf: Zeroconf, wanted: Callable[[FoundBox], bool] | None) -> None:
        self._zeroconf = zeroconf
        self._wanted = wanted
        self._asking: dict[str, asyncio.Task[None]] = {}
        self.found: dict[str, FoundBox] = {}
        self.satisfied = asyncio.Event()

    def heard(self, zeroconf: Zeroconf, service_type: str, name: str, state_change: ServiceStateChange) -> None:  # noqa: ARG002  # zeroconf's signature
        if state_change is ServiceStateChange.Removed:
            self.found.pop(name, None)
        elif len(self._asking) < _MOST_BOXES:
            self._asking[name] = asyncio.get_running_loop().create_task(self._ask(name))

    async def _ask(self, name: str) -> None:
        info = AsyncServiceInfo(SERVICE, name)
        if not await info.async_request(self._zeroconf, _RESOLVE_MILLISECONDS):
            return
        if (box := found_box(info)) is not None:
            self.found[name] = box
            if self._wanted is not None and self._wanted(box):
                self.satisfied.set()

    async def close(self) -> None:
        for task in self._asking.values():
            task.cancel()
        await asyncio.gather(*self._asking.values(), return_exceptions=True)


def found_box(info: AsyncServiceInfo) -> FoundBox | None:
    """Read an announcement; None where it is none of ours or says no address."""
    texts = {
        key.decode("ascii", "replace"): (value or b"").decode("utf-8", "replace")
        for key, value in info.properties.items()
    }
    addresses = info.parsed_addresses()
    if texts.get("txtvers") != "1" or texts.get("api") != "v1" or not addresses:
        return None
    usual = Address(host=addresses[0])
    address = Address(
        host=addresses[0],
        grpc_port=_port(texts.get("grpc"), info.port or usual.grpc_port),
        json_port=_port(texts.get("json"), usual.json_port),
        enrol_port=_port(texts.get("enrol"), usual.enrol_port),
    )
    return FoundBox(
        label=info.name.removesuffix(f".{SERVICE}"),
        box_id=texts.get("id", ""),
        site=texts.get("fp", ""),
        address=address,
        enrolment_open={"0": False, "1": True}.get(texts.get("open", "")),
    )


def _port(text: str | None, otherwise: int) -> int:
    """Return a port, or the usual one where what a stranger announced is none."""
    if text is None or not text.isdecimal() or len(text) > 5:
        return otherwise
    return int(text) if 0 < int(text) < 65536 else otherwise
