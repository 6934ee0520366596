"""Doors to a Konnektor's information model: look at it, make an administrator's mistake, mend all."""

from dataclasses import asdict

from aiohttp import web

from firmware_sim.control.request import need, read
from firmware_sim.simulation import Simulation
from firmware_sim.world.administration import make_mistake
from firmware_sim.world.device import Device
from firmware_sim.world.practice import WorldError


class ModelRoutes:
    """What stands in the administration of a Konnektor."""

    def __init__(self, simulation: Simulation) -> None:
        self._konnektors = simulation.konnektors

    def routes(self) -> list[web.RouteDef]:
        return [
            web.get("/konnektors/{konnektor}/model", self.show),
            web.post("/konnektors/{konnektor}/model", self.take),
            web.delete("/konnektors/{konnektor}/model", self.mend),
        ]

    async def show(self, request: web.Request) -> web.Response:
        return web.json_response(_shown(self._device(request)))

    async def take(self, request: web.Request) -> web.Response:
        """{"take": "workplace-of-mandant", "mandant": "m1", "workplace": "empfang"}: this entry was forgotten."""
        names = ("mandant", "client_system", "workplace", "terminal", "card", "other")
        document = await read(request, take=str, **dict.fromkeys(names, str))
        device, mistake = self._device(request), str(need(document, "take"))
        given = {key: str(value) for key, value in document.items() if key != "take"}
        device.administer(make_mistake(device.model.entered, mistake, given))
        return web.json_response(_shown(device))

    async def mend(self, request: web.Request) -> web.Response:
        """Enter again what the world file says."""
        device = self._device(request)
        device.administer(device.configuration)
        return web.json_response(_shown(device))

    def _device(self, request: web.Request) -> Device:
        name = request.match_info["konnektor"]
        if name not in self._konnektors:
            raise WorldError(f"there is no konnektor {name!r}; there are {', '.join(self._konnektors)}")
        return self._konnektors[name].device


def _shown(device: Device) -> dict[str, object]:
    """Return the parts of the model that an administrator enters."""
    model = device.model.entered
    return {
        "client_systems": [one.name for one in model.client_systems],
        "workplaces": [asdict(one) for one in model.workplaces],
        "mandants": [
            {
                **{field: getattr(one, field) for field in ("name", "client_systems", "workplaces", "terminals")},
                "managed_smb": one.managed_smb,
                "assignments": dict(one.assignments),
                "remote_pin": dict(one.remote_pin),
            }
            for one in model.mandants
        ],
    }
