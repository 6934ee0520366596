"""What the adapter makes of devices that misbehave, and that verbs go out at most once whatever happens."""

import asyncio
from base64 import b64encode
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from kartenwart.adapters.clock import SystemClock
from kartenwart.adapters.konnektor import Konnektor, KonnektorConfiguration
from kartenwart.adapters.konnektor.faults import NOTHING_SENT
from kartenwart.adapters.konnektor.notices import BOOTED
from kartenwart.adapters.konnektor.wire import REPEATABLE
from kartenwart.codecs.soap.subscriptions import CetpEvent
from kartenwart.domain.documents import SignatureFormat
from kartenwart.domain.failures import Reason, WorldError
from kartenwart.domain.inventory import CardType, CertificateReference, KeyAlgorithm, LinkState, Pin
from kartenwart.domain.jobs import PinOutcome, PinVerb
from kartenwart.domain.ports.cards import CardCall, PinWish
from kartenwart.domain.ports.konnektor import SignOrder, SignRequest
from tests.integration.konnektor.conftest import EMPFANG, SPRECHZIMMER, nothing
from tests.integration.konnektor.device import SERVICES, Cut, Device, directory, http, quiet_state, raw_device
from tests.unit.codecs.answers import OK, card, cards, envelope, fault, warning

CALL = CardCall(context=EMPFANG, handle="handle-0", card_type=CardType.HBA, user_id="u")
ORDER = SignOrder(
    job_number="ABC-123",
    requests=(
        SignRequest(
            format=SignatureFormat.CADES_DETACHED, mime_type="text/plain", short_text="Brief", document=b"text"
        ),
    ),
)
Verb = Callable[[Konnektor], Awaitable[object]]
VERBS: dict[str, Verb] = {
    "VerifyPin": lambda konnektor: konnektor.pin_verb(CALL, PinWish(verb=PinVerb.VERIFY, pin=Pin.CH), nothing),
    "SignDocument": lambda konnektor: konnektor.sign(CALL, ORDER, nothing),
}


@asynccontextmanager
async def facing(device: Device, **changes: object) -> AsyncIterator[Konnektor]:
    values: dict[str, object] = {"contexts": (EMPFANG,), "short_seconds": 0.5, "card_seconds": 0.5, **changes}
    configuration = KonnektorConfiguration(name="konnektors/k", url=device.url, **values)  # type: ignore[arg-type]
    async with Konnektor(configuration, SystemClock()) as konnektor:
        yield konnektor


async def failing(work: Awaitable[object]) -> WorldError:
    with pytest.raises(WorldError) as failed:
        await work
    return failed.value


def pin_answer(result: str, status: str = OK, more: str = "") -> bytes:
    inner = f"{status}<CMN:PinResult>{result}</CMN:PinResult>{more}"
    return http(envelope(f"<CARD:VerifyPinResponse>{inner}</CARD:VerifyPinResponse>"))


class TestPolls:
    async def test_connections_are_kept(self) -> None:
        async with raw_device() as device, facing(device) as konnektor:
            for _ in range(3):
                await konnektor.observe()
            assert device.connections == 1
            assert device.calls["GetCards"] == 3
            assert device.calls["connector.sds"] == 1

    async def test_a_poll_is_repeated_once_where_the_connection_broke_before_any_answer(self) -> None:
        async with raw_device() as device, facing(device) as konnektor:
            broken = iter([b"", http(cards(2))])
            device.replies["GetCards"] = lambda: next(broken)
            assert len((await konnektor.observe()).cards) == 2
            assert device.calls["GetCards"] == 2
            device.replies["GetCards"] = b""
            failure = (await failing(konnektor.observe())).failure
            assert failure.reason is Reason.KONNEKTOR_SILENT
            assert device.calls["GetCards"] == 4

    @pytest.mark.parametrize(
        ("operation", "ask"),
        [
            ("GetPinStatus", lambda konnektor: konnektor.pin_status(CALL, Pin.CH)),
            ("GetJobNumber", lambda konnektor: konnektor.job_number(EMPFANG)),
            (
                "ReadCardCertificate",
                lambda konnektor: konnektor.read_certificate(CALL, CertificateReference.AUT, KeyAlgorithm.ECC),
            ),
        ],
    )
    async def test_questions_on_cards_are_repeated_once_too(self, operation: str, ask: Verb) -> None:
        async with raw_device({operation: b""}) as device, facing(device) as konnektor:
            assert (await failing(ask(konnektor))).failure.reason is Reason.KONNEKTOR_SILENT
            assert device.calls[operation] == 2

    @pytest.mark.parametrize(
        ("reply", "reason", "calls"),
        [
            (b"HTTP/1.1 200 OK\r\nContent-Length: 50\r\n\r\n<x", Reason.KONNEKTOR_SILENT, 1),
            (Cut(b"HTTP/1.1 200 OK\r\nContent-Length: 50\r\n\r\n<x"), Reason.KONNEKTOR_ANSWER_INVALID, 1),
            (Cut(b"HTTP/1.1 2"), Reason.KONNEKTOR_ANSWER_INVALID, 1),
            (None, Reason.KONNEKTOR_SILENT, 1),
            (b"garbage\r\n\r\n", Reason.KONNEKTOR_ANSWER_INVALID, 1),
            (http(b"<html>Wartung</html>", 503), Reason.KONNEKTOR_ANSWER_INVALID, 1),
            (http(b"", 302, "Location: http://127.0.0.1/"), Reason.KONNEKTOR_ANSWER_INVALID, 1),
            (http(b"", 401), Reason.KONNEKTOR_CREDENTIALS_REFUSED, 1),
            (http(b"", 403), Reason.KONNEKTOR_CREDENTIALS_REFUSED, 1),
            (http(b"", 404), Reason.KONNEKTOR_SERVICE_MISSING, 1),
            (http(cards(1), 500), Reason.KONNEKTOR_ANSWER_INVALID, 1),
            (http(fault(4002, severity="Fatal"), 500), Reason.KONNEKTOR_CRITICAL, 1),
            (http(fault(4004), 500), Reason.KONNEKTOR_CONTEXT_REFUSED, 1),
            (http(fault(77777), 500), Reason.KONNEKTOR_FAULT, 1),
            (b"HTTP/1.1 200 OK\r\nContent-Length: 99999999\r\n\r\n", Reason.KONNEKTOR_ANSWER_INVALID, 1),
        ],
    )
    async def test_each_trouble_has_its_reason(self, reply: bytes | None, reason: Reason, calls: int) -> None:
        async with raw_device({"GetCards": reply}) as device, facing(device) as konnektor:
            failed = await failing(konnektor.observe())
            assert failed.failure.reason is reason
            assert device.calls["GetCards"] == calls
            assert "handle" not in str(failed)

    async def test_nobody_there_is_unreachable(self, free_port: int) -> None:
        async with facing(Device(port=free_port)) as konnektor:
            failed = await failing(konnektor.observe())
        assert (failed.failure.reason, failed.sent) == (Reason.KONNEKTOR_UNREACHABLE, False)

    async def test_the_directory_is_read_anew_after_trouble_with_an_endpoint(self) -> None:
        async with raw_device({"GetCards": http(b"", 404)}) as device, facing(device) as konnektor:
            await failing(konnektor.observe())
            device.replies["GetCards"] = http(cards(1))
            await konnektor.observe()
            assert device.calls["connector.sds"] == 2

    async def test_endpoints_that_cannot_be_reached_are_rewritten(self) -> None:
        async with raw_device() as device:
            device.replies["connector.sds"] = http(directory(9, host="192.0.2.1"))
            async with facing(device, rewrite_endpoints=True) as konnektor:
                assert (await konnektor.observe()).cards

    @pytest.mark.parametrize(("hours", "state"), [(0, LinkState.UP), (1, LinkState.DEGRADED), (-1, LinkState.DEGRADED)])
    async def test_the_date_header_tells_the_clock(self, hours: int, state: LinkState) -> None:
        moment = datetime.now(UTC) + timedelta(hours=hours)
        told = f"Date: {moment:%a, %d %b %Y %H:%M:%S} GMT"
        reply = http(quiet_state(), 200, told)
        async with raw_device({"GetResourceInformation": reply}) as device, facing(device) as konnektor:
            seen = (await konnektor.observe()).konnektor
        assert seen.link_state is state
        assert (seen.condition.reason if seen.condition else None) is (Reason.KONNEKTOR_CLOCK_OFF if hours else None)

    @pytest.mark.parametrize(("dated", "state"), [(True, LinkState.UP), (False, LinkState.DEGRADED)])
    async def test_a_directory_s_date_counts_only_where_no_header_tells(self, dated: bool, state: LinkState) -> None:
        now = f"{datetime.now(UTC):%a, %d %b %Y %H:%M:%S} GMT"
        product = (
            b'<PI:ProductInformation xmlns:PI="http://ws.gematik.de/int/version/ProductInformation/v1.1">'
            b"<PI:InformationDate>2020-03-01T12:00:00Z</PI:InformationDate></PI:ProductInformation>"
            b"<SI:ServiceInformation>"
        )
        async with raw_device() as device, facing(device) as konnektor:
            listed = directory(device.port).replace(b"<SI:ServiceInformation>", product)
            device.replies["connector.sds"] = http(listed, 200, *([f"Date: {now}"] if dated else []))
            assert (await konnektor.observe()).konnektor.link_state is state

    async def test_a_fatal_state_is_said_while_polls_still_work(self) -> None:
        state = (
            "<CONN:Connector><CONN:OperatingState><CONN:ErrorState><CONN:ErrorCondition>EC_CRL_Out_Of_Date"
            "</CONN:ErrorCondition><CONN:Severity>Fatal</CONN:Severity><CONN:Value>true</CONN:Value></CONN:ErrorState>"
            "</CONN:OperatingState></CONN:Connector>"
        )
        body = f"<EVT:GetResourceInformationResponse>{OK}{state}</EVT:GetResourceInformationResponse>"
        async with raw_device({"GetResourceInformation": http(envelope(body))}) as device, facing(device) as konnektor:
            seen = (await konnektor.observe()).konnektor
        assert seen.condition is not None
        assert seen.condition.reason is Reason.KONNEKTOR_CRITICAL
        assert seen.error_conditions == ("EC_CRL_Out_Of_Date",)

    async def test_whether_a_card_is_near_is_asked_ever_more_seldom_while_it_stays_unclear(self) -> None:
        """The device's one answer tells its own state; asked for the card it tells nothing."""
        async with raw_device() as device, facing(device) as konnektor:
            asked = []
            for poll in range(1, 22):
                before = device.calls["GetResourceInformation"]
                assert not (await konnektor.observe()).cards[0].local_contexts
                if device.calls["GetResourceInformation"] - before == 2:
                    asked.append(poll)
            assert asked == [1, 2, 4, 7, 12, 21]
            device.replies["GetCards"] = http(cards(0))
            await konnektor.observe()
            device.replies["GetCards"] = http(cards(1))
            before = device.calls["GetResourceInformation"]
            await konnektor.observe()
            assert device.calls["GetResourceInformation"] == before + 2, "a new insertion is asked for at once"

    async def test_after_a_boot_it_is_asked_anew(self) -> None:
        """Handles of before may be other patients' cards now."""
        both = (
            f"<EVT:GetResourceInformationResponse>{OK}{card(0)}<CONN:Connector/></EVT:GetResourceInformationResponse>"
        )
        async with raw_device({"GetResourceInformation": http(envelope(both))}) as device, facing(device) as konnektor:
            for asked in (2, 3):  # the card and the device's state; then its state alone
                assert (await konnektor.observe()).cards[0].local_contexts == {EMPFANG.name}
                assert device.calls["GetResourceInformation"] == asked
            konnektor._take(CetpEvent(topic=BOOTED, severity="Info", subscription_id="", parameters={}))
            await konnektor.observe()
            assert device.calls["GetResourceInformation"] == 5

    async def test_all_contexts_refused_is_no_empty_practice(self) -> None:
        contexts = (EMPFANG, SPRECHZIMMER)
        refusal = http(fault(4204), 500)
        async with raw_device({"GetCardTerminals": refusal}) as device, facing(device, contexts=contexts) as konnektor:
            failed = await failing(konnektor.observe())
        assert (failed.failure.reason, failed.failure.konnektor_code) == (Reason.KONNEKTOR_CONTEXT_REFUSED, 4204)


@pytest.mark.parametrize("verb", VERBS)
class TestVerbs:
    @pytest.mark.parametrize(
        ("reply", "reason"),
        [
            (b"", Reason.KONNEKTOR_SILENT),
            (b"HTTP/1.1 200 OK\r\nContent-Length: 50\r\n\r\n<x", Reason.KONNEKTOR_SILENT),
            (Cut(b"HTTP/1.1 200 OK\r\nContent-Length: 50\r\n\r\n<x"), Reason.KONNEKTOR_ANSWER_INVALID),
            (None, Reason.KONNEKTOR_SILENT),
            (b"garbage\r\n\r\n", Reason.KONNEKTOR_ANSWER_INVALID),
            (http(b"<html/>"), Reason.KONNEKTOR_ANSWER_INVALID),
            (http(b"", 307, "Location: /ws/CardService"), Reason.KONNEKTOR_ANSWER_INVALID),
            (http(b"", 503, "Retry-After: 0"), Reason.KONNEKTOR_ANSWER_INVALID),
            (http(fault(4001), 500), Reason.KONNEKTOR_FAULT),
            (http(fault(88888), 500), Reason.KONNEKTOR_FAULT),
        ],
    )
    async def test_after_sending_the_outcome_is_open_and_it_is_never_repeated(
        self, verb: str, reply: bytes | None, reason: Reason
    ) -> None:
        async with raw_device({verb: reply}) as device, facing(device) as konnektor:
            await konnektor.observe()
            before = device.connections
            failed = await failing(VERBS[verb](konnektor))
            assert (failed.failure.reason, failed.sent) == (reason, True)
            await asyncio.sleep(0.1)
            assert device.calls[verb] == 1
            assert device.connections == before + 1

    @pytest.mark.parametrize("code", sorted(NOTHING_SENT))
    async def test_an_error_from_before_the_card_is_said_to_be_one(self, verb: str, code: int) -> None:
        async with raw_device({verb: http(fault(99999, code), 500)}) as device, facing(device) as konnektor:
            failed = await failing(VERBS[verb](konnektor))
        assert not failed.sent
        assert failed.failure.konnektor_code == code
        assert failed.failure.konnektor_severity == "Error"

    @pytest.mark.parametrize("reply", [http(b"", 401), http(b"", 403), http(b"", 404)])
    async def test_a_door_that_stays_closed_means_not_sent(self, verb: str, reply: bytes) -> None:
        async with raw_device({verb: reply}) as device, facing(device) as konnektor:
            assert not (await failing(VERBS[verb](konnektor))).sent

    async def test_trouble_on_the_way_to_the_verb_means_not_sent(self, verb: str) -> None:
        for reply in (None, b"", b"garbage\r\n\r\n", http(b"<x/>"), http(b"", 500), http(directory(1, SERVICES[:1]))):
            async with raw_device({"connector.sds": reply}) as device, facing(device) as konnektor:
                assert not (await failing(VERBS[verb](konnektor))).sent
                assert device.calls[verb] == 0

    async def test_verbs_are_not_in_the_table_of_what_may_be_repeated(self, verb: str) -> None:
        assert verb not in REPEATABLE


class TestVerifyPin:
    @pytest.mark.parametrize(
        ("reply", "outcome", "left"),
        [
            (pin_answer("OK"), PinOutcome.VERIFIED, None),
            (pin_answer("REJECTED", more="<CMN:LeftTries>1</CMN:LeftTries>"), PinOutcome.REJECTED, 1),
            (pin_answer("REJECTED"), PinOutcome.REJECTED, None),
            (pin_answer("WASBLOCKED", warning(4063)), PinOutcome.BLOCKED, None),
            (pin_answer("NOWBLOCKED", more="<CMN:LeftTries>0</CMN:LeftTries>"), PinOutcome.BLOCKED, 0),
            (pin_answer("ERROR", warning(4049)), PinOutcome.ABORTED, None),
            (pin_answer("ERROR", warning(4043)), PinOutcome.TIMED_OUT, None),
            (pin_answer("ERROR", warning(4008)), PinOutcome.CARD_REMOVED, None),
            (http(fault(4049), 500), PinOutcome.ABORTED, None),
            (http(fault(4043, severity="Warning"), 500), PinOutcome.TIMED_OUT, None),
            (http(fault(4045), 500), PinOutcome.CARD_REMOVED, None),
            (http(fault(4063), 500), PinOutcome.BLOCKED, None),
        ],
    )
    async def test_an_answer_is_a_result(self, reply: bytes, outcome: PinOutcome, left: int | None) -> None:
        async with raw_device({"VerifyPin": reply}) as device, facing(device) as konnektor:
            result = await konnektor.pin_verb(CALL, PinWish(verb=PinVerb.VERIFY, pin=Pin.CH), nothing)
        assert (result.outcome, result.attempts_left) == (outcome, left)

    @pytest.mark.parametrize(
        ("reply", "reason", "sent"),
        [
            (pin_answer("TRANSPORT_PIN", warning(4065)), Reason.PIN_TRANSPORT, False),
            (pin_answer("ERROR"), Reason.KONNEKTOR_FAULT, True),
            (pin_answer("ERROR", warning(4120)), Reason.CARD_FAULT, True),
            (pin_answer("ERROR", warning(4094)), Reason.CARD_FAULT, True),
            (http(fault(4094), 500), Reason.CARD_FAULT, True),
            (http(fault(4008), 500), Reason.CARD_REMOVED, False),
            (http(fault(4060), 500), Reason.CARD_BUSY, False),
            (http(fault(4092), 500), Reason.PIN_NO_TERMINAL, False),
        ],
    )
    async def test_what_is_no_result_is_raised(self, reply: bytes, reason: Reason, sent: bool) -> None:
        async with raw_device({"VerifyPin": reply}) as device, facing(device) as konnektor:
            failed = await failing(konnektor.pin_verb(CALL, PinWish(verb=PinVerb.VERIFY, pin=Pin.CH), nothing))
        assert (failed.failure.reason, failed.sent) == (reason, sent)

    @pytest.mark.parametrize(
        ("code", "outcome"), [(4063, None), (4064, PinOutcome.BLOCKED), (4049, PinOutcome.ABORTED)]
    )
    async def test_that_a_pin_is_blocked_says_nothing_of_its_puk(self, code: int, outcome: PinOutcome | None) -> None:
        wish = PinWish(verb=PinVerb.UNBLOCK, pin=Pin.CH)
        async with raw_device({"UnblockPin": http(fault(code), 500)}) as device, facing(device) as konnektor:
            if outcome is None:
                failed = await failing(konnektor.pin_verb(CALL, wish, nothing))
                assert (failed.failure.reason, failed.sent) == (Reason.PIN_BLOCKED, True)
            else:
                assert (await konnektor.pin_verb(CALL, wish, nothing)).outcome is outcome

    async def test_before_send_runs_on_a_standing_connection_before_the_first_byte(self) -> None:
        async with raw_device({"VerifyPin": pin_answer("OK")}) as device, facing(device) as konnektor:
            await konnektor.observe()
            before = device.connections

            ready: list[bool] = []

            async def before_send() -> None:
                await asyncio.sleep(0.1)
                ready.append(device.connections == before + 1 and device.calls["VerifyPin"] == 0)

            await konnektor.pin_verb(CALL, PinWish(verb=PinVerb.VERIFY, pin=Pin.CH), before_send)
            assert ready == [True]
            assert device.calls["VerifyPin"] == 1


class TestSigning:
    @pytest.mark.parametrize(
        ("code", "reason"),
        [
            (4049, Reason.PIN_ABORTED),
            (4043, Reason.PIN_TIMED_OUT),
            (4276, Reason.PIN_REJECTED),
            (4275, Reason.PIN_BLOCKED),
            (4085, Reason.PIN_NOT_VERIFIED),
        ],
    )
    @pytest.mark.parametrize("where", ["fault", "status"])
    async def test_errors_keep_their_reason_wherever_they_stand(self, code: int, reason: Reason, where: str) -> None:
        response = f'<SIG:SignResponse RequestID="1">{warning(code)}</SIG:SignResponse>'
        answer = http(envelope(f"<SIG:SignDocumentResponse>{response}</SIG:SignDocumentResponse>"))
        reply = http(fault(code), 500) if where == "fault" else answer
        async with raw_device({"SignDocument": reply}) as device, facing(device) as konnektor:
            failed = await failing(konnektor.sign(CALL, ORDER, nothing))
        assert (failed.failure.reason, failed.failure.konnektor_code, failed.sent) == (reason, code, True)

    async def test_a_large_document_goes_and_comes_whole(self) -> None:
        document = bytes(range(256)) * (48 * 1024)
        data = f"<DSS:Base64Data>{b64encode(document).decode()}</DSS:Base64Data>"
        holder = (
            f"<SIG:OptionalOutputs><SIG:DocumentWithSignature>{data}</SIG:DocumentWithSignature></SIG:OptionalOutputs>"
        )
        response = f'<SIG:SignResponse RequestID="1">{OK}{holder}</SIG:SignResponse>'
        answer = http(envelope(f"<SIG:SignDocumentResponse>{response}</SIG:SignDocumentResponse>"))
        request = replace(ORDER.requests[0], format=SignatureFormat.PADES, document=document)
        order = replace(ORDER, requests=(request,))
        async with raw_device({"SignDocument": answer}) as device, facing(device, card_seconds=20) as konnektor:
            signed = await konnektor.sign(CALL, order, nothing)
            assert [one.data == document for one in signed.signatures] == [True]
            length = next(line for line in device.heads[-1].split(b"\r\n") if line.startswith(b"Content-Length"))
            assert int(length.split()[1]) > len(document) * 4 // 3

    async def test_a_doctor_s_card_never_signs_where_rsa_could_be_used(self) -> None:
        async with raw_device() as device, facing(device) as konnektor:
            device.replies["connector.sds"] = http(
                directory(device.port, (*SERVICES[:3], ("SignatureService", "7.4.0")))
            )
            failed = await failing(konnektor.sign(CALL, ORDER, nothing))
            assert (failed.failure.reason, failed.sent) == (Reason.KONNEKTOR_SERVICE_MISSING, False)
            assert device.calls["SignDocument"] == 0

    async def test_a_certificate_of_the_wrong_kind_is_missing_where_the_kind_cannot_be_asked_for(self) -> None:
        info = (
            "<CC:X509DataInfo><CC:CertRef>C.AUT</CC:CertRef><CC:X509Data><CC:X509Certificate>QUJD</CC:X509Certificate>"
        )
        listed = f"<CC:X509DataInfoList>{info}</CC:X509Data></CC:X509DataInfo></CC:X509DataInfoList>"
        answer = envelope(f"<CERT:ReadCardCertificateResponse>{OK}{listed}</CERT:ReadCardCertificateResponse>")
        async with raw_device({"ReadCardCertificate": http(answer)}) as device, facing(device) as konnektor:
            assert await konnektor.read_certificate(CALL, CertificateReference.AUT, KeyAlgorithm.ECC) == b"ABC"
        async with raw_device({"ReadCardCertificate": http(answer)}) as device, facing(device) as konnektor:
            device.replies["connector.sds"] = http(directory(device.port, (("CertificateService", "6.0.0"),)))
            failed = await failing(konnektor.read_certificate(CALL, CertificateReference.AUT, KeyAlgorithm.ECC))
            assert failed.failure.reason is Reason.KONNEKTOR_ANSWER_INVALID
