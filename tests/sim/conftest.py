"""A practice of its own for each test, listening on the loopback, and primary systems that call it."""

import ssl
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from firmware_sim.simulation import Simulation, build
from firmware_sim.world.reading import default_text, read_world
from tests.sim.event_sink import EventSink, event_sink
from tests.sim.soap_client import PrimarySystem, client_tls

Client = Callable[..., PrimarySystem]


@pytest.fixture(scope="session")
def sim_state(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """One PKI for all tests: making keys takes longer than most of them."""
    return tmp_path_factory.mktemp("sim")


_EGK = 'kvnr = "X000000012"\nterminal = "kt-empfang"\nslot = 1\n'
_KVK = """
[[cards]]
name = "kvk-mueller"
kind = "kvk"
iccsn = "80276001011699900399"
holder = "Max Müller TEST-ONLY"
terminal = "kt-empfang"
slot = 2
patient = { checksum = "right" }
"""
_SECOND_EGK = """
[[cards]]
name = "egk-zweite"
kind = "egk"
iccsn = "80276001011699900302"
holder = "Viktor Versuch TEST-ONLY"
kvnr = "X000000024"
terminal = "kt-empfang"
slot = 2
"""
_CHANGES = {
    "PTV3": ('generation = "PTV5"', 'generation = "PTV3"'),
    "old_smcb": ('name = "smcb-m1"\n', 'name = "smcb-m1"\ngeneration = "G2.0"\n'),
    "vendor_trace": ("signature_seconds = 0.0", "signature_seconds = 0.0\nvendor_trace = true"),
    "fault_for_trouble": ("signature_seconds = 0.0", 'signature_seconds = 0.0\npin_trouble = "fault"'),
    "fault_for_blocked": ("signature_seconds = 0.0", 'signature_seconds = 0.0\nblocked_pin = "fault"'),
    "never_left_tries": ("signature_seconds = 0.0", 'signature_seconds = 0.0\nleft_tries = "never"'),
    "specific_codes": ("signature_seconds = 0.0", 'signature_seconds = 0.0\nunknown_context = "specific"'),
    "impatient": ("pin_entry_seconds = 60", "pin_entry_seconds = 0.2"),
    "updated": (_EGK, _EGK + 'patient = { online = "updated", moves_to = "Neue Gasse" }\n'),
    "certificate_invalid": (_EGK, _EGK + 'patient = { online = "certificate_invalid" }\n'),
    "private_patient": (_EGK, _EGK + 'patient = { schema = "pkv1.0" }\n'),
    "gesperrt": (_EGK, _EGK + "patient = { read_error = 114 }\n"),
    "kvk": ("\n# The PVS unlocked", _KVK + "\n# The PVS unlocked"),
    "spoilt_kvk": ('checksum = "right"', 'checksum = "wrong"'),
    "second_egk": ("\n# The PVS unlocked", _SECOND_EGK + "\n# The PVS unlocked"),
    "slow_patients": ("vsd_seconds = 0.0", "vsd_seconds = 0.5\nvsd_smb_seconds = 0.2"),
    "kept": ("signature_seconds = 0.0", 'signature_seconds = 0.0\ncetp_connection = "kept"'),
    "plain": ('cetp = "tls"', 'cetp = "plain"'),
    "basic": ('authentication = "certificate"', 'authentication = "basic"'),
    "nobody_asked": ('authentication = "certificate"', 'authentication = "none"'),
    "rsa": ('server_key = "p256"', 'server_key = "rsa"'),
    "slow_signature": ("signature_seconds = 0.0", "signature_seconds = 0.5"),
    "portions": ("signature_seconds = 0.0", "signature_seconds = 0.1\nsignatures_per_pin = 2"),
    "forgetful": ("signature_seconds = 0.0", "signature_seconds = 0.0\nsubscription_seconds = 0.3"),
    "transport": ('pin = "112233"', 'state = "transport", pin = "112233"'),
    "comfort": ("[konnektors.behaviour]", "[konnektors.comfort]\nenabled = true\n\n[konnektors.behaviour]"),
    "no_remote_pin": (', sprechzimmer = "kt-sprechzimmer" }', " }"),
}


@pytest.fixture
def world_text(request: pytest.FixtureRequest) -> str:
    """The default world without waiting; a test parametrises this fixture (indirectly) with names of changes."""
    text = default_text().replace("signature_seconds = 0.1", "signature_seconds = 0.0\nvsd_seconds = 0.0")
    for name in getattr(request, "param", "").split():
        before, after = _CHANGES[name]
        assert before in text
        text = text.replace(before, after)
    return text


@pytest.fixture
async def simulation(sim_state: Path, world_text: str) -> AsyncIterator[Simulation]:
    async with build(read_world(world_text), sim_state) as simulation:
        yield simulation


@pytest.fixture
async def session() -> AsyncIterator[aiohttp.ClientSession]:
    async with aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=20)) as session:
        yield session


@pytest.fixture
def client(simulation: Simulation, session: aiohttp.ClientSession) -> Client:
    """`client("kim", workplace="empfang")`: a primary system with that client system's certificate."""

    def make(client_system: str = "pvs", *, certificate: str | None = "", **context: Any) -> PrimarySystem:
        konnektor = simulation.konnektors["konnektor"]
        shown = client_system if certificate == "" else certificate
        tls = client_tls(konnektor, shown)
        return PrimarySystem(
            session=session, base=konnektor.listener.base, tls=tls, client_system=client_system, **context
        )

    return make


@pytest.fixture
def sink_tls(simulation: Simulation) -> ssl.SSLContext:
    """TLS for a receiver of events; it asks for the Konnektor's certificate as CETP1 allows."""
    identity = simulation.pki.server(["127.0.0.1"])
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(identity.cert_pem, identity.key_pem)
    context.load_verify_locations(simulation.pki.tls_root_pem)
    context.verify_mode = ssl.CERT_REQUIRED
    return context


@pytest.fixture
async def sink(sink_tls: ssl.SSLContext) -> AsyncIterator[EventSink]:
    async with event_sink(sink_tls) as sink:
        yield sink


@pytest.fixture
def pvs(client: Client) -> PrimarySystem:
    return client("pvs")
