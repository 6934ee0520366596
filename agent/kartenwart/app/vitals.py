"""What the service manager hears while the agent serves."""

import asyncio
from collections.abc import Callable
from datetime import timedelta

from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, PublicFormat
from cryptography.x509 import load_der_x509_certificate

from kartenwart.adapters.clock import SystemClock
from kartenwart.adapters.journal import Report
from kartenwart.adapters.site import Site
from kartenwart.adapters.systemd import Notifier
from kartenwart.app.verdict import verdict
from kartenwart.edge.identity import ServerIdentity
from kartenwart.operations.inventory import InventoryKeeper
from kartenwart.operations.supervisor import Supervisor
from kartenwart.rpc.probe import Probe

BEATS = 4  # per watchdog period: one late answer is no death
LEAF = timedelta(days=1)


def tell_manager(
    supervisor: Supervisor, notifier: Notifier, keeper: InventoryKeeper, probe: Probe, report: Report
) -> None:
    """Say READY (every door listens by now), and from now on how things stand and that the agent lives."""
    inventory = keeper.picture.inventory
    told = verdict(inventory)
    if not notifier.ready(told):
        report("systemd.not_told", level="error")
    if not inventory.konnektors and inventory.reader_service is None:
        report("agent.not_set_up", advice=told)
    supervisor.start("status", lambda: keep_status(notifier, keeper, told))
    supervisor.start("watchdog", lambda: keep_alive(notifier, probe, report))


async def keep_status(notifier: Notifier, keeper: InventoryKeeper, told: str) -> None:
    """Tell the verdict whenever it differs from what was told last."""
    async with keeper.watch() as pictures:
        async for picture in pictures:
            if (sentence := verdict(picture.inventory)) != told:
                notifier.status(told := sentence)


async def keep_alive(notifier: Notifier, probe: Probe, report: Report) -> None:
    """Give a sign of life after each answer of the gRPC port, and none without; returns where nobody waits for it."""
    if notifier.watchdog_seconds is None:
        return
    every, loop = notifier.watchdog_seconds / BEATS, asyncio.get_running_loop()
    async with probe:
        while True:
            asked = loop.time()
            if not await probe.answers(every):
                report("watchdog.no_answer", level="error", seconds=every)
            elif not notifier.alive():
                report("watchdog.not_told", level="warning")
            await asyncio.sleep(max(0.0, asked + every - loop.time()))


def own_certificate(site: Site) -> Callable[[], ServerIdentity]:
    """Return what makes a client certificate for the probe: for a day, of the site, for a key that nobody enrolled.

    It opens the port and gives no right. The time is the machine's own, because TLS goes by that.
    """
    key = ec.generate_private_key(ec.SECP256R1())
    public = key.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    key_pem = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())

    def made() -> ServerIdentity:
        now = SystemClock().now()
        leaf = load_der_x509_certificate(
            site.issue(workstation="watchdog", public_key=public, not_after=now + LEAF, now=now)
        )
        return ServerIdentity(chain_pem=leaf.public_bytes(Encoding.PEM), key_pem=key_pem, root_pem=site.root_pem)

    return made
