"""Doors to bad days: faults of the catalogue by name, and any fault of the lines."""

from aiohttp import web

from firmware_sim.control.request import BadRequestError, need, read
from firmware_sim.faults import named
from firmware_sim.konnektor.konnektor import Konnektor
from firmware_sim.konnektor.playing import end, play
from firmware_sim.proxy import read_link_fault
from firmware_sim.simulation import Simulation
from firmware_sim.world.practice import WorldError


class FaultRoutes:
    """What a tester lets go wrong by name or on the lines, and its end."""

    def __init__(self, simulation: Simulation) -> None:
        self._konnektors = simulation.konnektors

    def routes(self) -> list[web.RouteDef]:
        return [
            web.post("/konnektors/{konnektor}/trouble", self.play),
            web.delete("/konnektors/{konnektor}/trouble", self.end),
            web.post("/konnektors/{konnektor}/line", self.disturb),
            web.delete("/konnektors/{konnektor}/line", self.heal),
        ]

    async def play(self, request: web.Request) -> web.Response:
        """{"fault": "line-drip"}: a fault of the catalogue begins."""
        document = await read(request, fault=str)
        fault = named(need(document, "fault"))
        await play(self._konnektor(request), fault)
        return web.json_response({"fault": fault.name, "place": fault.place})

    async def end(self, request: web.Request) -> web.Response:
        """Whatever was played ends."""
        await end(self._konnektor(request))
        return web.json_response({"fault": None})

    async def disturb(self, request: web.Request) -> web.Response:
        """{"line": "soap" | "events", "kind": "latency", ...}: a fault of a line, see firmware_sim.proxy.fault."""
        document = await request.json()
        line = document.pop("line", "") if isinstance(document, dict) else ""
        if line not in ("soap", "events"):
            raise BadRequestError('"line" is "soap" or "events"')
        lines, fault = self._konnektor(request).lines, read_link_fault(document)
        if line == "soap":
            await lines.disturb_soap(fault)
        else:
            lines.disturb_events(fault)
        return web.json_response({"line": line, "kind": fault.kind})

    async def heal(self, request: web.Request) -> web.Response:
        """Both lines are sound again; connections through the proxies are cut."""
        await self._konnektor(request).lines.heal()
        return web.json_response({"lines": "sound"})

    def _konnektor(self, request: web.Request) -> Konnektor:
        name = request.match_info["konnektor"]
        if name not in self._konnektors:
            raise WorldError(f"there is no konnektor {name!r}; there are {', '.join(self._konnektors)}")
        return self._konnektors[name]
