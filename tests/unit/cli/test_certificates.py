"""`kartenwart certificates` and `certificate verify`: what they say, and exit statuses by what was found."""

import base64
import ssl
from pathlib import Path
from typing import Any

import pytest

from tests.unit.cli.test_commands import opened

CARD = "CERTIFICATE_BEARER_CARD"
OK = {
    "bearer": CARD,
    "cardType": "CARD_TYPE_SMC_B",
    "label": "Praxis",
    "expireDate": "2030-01-31",
    "daysLeft": 1166,
    "keyAlgorithm": "KEY_ALGORITHM_ECC",
    "professions": [{"oid": "1.2.276.0.76.4.50", "name": "Arztpraxis"}, {"oid": "1.2.3"}],
    "verdict": "CERTIFICATE_VERDICT_OK",
}
SOON = OK | {"verdict": "CERTIFICATE_VERDICT_EXPIRES_SOON"}
EXPIRED = OK | {"verdict": "CERTIFICATE_VERDICT_EXPIRED"}
RSA_ONLY = OK | {"verdict": "CERTIFICATE_VERDICT_RSA_ONLY"}
UNKNOWN = {
    "bearer": "CERTIFICATE_BEARER_TERMINAL",
    "label": "Empfang",
    "verdict": "CERTIFICATE_VERDICT_UNKNOWN",
    "failure": {"title": "Nicht bekannt.", "nextStep": "Bitte nachsehen."},
}
OF_A_NEWER_BOX = OK | {"verdict": 17, "bearer": 17}


@pytest.mark.parametrize(
    ("states", "status"),
    [
        ([OK, SOON], 0),
        ([OK, UNKNOWN], 5),
        ([UNKNOWN, EXPIRED], 1),
        ([RSA_ONLY, OF_A_NEWER_BOX], 1),
    ],
)
async def test_the_status_is_that_of_the_worst(tmp_path: Path, states: list[dict[str, Any]], status: int) -> None:
    async with opened(tmp_path / "box.sock") as door:
        door.answers["ListCertificates"] = {"certificates": states}
        ran = await door.run("certificates", "--konnektor", "k1", "--refresh", "--format", "json")
    assert (ran.status, ran.err) == (status, "")
    assert door.asked == [("ListCertificates", {"konnektor": "konnektors/k1", "refresh": True})]


async def test_what_is_unknown_is_said_and_never_left_blank(tmp_path: Path) -> None:
    async with opened(tmp_path / "box.sock") as door:
        door.answers["ListCertificates"] = {"certificates": [OK, UNKNOWN]}
        ran = await door.run("certificates")
    well, unknown = ran.out.splitlines()[2:]
    assert "Arztpraxis, 1.2.3" in well
    assert "1166" in well
    assert unknown.count("unbekannt") == 1
    assert "gSMC-KT im Terminal" in unknown
    assert "Nicht bekannt. Bitte nachsehen." in unknown


@pytest.mark.parametrize(
    ("word", "status", "pem"), [("VALID", 0, False), ("INVALID", 1, True), ("INCONCLUSIVE", 5, False)]
)
async def test_a_file_is_sent_as_der(tmp_path: Path, word: str, status: int, pem: bool) -> None:
    der = b"0\x03\x02\x01\x05"
    file = tmp_path / "certificate"
    file.write_bytes(ssl.DER_cert_to_PEM_cert(der).encode() if pem else der)
    async with opened(tmp_path / "box.sock") as door:
        door.answers["VerifyCertificate"] = {"status": f"CERTIFICATE_STATUS_{word}"}
        ran = await door.run("certificate", "verify", str(file), "--context", "empfang")
    assert (ran.status, ran.err) == (status, "")
    ((_, asked),) = door.asked
    assert asked == {"context": "contexts/empfang", "der": base64.b64encode(der).decode()}


async def test_a_file_that_is_no_certificate_is_told_before_anybody_is_asked(tmp_path: Path) -> None:
    file = tmp_path / "certificate"
    file.write_bytes(b"-----BEGIN CERTIFICATE-----\nnothing")
    async with opened(tmp_path / "box.sock") as door:
        ran = await door.run("certificate", "verify", str(file))
    assert ran.status == 2
    assert "certificate" in ran.err
    assert door.asked == []
