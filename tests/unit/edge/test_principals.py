import os
from datetime import timedelta

import pytest

from kartenwart.domain.failures import CallerError, Reason
from kartenwart.domain.principals import Role, Scope
from kartenwart.edge.principals import CACHED_CERTIFICATES, Kind, Principals, anonymous
from tests.unit.edge.opponents import CONTEXTS, Practice


@pytest.fixture
def practice() -> Practice:
    return Practice()


@pytest.fixture
def principals(practice: Practice) -> Principals:
    return practice.edge.principals


def reason(principals: Principals, certificate: bytes) -> Reason:
    with pytest.raises(CallerError) as refused:
        principals.by_certificate(certificate)
    return refused.value.failure.reason


def test_the_key_decides_and_not_what_the_certificate_says(practice: Practice, principals: Principals) -> None:
    leaf = practice.site.leaf("workstations/w-technician")
    practice.registry.add(leaf, Role.VIEWER)
    found = principals.by_certificate(leaf.pem)
    assert (found.name, found.role, found.kind) == ("workstations/w-1", Role.VIEWER, Kind.CERTIFICATE)
    assert found.mandants == frozenset({"m1"})
    assert found == principals.by_certificate(leaf.der)
    assert reason(principals, practice.site.leaf("workstations/w-1").der) is Reason.UNAUTHENTICATED


def test_rights_are_those_of_the_moment(practice: Practice, principals: Principals) -> None:
    leaf = practice.site.leaf("w")
    workstation = practice.registry.add(leaf, Role.VIEWER)
    assert principals.by_certificate(leaf.der).role is Role.VIEWER
    practice.registry.change(workstation, role=Role.SIGNER, scope=Scope(contexts=CONTEXTS))
    found = principals.by_certificate(leaf.der)
    assert (found.role, found.mandants) == (Role.SIGNER, frozenset({"m1", "m2"}))
    practice.registry.change(workstation, revoked_at=practice.clock.now())
    assert reason(principals, leaf.der) is Reason.REVOKED


def test_a_certificate_ends_by_the_trusted_clock(practice: Practice, principals: Principals) -> None:
    leaf = practice.site.leaf("w", days=30)
    practice.registry.add(leaf, Role.VIEWER)
    practice.clock.ahead = timedelta(days=29)
    principals.by_certificate(leaf.der)
    practice.clock.ahead = timedelta(days=31)
    assert reason(principals, leaf.der) is Reason.UNAUTHENTICATED


def test_what_cannot_be_read_is_nobody(principals: Principals) -> None:
    assert reason(principals, b"nonsense") is Reason.UNAUTHENTICATED
    assert reason(principals, b"-----BEGIN CERTIFICATE-----\n") is Reason.UNAUTHENTICATED


def test_remembered_certificates_are_bounded(practice: Practice, principals: Principals) -> None:
    leaf = practice.site.leaf("w")
    practice.registry.add(leaf, Role.VIEWER)
    for number in range(CACHED_CERTIFICATES + 5):
        principals.by_certificate(leaf.pem + b"\n" * number)
    assert len(principals._keys) == CACHED_CERTIFICATES


def test_the_person_at_the_box_is_a_technician_with_everything(principals: Principals) -> None:
    found = principals.local(os.getuid())
    assert found.name.startswith("local/")
    assert (found.role, found.mandants, found.scope.everything) == (Role.TECHNICIAN, None, True)
    assert found.scope.default_context == CONTEXTS[0]
    assert principals.local(4_000_000_000).name == "local/uid-4000000000"


def test_strangers_count_by_address_and_ipv6_by_network() -> None:
    assert anonymous("192.168.1.7").key != anonymous("192.168.1.8").key
    assert anonymous("2001:db8:1:2:aaaa::1").key == anonymous("2001:db8:1:2:bbbb::2").key
    assert anonymous("2001:db8:1:2::1").key != anonymous("2001:db8:1:3::1").key
    # However the address is spelt: "::" may stand anywhere.
    assert anonymous("2001:db8::1:2:3:4").key == anonymous("2001:db8::5:6:7:8").key
    assert anonymous("fe80::1%eth0").key == anonymous("fe80::2%eth0").key
    assert anonymous("::ffff:192.168.1.7").key == anonymous("192.168.1.7").key != anonymous("::ffff:192.168.1.8").key
    assert anonymous("unknown").key == "peer/unknown"
    with pytest.raises(CallerError):
        _ = anonymous("192.168.1.7").caller
