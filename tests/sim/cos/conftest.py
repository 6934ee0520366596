"""Cards of the default world, without a listening practice."""

from pathlib import Path

import pytest

from firmware_sim.simulation import Simulation, build
from firmware_sim.world.reading import default_text, read_world
from tests.sim.conftest import sim_state

__all__ = ["sim_state"]

_KVK = """
[[cards]]
name = "kvk-mueller"
kind = "kvk"
iccsn = "80276001011699900399"
holder = "Max Müller TEST-ONLY"
"""
_OLD_SMCB = """
[[cards]]
name = "smcb-old"
kind = "smcb"
generation = "G2.0"
iccsn = "80276001011699900103"
holder = "Praxis von gestern TEST-ONLY"
telematik_id = "1-20000000103"
pins = [{ reference = "PIN.SMC", pin = "123123", puk = "12312312" }]
"""
_FRESH_EGK = """
[[cards]]
name = "egk-fresh"
kind = "egk"
iccsn = "80276001011699900304"
holder = "Emil Erst TEST-ONLY"
kvnr = "X000000036"
pins = [{ reference = "PIN.CH", pin = "54321", puk = "12345678", state = "transport" }]
"""
_FRESH_HBA = """
[[cards]]
name = "hba-fresh"
kind = "hba"
iccsn = "80276001011699900203"
holder = "Dr. Frida Frisch TEST-ONLY"
pins = [
    { reference = "PIN.CH", pin = "54321", puk = "12345678", state = "transport" },
    { reference = "PIN.QES", pin = "54321", puk = "12345678", state = "transport" },
]
"""


@pytest.fixture
def practice(sim_state: Path) -> Simulation:
    """The default world and cards in a drawer: a KVK, an SMC-B with RSA keys, an HBA and an eGK fresh from the post."""
    return build(read_world(default_text() + _KVK + _OLD_SMCB + _FRESH_HBA + _FRESH_EGK), sim_state)
