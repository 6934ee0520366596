"""The door itself: routes, errors as JSON, loopback only."""

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

from aiohttp import web

from firmware_sim.control.comfort_routes import ComfortRoutes
from firmware_sim.control.fault_routes import FaultRoutes
from firmware_sim.control.konnektor_routes import KonnektorRoutes
from firmware_sim.control.model_routes import ModelRoutes
from firmware_sim.control.practice_routes import PracticeRoutes
from firmware_sim.control.reader_routes import ReaderRoutes
from firmware_sim.control.request import BadRequestError
from firmware_sim.faults import UnknownFaultError
from firmware_sim.konnektor.faults import FaultError
from firmware_sim.pads.pad import NothingAskedError
from firmware_sim.pads.script import ScriptError
from firmware_sim.proxy import LinkFaultError
from firmware_sim.readers.faults import ReaderFaultError
from firmware_sim.simulation import Simulation
from firmware_sim.world.administration import MistakeError
from firmware_sim.world.codes import KonnektorError
from firmware_sim.world.practice import WorldError

_STATUS: dict[type[Exception], int] = {
    BadRequestError: 400,
    FaultError: 400,
    LinkFaultError: 400,
    MistakeError: 400,
    ReaderFaultError: 400,
    UnknownFaultError: 400,
    ScriptError: 400,
    KonnektorError: 409,
    WorldError: 409,
    NothingAskedError: 409,
}
_Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


@web.middleware
async def _errors_as_json(request: web.Request, handler: _Handler) -> web.StreamResponse:
    try:
        return await handler(request)
    except web.HTTPException as error:
        return web.json_response({"error": f"{error.reason}: {request.method} {request.path}"}, status=error.status)
    except tuple(_STATUS) as error:
        return web.json_response({"error": str(error)}, status=_STATUS[type(error)])
    except ValueError as error:
        return web.json_response({"error": f"not understood: {type(error).__name__}"}, status=400)


@asynccontextmanager
async def control_door(simulation: Simulation, port: int = 0) -> AsyncIterator[str]:
    """Open the door on 127.0.0.1 and give its address."""
    app = web.Application(middlewares=[_errors_as_json])
    for doors in (PracticeRoutes, KonnektorRoutes, ModelRoutes, FaultRoutes, ComfortRoutes, ReaderRoutes):
        app.add_routes(doors(simulation).routes())
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.5)
    await runner.setup()
    try:
        await web.TCPSite(runner, "127.0.0.1", port).start()
        yield f"http://127.0.0.1:{runner.addresses[0][1]}"
    finally:
        await runner.cleanup()
