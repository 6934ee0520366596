"""Our certificates are built like those of the public TEST-ONLY cards beside the repository."""

from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509 import Certificate
from cryptography.x509.oid import ExtensionOID

from firmware_sim.pki import CardKeys

PAIRS = [
    ("hba-220885__C.HP.AUT.E256", "hba", "C.AUT"),
    ("hba-220885__C.HP.ENC.E256", "hba", "C.ENC"),
    ("hba-220885__C.HP.QES.E256", "hba", "C.QES"),
    ("smcb-168650__C.HCI.AUT.E256", "smcb", "C.AUT"),
    ("smcb-168650__C.HCI.ENC.E256", "smcb", "C.ENC"),
    ("smcb-168650__C.HCI.OSIG.E256", "smcb", "C.SIG"),
    ("egk-152715__C.CH.AUT.E256", "egk", "C.AUT"),
    ("egk-152715__C.CH.ENC.E256", "egk", "C.ENC"),
]
# What a card's publisher adds: pointers to services that the simulator does not have.
PUBLISHERS_OWN = {"1.3.6.1.4.1.42675.1.1"}


def policies(certificate: Certificate) -> set[str]:
    found = certificate.extensions.get_extension_for_class(x509.CertificatePolicies).value
    return {policy.policy_identifier.dotted_string for policy in found} - PUBLISHERS_OWN


def shape(certificate: Certificate) -> dict[str, object]:
    """All that a relying party decides by, apart from who and when."""
    extensions = certificate.extensions
    key = certificate.public_key()
    assert isinstance(key, ec.EllipticCurvePublicKey)
    extended = [e.value for e in extensions if e.oid == ExtensionOID.EXTENDED_KEY_USAGE]
    admission = extensions.get_extension_for_class(x509.Admissions).value
    (info,) = next(iter(admission)).profession_infos
    return {
        "curve": key.curve.name,
        "signature": certificate.signature_algorithm_oid,
        "usage": extensions.get_extension_for_class(x509.KeyUsage).value,
        "extended": extended,
        "policies": policies(certificate),
        "extensions": {(e.oid, e.critical) for e in extensions},
        "qualified": [
            e.value for e in extensions if e.oid.dotted_string in {"1.3.6.1.5.5.7.1.3", "1.3.6.1.4.1.8301.3.5"}
        ],
        "registered": info.registration_number is not None,
        "authority": admission.authority is not None,
    }


def names(certificate: Certificate) -> list[set[str]]:
    """Which attributes stand together, without what a publisher may leave out."""
    optional = {"2.5.4.12", "2.5.4.42", "2.5.4.4"}  # title, given name, surname
    sets = [{attribute.oid.dotted_string for attribute in rdn} - optional for rdn in certificate.subject.rdns]
    return [attributes for attributes in sets if attributes]


@pytest.mark.parametrize(("file", "kind", "ref"), PAIRS)
@pytest.mark.filterwarnings("ignore:.*64 characters.*:UserWarning")  # a real test card breaks the limit itself
def test_same_shape_as_the_real_certificate(
    shared: Path, cards: dict[str, CardKeys], file: str, kind: str, ref: str
) -> None:
    real = x509.load_pem_x509_certificate((shared / "cards" / "certs" / f"{file}.pem").read_bytes())
    ours = x509.load_der_x509_certificate(cards[kind].certificate(ref))
    assert shape(ours) == shape(real)
    assert names(ours) == names(real)
