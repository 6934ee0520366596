"""Doors to the Konnektors: boot, faults, events, error states, certificate, clock, password, calls."""

from datetime import timedelta
from typing import Any, get_args

from aiohttp import web

from firmware_sim.control.request import BadRequestError, need, read
from firmware_sim.konnektor.faults import read_fault
from firmware_sim.konnektor.konnektor import Konnektor
from firmware_sim.simulation import Simulation
from firmware_sim.world.configuration import KeyKind
from firmware_sim.world.events import Event
from firmware_sim.world.practice import WorldError

_KEYS: dict[str, KeyKind] = {key: key for key in get_args(KeyKind)}


class KonnektorRoutes:
    """What an administrator, a bad day, or a tester could do to a Konnektor."""

    def __init__(self, simulation: Simulation) -> None:
        self._konnektors = simulation.konnektors

    def routes(self) -> list[web.RouteDef]:
        return [
            web.get("/calls", self.calls),
            web.post("/subscriptions/expire", self.expire),
            web.post("/konnektors/{konnektor}/reboot", self.reboot),
            web.post("/konnektors/{konnektor}/events", self.events),
            web.post("/konnektors/{konnektor}/emit", self.emit),
            web.post("/konnektors/{konnektor}/faults", self.add_fault),
            web.delete("/konnektors/{konnektor}/faults", self.clear_faults),
            web.post("/konnektors/{konnektor}/error_states", self.error_states),
            web.post("/konnektors/{konnektor}/certificate", self.certificate),
            web.post("/konnektors/{konnektor}/clock", self.clock),
            web.post("/konnektors/{konnektor}/password", self.password),
        ]

    async def calls(self, _: web.Request) -> web.Response:
        records = [
            {"konnektor": name, **record}
            for name, konnektor in self._konnektors.items()
            for record in konnektor.calls.as_json()
        ]
        return web.json_response({"calls": records})

    async def expire(self, request: web.Request) -> web.Response:
        await read(request)
        for konnektor in self._konnektors.values():
            konnektor.device.subscriptions.expire_all()
        return web.json_response({"expired": True})

    async def reboot(self, request: web.Request) -> web.Response:
        """{"down_seconds": 2, "wait": false}: answers when it is down, or with `wait` when it is up again."""
        document = await read(request, down_seconds=(int, float), wait=bool)
        konnektor = self._konnektor(request)
        await konnektor.reboot(float(document.get("down_seconds", 2)))
        if document.get("wait"):
            await konnektor.wait_until_up()
        return web.json_response({"up": konnektor.up})

    async def events(self, request: web.Request) -> web.Response:
        """{"lose": n | "all" | 0}: the next n frames are lost."""
        document = await read(request, lose=(int, str))
        lose, sender = need(document, "lose"), self._konnektor(request).sender
        if isinstance(lose, str) and lose != "all":
            raise BadRequestError('"lose" is a number or "all"')
        sender.lose_all, sender.lose = lose == "all", 0 if lose == "all" else int(lose)
        return web.json_response({"lose": lose})

    async def emit(self, request: web.Request) -> web.Response:
        """Send an arbitrary event to those who subscribed to its topic."""
        document = await read(request, topic=str, type=str, severity=str, parameters=dict, terminal=str)
        self._konnektor(request).announce(
            Event(
                topic=need(document, "topic"),
                kind=document.get("type", "Operation"),
                severity=document.get("severity", "Info"),
                parameters=_parameters(document.get("parameters", {})),
                terminal=document.get("terminal", ""),
            )
        )
        return web.json_response({"emitted": True})

    async def add_fault(self, request: web.Request) -> web.Response:
        document = await request.json()
        if not isinstance(document, dict):
            raise BadRequestError("the body has to be a JSON object")
        konnektor = self._konnektor(request)
        konnektor.faults.add(read_fault(document))
        return web.json_response({"planned": len(list(konnektor.faults))})

    async def clear_faults(self, request: web.Request) -> web.Response:
        self._konnektor(request).faults.clear()
        return web.json_response({"planned": 0})

    async def error_states(self, request: web.Request) -> web.Response:
        """{"EC_...": true, ...}: set or clear error conditions."""
        document = await request.json()
        konnektor = self._konnektor(request)
        if not isinstance(document, dict) or not all(isinstance(value, bool) for value in document.values()):
            raise BadRequestError('the body is {"EC_...": true or false}')
        for name, holds in document.items():
            try:
                konnektor.device.set_condition(name, holds)
            except KeyError as error:
                raise BadRequestError(str(error.args[0])) from error
        holding = [condition.name for condition in konnektor.device.conditions if condition.holds]
        return web.json_response({"error_states": holding})

    async def certificate(self, request: web.Request) -> web.Response:
        """{"key": "p256", "renew": true}: another TLS certificate for connections from now on."""
        document = await read(request, key=str, renew=bool)
        konnektor = self._konnektor(request)
        key = _KEYS.get(document.get("key", konnektor.device.configuration.server_key))
        if key is None:
            raise BadRequestError(f'"key" is one of {", ".join(_KEYS)}')
        await konnektor.replace_certificate(key, renew=document.get("renew", False))
        return web.json_response({"server_cert_pem": str(konnektor.server.cert_pem)})

    async def clock(self, request: web.Request) -> web.Response:
        document = await read(request, offset_seconds=(int, float))
        device = self._konnektor(request).device
        device.clock_offset = timedelta(seconds=need(document, "offset_seconds"))
        return web.json_response({"time": device.now().isoformat(timespec="seconds")})

    async def password(self, request: web.Request) -> web.Response:
        """Change the Basic password of a client system, as an administrator would (in memory only)."""
        document = await read(request, client_system=str, password=str)
        passwords, wanted = self._konnektor(request).passwords, need(document, "client_system")
        user = next((user for user, (system, _) in passwords.items() if system == wanted), None)
        if user is None:
            raise WorldError(f"there is no client system {wanted!r}")
        passwords[user] = (wanted, need(document, "password"))
        return web.json_response({"changed": True})

    def _konnektor(self, request: web.Request) -> Konnektor:
        name = request.match_info["konnektor"]
        if name not in self._konnektors:
            raise WorldError(f"there is no konnektor {name!r}; there are {', '.join(self._konnektors)}")
        return self._konnektors[name]


def _parameters(values: dict[str, Any]) -> tuple[tuple[str, str], ...]:
    return tuple((str(key), str(value)) for key, value in values.items())
