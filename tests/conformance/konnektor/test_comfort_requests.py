"""The comfort signature's requests are valid by the official schemas."""

from pathlib import Path

import pytest

from kartenwart.codecs.soap import comfort
from tests.conformance.konnektor.test_requests import DOCTOR, check, load


@pytest.mark.parametrize("schema", ["SignatureService_V7_5_5.xsd", "SignatureService_V7_5_6.xsd"])
def test_comfort_signature(shared: Path, schema: str) -> None:
    loaded = load(shared, schema)
    check(loaded, comfort.activate(DOCTOR, handle="h"))
    check(loaded, comfort.deactivate(("h", "i")))
    check(loaded, comfort.get_signature_mode(DOCTOR, handle="h"))
