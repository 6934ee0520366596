"""Doors to cards, terminals, pads and sessions."""

from typing import get_args

from aiohttp import web

from firmware_sim.control import views
from firmware_sim.control.request import BadRequestError, need, read
from firmware_sim.pads.pad import Ended, Pad, Typed
from firmware_sim.pads.script import digits, read_steps
from firmware_sim.simulation import Simulation
from firmware_sim.world.configuration import PadMode, VerifiedConfiguration
from firmware_sim.world.practice import WorldError

_KEYS = {"cancel": Ended.CANCELLED}
_MODES: dict[str, PadMode] = {mode: mode for mode in get_args(PadMode)}


class PracticeRoutes:
    """What a person in the practice could do with hands."""

    def __init__(self, simulation: Simulation) -> None:
        self._simulation = simulation
        self._practice = simulation.practice

    def routes(self) -> list[web.RouteDef]:
        return [
            web.get("/state", self.state),
            web.get("/counts", self.counts),
            web.get("/pads/{terminal}", self.pad),
            web.post("/pads/{terminal}/type", self.type),
            web.post("/pads/{terminal}/script", self.script),
            web.post("/cards/{card}/insert", self.insert),
            web.post("/cards/{card}/pull", self.pull),
            web.post("/terminals/{terminal}/connect", self.connect),
            web.post("/terminals/{terminal}/disconnect", self.disconnect),
            web.post("/terminals/{terminal}/hang", self.hang),
            web.post("/sessions/verify", self.verify),
        ]

    async def state(self, _: web.Request) -> web.Response:
        return web.json_response(views.state(self._simulation))

    async def counts(self, _: web.Request) -> web.Response:
        return web.json_response(views.counts(self._practice))

    async def pad(self, request: web.Request) -> web.Response:
        return web.json_response(views.pad(self._pad(request)))

    async def type(self, request: web.Request) -> web.Response:
        """{"pin": "..."} or {"keys": "cancel"}; `wait_seconds` waits for the prompt to appear."""
        document = await read(request, pin=str, keys=str, wait_seconds=(int, float))
        pad = self._pad(request)
        if ("pin" in document) == ("keys" in document):
            raise BadRequestError('either "pin" or "keys" is needed')
        if "keys" in document and document["keys"] not in _KEYS:
            raise BadRequestError(f'"keys" is one of {", ".join(_KEYS)}')
        entry = Typed(pin=digits(document["pin"])) if "pin" in document else _KEYS[document["keys"]]
        await pad.answer_when_asked(entry, float(document.get("wait_seconds", 0)))
        return web.json_response({"typed": True})

    async def script(self, request: web.Request) -> web.Response:
        """{"entries": [...], "default": mode}: what the person at this pad does from now on."""
        document = await read(request, entries=list, default=str)
        pad = self._pad(request)
        default = _MODES.get(document.get("default", pad.script.default))
        if default is None:
            raise BadRequestError(f'"default" is one of {", ".join(_MODES)}')
        pad.script.play(read_steps(document.get("entries", [])), default)
        return web.json_response(views.pad(pad))

    async def insert(self, request: web.Request) -> web.Response:
        document = await read(request, terminal=str, slot=int)
        name = request.match_info["card"]
        self._practice.insert(name, need(document, "terminal"), need(document, "slot"))
        return self._card(name)

    async def pull(self, request: web.Request) -> web.Response:
        await read(request)
        self._practice.pull(request.match_info["card"])
        return self._card(request.match_info["card"])

    async def connect(self, request: web.Request) -> web.Response:
        await read(request)
        self._practice.connect(request.match_info["terminal"])
        return web.json_response({"connected": True})

    async def disconnect(self, request: web.Request) -> web.Response:
        await read(request)
        self._practice.disconnect(request.match_info["terminal"])
        return web.json_response({"connected": False})

    async def hang(self, request: web.Request) -> web.Response:
        """{"seconds": 45}: the terminal's TLS hangs, unnoticed; 0 ends it."""
        document = await read(request, seconds=(int, float))
        terminal, seconds = request.match_info["terminal"], float(need(document, "seconds"))
        self._practice.device_of(terminal).hanging.begin(terminal, seconds)
        return web.json_response({"seconds": seconds})

    async def verify(self, request: web.Request) -> web.Response:
        """What a foreign client system did: a PIN is verified in its session, without a prompt."""
        document = await read(request, card=str, pin=str, mandant=str, client_system=str, user=str)
        card = self._practice.card(need(document, "card"))
        default = next(iter(card.pins), "")
        self._practice.verify_elsewhere(
            VerifiedConfiguration(
                card=card.name,
                pin=document.get("pin", default),
                mandant=need(document, "mandant"),
                client_system=need(document, "client_system"),
                user=document.get("user", ""),
            )
        )
        return web.json_response({"verified": True})

    def _pad(self, request: web.Request) -> Pad:
        terminal = request.match_info["terminal"]
        if terminal not in self._simulation.pads:
            raise WorldError(f"there is no terminal {terminal!r}; there are {', '.join(self._simulation.pads)}")
        return self._simulation.pads[terminal]

    def _card(self, name: str) -> web.Response:
        cards = views.state(self._simulation)["cards"]
        return web.json_response(next(card for card in cards if card["name"] == name))
