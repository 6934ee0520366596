"""The order of start and stop: what is opened first is closed last."""

import asyncio
import json
from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from datetime import timedelta
from pathlib import Path

from kartenwart.adapters.clock import SystemClock
from kartenwart.adapters.journal import Report
from kartenwart.adapters.site import Site
from kartenwart.adapters.store import StateUnusable, Store, open_store
from kartenwart.adapters.systemd import Notifier
from kartenwart.adapters.vault import DocumentVault, open_vault
from kartenwart.app.building import Parts, build
from kartenwart.app.contexts import Reached, contexts
from kartenwart.app.loading import loaded
from kartenwart.app.presence import Ports, Presence
from kartenwart.app.vitals import own_certificate, tell_manager
from kartenwart.domain.ports.konnektor import KonnektorPort
from kartenwart.edge.edge import Edge
from kartenwart.edge.principals import Principals
from kartenwart.edge.services import Operations, build_services
from kartenwart.operations.link import KonnektorLink
from kartenwart.operations.readiness import Readiness
from kartenwart.operations.supervisor import Supervisor
from kartenwart.operations.time import TrustedTime
from kartenwart.rpc.probe import Probe
from kartenwart.rpc.server import RpcServer
from kartenwart.settings import Settings

TIDY_SECONDS = 300.0
KEEP_TIME_SECONDS = 60.0


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
        links = await stack.enter_async_context(AsyncExitStack())  # closed after the jobs that use them
        konnektors = Reached()
        operations, readiness = await build(
            Parts(
                store=store,
                vault=await _vault(settings, clock),
                site=site,
                clock=clock,
                contexts=contexts(settings),
                names=[f"konnektors/{key}" for key in settings.konnektors],
                konnektors=konnektors,
                report=report,
                enrolment_changed=presence.changed,
            )
        )
        stack.push_async_callback(operations.jobs.close)
        ports = await _open_doors(stack, settings, operations, clock, presence, report)
        reaching = await loaded("kartenwart.app.konnektors")
        konnektors.update(await reaching.entered(links, settings, presence.current))
        supervisor = await stack.enter_async_context(Supervisor(report=report))
        _start_links(supervisor, settings, konnektors, operations, readiness, report)
        supervisor.start("tidy", lambda: _tidy(operations, store, clock, settings.box.job_retention_days))
        supervisor.start("keep-time", lambda: _keep_time(clock, report))
        supervisor.start("presence", lambda: presence.now_and_then(ports, lambda: operations.enrolments.is_open))
        await asyncio.to_thread(_say_ready, settings.listen.ready_file, site, ports)
        probe = Probe(
            listening=settings.listen.address, port=ports.grpc, name=site.box_id, identity=own_certificate(site)
        )
        tell_manager(supervisor, notifier, operations.inventory, probe, report)
        report("agent.ready", grpc=ports.grpc, json=ports.json, enrol=ports.enrol)
        yield ports


async def _vault(settings: Settings, clock: TrustedTime) -> DocumentVault:
    try:
        return await open_vault(settings.box.state_directory / "documents", clock.now())
    except ValueError as error:
        raise StateUnusable(str(error)) from error


async def _open_doors(
    stack: AsyncExitStack,
    settings: Settings,
    operations: Operations,
    clock: TrustedTime,
    presence: Presence,
    report: Report,
) -> Ports:
    """Open gRPC first: it is what workstations wait for after a restart. What HTTP needs is loaded while it serves."""
    edge = await stack.enter_async_context(_edge(settings, operations, clock, report))
    methods, listen = edge.bind(build_services(operations)), settings.listen
    rpc = RpcServer(
        edge=edge,
        methods=methods,
        address=listen.address,
        port=listen.grpc_port,
        identity=presence.current,
        reflection=listen.reflection,
    )
    await stack.enter_async_context(rpc)
    doors = await loaded("kartenwart.door.doors")
    machines = doors.machine_door(
        edge=edge, methods=methods, address=listen.address, port=listen.json_port, identity=presence.current
    )
    enrolment = doors.enrolment_door(
        edge=edge,
        methods=methods,
        address=listen.address,
        port=listen.enrol_port,
        identity=presence.current,
        healthy=_healthy,
    )
    local = doors.local_door(
        edge=edge, methods=methods, path=listen.socket, group=listen.socket_group, healthy=_healthy
    )
    for door in (machines, enrolment, local):
        await stack.enter_async_context(door)
    return Ports(grpc=rpc.port, json=machines.port, enrol=enrolment.port)


def _healthy() -> bool:
    """Say that the agent is well: whoever gets this answer got it from a loop that runs."""
    return True


def _edge(settings: Settings, operations: Operations, clock: TrustedTime, report: Report) -> Edge:
    known = contexts(settings)
    principals = Principals(
        registry=operations.workstations,
        mandants_of=operations.contexts.mandants_of,
        contexts=tuple(sorted(known)),
        clock=clock,
    )
    mandants = {name: context.mandant for name, context in known.items()}
    return Edge(
        principals=principals,
        audit=operations.audit,
        mandant_of=lambda name: mandants.get(name, ""),
        clock=clock,
        report=report,
    )


def _start_links(
    supervisor: Supervisor,
    settings: Settings,
    konnektors: Mapping[str, KonnektorPort],
    operations: Operations,
    readiness: Mapping[str, Readiness],
    report: Report,
) -> None:
    for name, port in konnektors.items():
        interval = settings.konnektors[name.removeprefix("konnektors/")].poll_interval
        link = KonnektorLink(
            port=port,
            keeper=operations.inventory,
            interval=interval,
            after_poll=readiness[name].look,
            report=report,
        )
        supervisor.start(name, link.run)


async def _tidy(operations: Operations, store: Store, clock: TrustedTime, days: int) -> None:
    """Delete documents that have expired, and of old jobs all but the outcome."""
    while True:
        await operations.documents.sweep()
        await store.jobs.prune_jobs(clock.now() - timedelta(days=days))
        await asyncio.sleep(TIDY_SECONDS)


async def _keep_time(clock: TrustedTime, report: Report) -> None:
    """Keep the time, and say when the machine's clock falls behind it and when it is right again.

    TLS looks at the machine's clock: while it is behind, certificates issued later are not valid yet.
    """
    trusted = True
    while True:
        if clock.clock_trusted != trusted:
            trusted = clock.clock_trusted
            report("clock.right_again" if trusted else "clock.behind", level="info" if trusted else "warning")
        await clock.keep()
        await asyncio.sleep(KEEP_TIME_SECONDS)


def _say_ready(file: Path | None, site: Site, ports: Ports) -> None:
    """Write where the box listens, whole or not at all, for whoever started it with free ports."""
    if file is None:
        return
    told = {
        "box_id": site.box_id,
        "fingerprint": site.fingerprint,
        "grpc_port": ports.grpc,
        "json_port": ports.json,
        "enrol_port": ports.enrol,
    }
    new = file.with_suffix(".new")
    new.write_text(json.dumps(told), encoding="utf-8")
    new.replace(file)
