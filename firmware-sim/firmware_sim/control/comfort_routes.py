"""Doors to the comfort signature: its switch and limits, foreign sessions, and the time that passes."""

from dataclasses import replace

from aiohttp import web

from firmware_sim.control.request import BadRequestError, need, read
from firmware_sim.simulation import Simulation
from firmware_sim.world.configuration import ComfortConfiguration
from firmware_sim.world.device import Device
from firmware_sim.world.practice import WorldError
from firmware_sim.world.references import comfort_problems


class ComfortRoutes:
    """What the administrator sets, what other client systems do, and a card's reset."""

    def __init__(self, simulation: Simulation) -> None:
        self._practice = simulation.practice

    def routes(self) -> list[web.RouteDef]:
        return [
            web.post("/konnektors/{konnektor}/comfort", self.settings),
            web.get("/konnektors/{konnektor}/comfort/secrets", self.secrets),
            web.post("/konnektors/{konnektor}/comfort/session", self.session),
            web.post("/konnektors/{konnektor}/comfort/left", self.left),
            web.post("/cards/{card}/reset", self.reset),
        ]

    async def settings(self, request: web.Request) -> web.Response:
        """{"enabled": true, "signatures": 100, "seconds": 21600, "sessions": 2}: what is not named stays."""
        document = await read(request, enabled=bool, signatures=int, seconds=(int, float), sessions=int)
        device = self._device(request)
        wanted: ComfortConfiguration = replace(device.comfort.settings, **document)
        problems = list(comfort_problems(device.configuration, wanted))
        if problems:
            raise BadRequestError("; ".join(problems))
        device.comfort.administer(wanted)
        return web.json_response({"enabled": wanted.enabled})

    async def secrets(self, request: web.Request) -> web.Response:
        """Every UserId that an activation has used: for tests that search for it where it must not stand."""
        return web.json_response({"user_ids": list(self._device(request).comfort.used)})

    async def session(self, request: web.Request) -> web.Response:
        """{"card", "client_system", "user"}: a session that a foreign client system activated; no prompt, no count."""
        document = await read(request, card=str, client_system=str, user=str)
        device, handle = self._device(request), self._handle(need(document, "card"))
        user = need(document, "user")
        device.comfort.check_activation(handle, user)
        device.comfort.activate(handle, need(document, "client_system"), user)
        return web.json_response({"activated": True})

    async def left(self, request: web.Request) -> web.Response:
        """{"signatures": 3, "seconds": 60}: what every session has left from now on; what is not named stays."""
        document = await read(request, signatures=int, seconds=(int, float))
        changed = self._device(request).comfort.shorten(document.get("signatures"), document.get("seconds"))
        return web.json_response({"sessions": changed})

    async def reset(self, request: web.Request) -> web.Response:
        """The card is reset in its slot: its handle stays, whatever was verified in it does not."""
        await read(request)
        name = request.match_info["card"]
        for device in self._practice.devices.values():
            for seen in device.cards:
                if seen.card.name == name:
                    device.reset(seen.handle)
        self._practice.card(name)
        return web.json_response({"reset": True})

    def _handle(self, name: str) -> str:
        card = self._practice.card(name)
        for device in self._practice.devices.values():
            for seen in device.cards:
                if seen.card is card:
                    return seen.handle
        raise WorldError(f"card {name!r} is in no slot")

    def _device(self, request: web.Request) -> Device:
        name = request.match_info["konnektor"]
        if name not in self._practice.devices:
            raise WorldError(f"there is no konnektor {name!r}; there are {', '.join(self._practice.devices)}")
        return self._practice.devices[name]
