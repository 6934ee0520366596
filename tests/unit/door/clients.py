"""Doors that serve for a test, and clients that knock."""

import base64
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import aiohttp
from google.rpc.error_details_pb2 import ErrorInfo

from kartenwart.api.system.v1.system_service_pb2 import GetSystemResponse, System
from kartenwart.domain.principals import Role
from kartenwart.door.doors import Door, local_door, machine_door
from kartenwart.edge.call import Call
from kartenwart.edge.identity import ServerIdentity
from kartenwart.edge.shared import Reply, Shared
from tests.unit.edge.opponents import Practice
from tests.unit.edge.pki import Leaf, Site

SYSTEM = "/kartenwart.api.system.v1.SystemService/GetSystem"
WATCH = "/kartenwart.api.inventory.v1.InventoryService/WatchInventory"
CARD = "/kartenwart.api.card.v1.CardService/GetCard"
VERIFY = "/kartenwart.api.pin.v1.PinService/VerifyPin"
COMMIT = "/kartenwart.api.enrolment.v1.EnrolmentExchangeService/Commit"
NDJSON = {"Accept": "application/x-ndjson"}


async def who_am_i(_request: Any, call: Call) -> Reply:
    system = System(caller=call.principal.name, version=f"{call.peer} {call.seconds}", caller_role="Ä")
    return Shared(GetSystemResponse(system=system))


class Current:
    def __init__(self, identity: ServerIdentity) -> None:
        self.identity = identity

    def __call__(self) -> ServerIdentity:
        return self.identity


def client_tls(site: Site, leaf: Leaf | None, folder: Path) -> ssl.SSLContext:
    context = ssl.create_default_context(cadata=site.root_pem.decode())
    if leaf:
        (folder / "leaf.pem").write_bytes(leaf.pem + leaf.key_pem)
        context.load_cert_chain(folder / "leaf.pem")
    return context


@asynccontextmanager
async def machines(practice: Practice, current: Current | None = None) -> AsyncIterator[Door]:
    door = machine_door(
        edge=practice.edge,
        methods=practice.methods,
        address="127.0.0.1",
        port=0,
        identity=current or Current(practice.site.server()),
    )
    async with practice.edge, door:
        yield door


@asynccontextmanager
async def at(door: Door, tls: ssl.SSLContext) -> AsyncIterator[aiohttp.ClientSession]:
    async with aiohttp.ClientSession(
        f"https://localhost:{door.port}", connector=aiohttp.TCPConnector(ssl=tls)
    ) as opened:
        yield opened


@asynccontextmanager
async def workstation(
    practice: Practice, folder: Path, role: Role = Role.VIEWER
) -> AsyncIterator[aiohttp.ClientSession]:
    leaf = practice.site.leaf("w")
    practice.registry.add(leaf, role)
    async with machines(practice) as door, at(door, client_tls(practice.site, leaf, folder)) as opened:
        yield opened


def details(error: dict[str, Any]) -> dict[str, bytes]:
    return {detail["type"]: base64.b64decode(detail["value"] + "==") for detail in error["details"]}


def reason(error: dict[str, Any]) -> str:
    return ErrorInfo.FromString(details(error)["google.rpc.ErrorInfo"]).reason


@asynccontextmanager
async def local(practice: Practice, path: Path) -> AsyncIterator[aiohttp.ClientSession]:
    door = local_door(edge=practice.edge, methods=practice.methods, path=path, group="", healthy=lambda: True)
    connector = aiohttp.UnixConnector(str(path))
    async with practice.edge, door, aiohttp.ClientSession("http://box", connector=connector) as opened:
        yield opened
