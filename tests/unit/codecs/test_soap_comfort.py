"""The comfort signature's answers: what is read, and that broken ones end in a typed error."""

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kartenwart.codecs.malformed import MalformedError
from kartenwart.codecs.soap import comfort
from kartenwart.codecs.soap.exchange import CallContext
from kartenwart.codecs.soap.fault import Fault
from kartenwart.domain.comfort import Session, SignatureMode
from tests.unit.codecs.answers import OK, envelope, warning

CONTEXT = CallContext(mandant="m", client_system="c", workplace="w", user_id="the-secret-user")
SIG = 'xmlns:SIG="http://ws.gematik.de/conn/SignatureService/v7.5"'
MODE = comfort.get_signature_mode(CONTEXT, handle="h")


def mode(session: str = "", status: str = "ENABLED", most: str = "100", timer: str = "PT6H") -> bytes:
    return envelope(
        f"<SIG:GetSignatureModeResponse {SIG}>{OK}<SIG:ComfortSignatureStatus>{status}</SIG:ComfortSignatureStatus>"
        f"<SIG:ComfortSignatureMax>{most}</SIG:ComfortSignatureMax>"
        f"<SIG:ComfortSignatureTimer>{timer}</SIG:ComfortSignatureTimer>{session}</SIG:GetSignatureModeResponse>"
    )


def session(left: str = "98", time: str = "PT5H59M59S", kind: str = "COMFORT") -> str:
    return (
        f"<SIG:SessionInfo><SIG:SignatureMode>{kind}</SIG:SignatureMode><SIG:CountRemaining>{left}</SIG:CountRemaining>"
        f"<SIG:TimeRemaining>{time}</SIG:TimeRemaining></SIG:SessionInfo>"
    )


def test_switch_limits_and_session() -> None:
    assert MODE.decode(mode(session())) == SignatureMode(
        enabled=True,
        most=100,
        longest=timedelta(hours=6),
        session=Session(signatures_left=98, time_left=timedelta(hours=5, minutes=59, seconds=59)),
    )
    assert MODE.decode(mode(status="DISABLED")) == SignatureMode(enabled=False, most=100, longest=timedelta(hours=6))
    told = MODE.decode(mode(session(kind="PIN")))
    assert isinstance(told, SignatureMode)
    assert told.session is None


@given(st.integers(0, 24), st.integers(0, 5999), st.integers(0, 5999))
def test_durations_as_any_device_may_write_them(hours: int, minutes: int, seconds: int) -> None:
    told = MODE.decode(mode(timer=f"PT{hours}H{minutes}M{seconds}.5S"))
    assert isinstance(told, SignatureMode)
    assert told.longest == timedelta(hours=hours, minutes=minutes, seconds=seconds + 0.5)


@pytest.mark.parametrize(
    "answer",
    [
        mode(timer="P1M"),
        mode(timer="P"),
        mode(timer="6 hours"),
        mode(timer="-PT1H"),
        mode(most="251"),
        mode(most="-1"),
        mode(status="PERHAPS"),
        mode(session(left="many")),
        mode(session(time="")),
    ],
)
def test_what_cannot_be_read_is_said(answer: bytes) -> None:
    with pytest.raises(MalformedError):
        MODE.decode(answer)


@given(st.data())
def test_cut_answers_never_crash(data: st.DataObject) -> None:
    whole = mode(session())
    cut = data.draw(st.integers(0, len(whole) - 1))
    with pytest.raises(MalformedError):
        MODE.decode(whole[:cut])


def test_an_activation_is_comfort_or_an_error() -> None:
    activate = comfort.activate(CONTEXT, handle="h")
    name = "SIG:ActivateComfortSignatureResponse"
    said = f"<{name} {SIG}>{OK}<SIG:SignatureMode>%s</SIG:SignatureMode></{name}>"
    assert activate.decode(envelope(said % "COMFORT")) is None
    with pytest.raises(MalformedError):
        activate.decode(envelope(said % "PIN"))
    trouble = activate.decode(envelope(f"<{name} {SIG}>{warning(4267)}</{name}>"))
    assert isinstance(trouble, Fault)
    assert trouble.code == 4267


def test_the_end_of_nothing_is_a_warning() -> None:
    deactivate = comfort.deactivate(("h",))
    name = "SIG:DeactivateComfortSignatureResponse"
    told = deactivate.decode(envelope(f"<{name} {SIG}>{warning(4266)}</{name}>"))
    assert isinstance(told, comfort.Deactivated)
    assert told.warning is not None
    assert told.warning.code == 4266
    assert deactivate.decode(envelope(f"<{name} {SIG}>{OK}</{name}>")) == comfort.Deactivated(warning=None)
