"""The order of start and stop: what is opened first is closed last.

A box that comes back must answer soon. So there are two halves: what the first call needs stands here, and nothing else
is imported; all else stands in following.py, which is loaded in a thread while gRPC serves already.
"""

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager

from kartenwart.adapters.clock import SystemClock
from kartenwart.adapters.journal import Report
from kartenwart.adapters.site import Site
from kartenwart.adapters.store import open_store
from kartenwart.adapters.systemd import Notifier
from kartenwart.app.admission import Admission
from kartenwart.app.loading import loaded
from kartenwart.app.presence import Ports, Presence
from kartenwart.operations.time import TrustedTime
from kartenwart.rpc.server import RpcServer
from kartenwart.settings import Settings


@asynccontextmanager
async def serving(settings: Settings, report: Report, notifier: Notifier) -> AsyncIterator[Ports]:
    """Serve while the context is open; every door is open when it is entered, mDNS and the links follow by themselves.

    Raises StateUnusable, SiteDamaged, SettingsError, PortTakenError with words for people.
    """
    async with AsyncExitStack() as stack:
        store = await stack.enter_async_context(
            open_store(state=settings.box.state_directory, anchor=settings.box.anchor_directory, clock=SystemClock())
        )
        clock = TrustedTime(clock=SystemClock(), facts=store.facts)
        await clock.load()
        enrolled = bool(await store.workstations.list_workstations())
        site = Site.open(settings.box.state_directory / "site", clock.now(), enrolled=enrolled)
        presence = Presence(site=site, listen=settings.listen, clock=clock, report=report)
        links = await stack.enter_async_context(AsyncExitStack())
        work = await stack.enter_async_context(AsyncExitStack())
        admission = await Admission.load(settings, store, site, clock)
        edge = await stack.enter_async_context(admission.edge(settings, clock, report))
        edge.bind(admission.services())
        rpc = RpcServer(
            edge=edge,
            methods=edge.methods,
            address=settings.listen.address,
            port=settings.listen.grpc_port,
            identity=presence.current,
            reflection=settings.listen.reflection,
        )
        await stack.enter_async_context(rpc)
        rest = await loaded("kartenwart.app.following")
        ground = rest.Ground(
            settings=settings,
            report=report,
            notifier=notifier,
            store=store,
            clock=clock,
            site=site,
            presence=presence,
            admission=admission,
            edge=edge,
            rpc=rpc,
            work=work,
            links=links,
        )
        yield await rest.follow(stack, ground)
