"""What follows once gRPC serves: the operations with their services, the doors for HTTP, the links, mDNS, ready."""

import asyncio
import json
from collections.abc import Mapping
from contextlib import AsyncExitStack
from dataclasses import asdict, dataclass
from datetime import timedelta
from functools import partial
from pathlib import Path

from kartenwart.adapters.journal import Report
from kartenwart.adapters.site import Site
from kartenwart.adapters.store import StateUnusable, Store
from kartenwart.adapters.store.jobs import JobTable
from kartenwart.adapters.systemd import Notifier
from kartenwart.adapters.vault import DocumentVault, open_vault
from kartenwart.app.admission import Admission
from kartenwart.app.building import build
from kartenwart.app.loading import loaded
from kartenwart.app.parts import Parts
from kartenwart.app.presence import Ports, Presence
from kartenwart.app.vitals import own_certificate, tell_manager
from kartenwart.domain.catalogue import entries, failure
from kartenwart.domain.comfort import EndWarning
from kartenwart.domain.failures import Reason, WorldError
from kartenwart.domain.inventory import READERS
from kartenwart.domain.jobs import Job
from kartenwart.domain.ports.konnektor import KonnektorPort
from kartenwart.domain.ports.readers import ReaderPort, UsbWatch
from kartenwart.edge.edge import Edge
from kartenwart.edge.services.building import build_services
from kartenwart.edge.services.operations import Operations
from kartenwart.edge.validation import violations
from kartenwart.operations.link import KonnektorLink
from kartenwart.operations.locks import Limits
from kartenwart.operations.reader_link import ReaderLink
from kartenwart.operations.readiness import Readiness
from kartenwart.operations.supervisor import Supervisor
from kartenwart.operations.time import TrustedTime
from kartenwart.rpc.probe import Probe
from kartenwart.rpc.server import RpcServer
from kartenwart.settings import Settings

TIDY_SECONDS = 300.0
KEEP_TIME_SECONDS = 60.0
AT_READERS = Limits(practice_card=1)
"""A reader's thread does one thing after the other, with a practice's card too."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Ground:
    """What stands when gRPC serves. `work` is closed after the calls, `links` after the jobs that use them."""

    settings: Settings
    report: Report
    notifier: Notifier
    store: Store
    clock: TrustedTime
    site: Site
    presence: Presence
    admission: Admission
    edge: Edge
    rpc: RpcServer
    work: AsyncExitStack
    links: AsyncExitStack


class Reached(dict[str, KonnektorPort]):
    """Konnektoren by resource name; one that is configured and not entered yet is one that cannot be reached yet."""

    def __missing__(self, name: str) -> KonnektorPort:
        raise WorldError(failure(Reason.KONNEKTOR_UNREACHABLE), sent=False)


class ReachedReaders(dict[str, ReaderPort]):
    """The box's readers by their one name; not entered yet, or not to be loaded, is a service that is down."""

    def __missing__(self, name: str) -> ReaderPort:
        raise WorldError(failure(Reason.READER_SERVICE_DOWN), sent=False)


async def follow(stack: AsyncExitStack, ground: Ground) -> Ports:
    """Build and open the rest, the services first: whoever called one of them already is waiting."""
    settings, report = ground.settings, ground.report
    konnektors, readers = Reached(), ReachedReaders()
    usb: dict[str, UsbWatch] = {}
    operations, readiness = await _operations(ground, konnektors, readers, usb)
    await asyncio.to_thread(entries)
    ports = await _open_doors(stack, ground)
    reaching = await loaded("kartenwart.app.konnektors")
    konnektors.update(await reaching.entered(ground.links, settings, ground.presence.current))
    supervisor = await stack.enter_async_context(Supervisor(report=report))
    _start_links(supervisor, settings, konnektors, operations, readiness, report)
    if settings.readers.enabled:
        await _start_readers(supervisor, ground, readers, usb, operations, readiness[READERS])
    supervisor.start(
        "tidy", lambda: _tidy(operations, ground.store.jobs, ground.clock, settings.box.job_retention_days)
    )
    supervisor.start("insertions", operations.insertions.run)
    supervisor.start("comfort", operations.comfort.run)
    supervisor.start("keep-time", lambda: _keep_time(ground.clock, report))
    supervisor.start("presence", lambda: ground.presence.now_and_then(ports, lambda: operations.enrolments.is_open))
    await asyncio.to_thread(_say_ready, settings.listen.ready_file, ground.site, ports)
    probe = Probe(
        listening=settings.listen.address,
        port=ports.grpc,
        name=ground.site.box_id,
        identity=own_certificate(ground.site),
    )
    tell_manager(supervisor, ground.notifier, operations.inventory, probe, report)
    report("agent.ready", grpc=ports.grpc, json=ports.json, enrol=ports.enrol)
    return ports


async def _operations(
    ground: Ground,
    konnektors: Mapping[str, KonnektorPort],
    readers: Mapping[str, ReaderPort],
    usb: Mapping[str, UsbWatch],
) -> tuple[Operations, dict[str, Readiness]]:
    """Build the operations and let every service of the contract answer."""
    operations, readiness = await build(
        Parts(
            store=ground.store,
            vault=await _vault(ground.settings, ground.clock),
            site=ground.site,
            clock=ground.clock,
            admission=ground.admission,
            names=[f"konnektors/{key}" for key in ground.settings.konnektors],
            limits={
                f"konnektors/{key}": Limits(practice_card=told.calls_per_practice_card, konnektor=told.calls_at_once)
                for key, told in ground.settings.konnektors.items()
            }
            | {READERS: AT_READERS},
            konnektors=konnektors,
            readers=readers,
            usb=usb,
            readers_enabled=ground.settings.readers.enabled,
            comfort_warning=EndWarning(
                signatures=ground.settings.comfort.warn_signatures,
                time=timedelta(minutes=ground.settings.comfort.warn_minutes),
            ),
            rsa_until=ground.settings.cards.rsa_until,
            report=ground.report,
            enrolment_changed=ground.presence.changed,
        )
    )
    operations.jobs.on_end(ground.edge.metrics.job_ended)
    operations.jobs.on_end(partial(_journal_end, ground.report))
    ground.work.push_async_callback(operations.jobs.close)
    ground.work.push_async_callback(operations.insertions.close)
    ground.edge.bind(build_services(operations), violations)
    return operations, readiness


async def _journal_end(report: Report, job: Job) -> None:
    """Write a line for each job that ended: what, how, and where its time went; no names of people or documents."""
    spent = {f"{part}_ms": value for part, value in asdict(job.times).items() if value is not None}
    reason = {"reason": job.failure.reason.value} if job.failure else {}
    report("job.ended", level="info", job=job.name, kind=job.kind.value, state=job.state.value, **reason, **spent)


async def _vault(settings: Settings, clock: TrustedTime) -> DocumentVault:
    try:
        return await open_vault(settings.box.state_directory / "documents", clock.now())
    except ValueError as error:
        raise StateUnusable(str(error)) from error


async def _open_doors(stack: AsyncExitStack, ground: Ground) -> Ports:
    edge, methods, listen, identity = ground.edge, ground.edge.methods, ground.settings.listen, ground.presence.current
    doors = await loaded("kartenwart.door.doors")
    machines = doors.machine_door(
        edge=edge, methods=methods, address=listen.address, port=listen.json_port, identity=identity
    )
    enrolment = doors.enrolment_door(
        edge=edge,
        methods=methods,
        address=listen.address,
        port=listen.enrol_port,
        identity=identity,
        healthy=_healthy,
    )
    local = doors.local_door(
        edge=edge, methods=methods, path=listen.socket, group=listen.socket_group, healthy=_healthy
    )
    for door in (machines, enrolment, local):
        await stack.enter_async_context(door)
    return Ports(grpc=ground.rpc.port, json=machines.port, enrol=enrolment.port)


def _healthy() -> bool:
    """Say that the agent is well: whoever gets this answer got it from a loop that runs."""
    return True


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


async def _start_readers(
    supervisor: Supervisor,
    ground: Ground,
    readers: ReachedReaders,
    usb: dict[str, UsbWatch],
    operations: Operations,
    readiness: Readiness,
) -> None:
    """Load and follow the box's own readers; nobody waits for them but those who mean them."""
    reaching = await loaded("kartenwart.app.readers")
    desk = await reaching.entered(ground.links, ground.settings, ground.report)
    if desk.cards is not None:
        readers[READERS] = desk.cards
    if desk.usb is not None:
        usb[READERS] = desk.usb
    link = ReaderLink(
        readers=desk.watch,
        usb=desk.usb,
        keeper=operations.inventory,
        after_change=readiness.look,
        report=ground.report,
    )
    supervisor.start(READERS, link.run)


async def _tidy(operations: Operations, jobs: JobTable, clock: TrustedTime, days: int) -> None:
    """Delete documents that have expired, and of old jobs all but the outcome."""
    while True:
        await operations.documents.sweep()
        await jobs.prune_jobs(clock.now() - timedelta(days=days))
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
