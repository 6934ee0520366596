"""Doors to the readers at computers: plug, unplug, and what goes wrong. Cards and pads are like those of terminals."""

from aiohttp import web

from firmware_sim.control import views
from firmware_sim.control.request import read
from firmware_sim.readers.faults import read_reader_fault
from firmware_sim.readers.reader import Reader
from firmware_sim.simulation import Simulation
from firmware_sim.world.practice import WorldError


class ReaderRoutes:
    """What hands, cables and bad cards do to a reader."""

    def __init__(self, simulation: Simulation) -> None:
        self._simulation = simulation

    def routes(self) -> list[web.RouteDef]:
        return [
            web.get("/readers", self.readers),
            web.post("/readers/{reader}/plug", self.plug),
            web.post("/readers/{reader}/unplug", self.unplug),
            web.post("/readers/{reader}/faults", self.plan),
            web.delete("/readers/{reader}/faults", self.clear),
        ]

    async def readers(self, _: web.Request) -> web.Response:
        """All readers with their slots, pads and planned faults."""
        return web.json_response({"readers": views.readers(self._simulation)})

    async def plug(self, request: web.Request) -> web.Response:
        """The cable is in again."""
        await read(request)
        reader = self._reader(request)
        reader.plug()
        return web.json_response({"plugged": reader.plugged})

    async def unplug(self, request: web.Request) -> web.Response:
        """The cable is pulled, whatever is going on."""
        await read(request)
        reader = self._reader(request)
        reader.unplug()
        return web.json_response({"plugged": reader.plugged})

    async def plan(self, request: web.Request) -> web.Response:
        """{"kind": "mute", "times": 1, "instruction": "20", "seconds": 3, "execute": true}, see readers.faults."""
        document = await read(request, kind=str, times=int, instruction=str, seconds=(int, float), execute=bool)
        reader = self._reader(request)
        reader.plan(read_reader_fault(document))
        return web.json_response({"planned": reader.faults.planned})

    async def clear(self, request: web.Request) -> web.Response:
        """Nothing more goes wrong."""
        self._reader(request).faults.clear()
        return web.json_response({"planned": 0})

    def _reader(self, request: web.Request) -> Reader:
        name, known = request.match_info["reader"], self._simulation.readers
        if name not in known:
            raise WorldError(f"there is no reader {name!r}; there are {', '.join(known) or 'none in this world'}")
        return known[name]
