"""From a request's bytes to an answer's bytes: parse, find the operation by its root element, check, carry out, record.

SOAPAction is ignored: the official WSDLs disagree with themselves about it, the root element does not.
"""

import asyncio
import logging
import time
from collections.abc import Collection
from dataclasses import dataclass

from firmware_sim.konnektor import soap
from firmware_sim.konnektor.call import Call, Operation, Surroundings, read_context
from firmware_sim.konnektor.calls import CallLog
from firmware_sim.konnektor.faults import Fault, FaultPlan
from firmware_sim.konnektor.syntax import check
from firmware_sim.konnektor.xml import Element, child, expanded, short, text
from firmware_sim.world.codes import Code, KonnektorError, code_of
from firmware_sim.world.context import Context
from firmware_sim.world.device import OPEN_IN_CRITICAL_STATE

_log = logging.getLogger(__name__)
# What the caller sees in place of the answer, also where the plan lets the operation run.
_HANDLES = ("CONN:CardHandle", "VSD:EhcHandle", "KVK:KVKHandle")
_ANSWERED_INSTEAD = ("soap_fault", "garbage", "http_status")


@dataclass(frozen=True, kw_only=True, slots=True)
class Answer:
    """An HTTP answer, and the fault that the connection has still to suffer."""

    status: int
    body: bytes
    fault: Fault | None = None


class Dispatcher:
    """All operations of one Konnektor behind one door."""

    def __init__(self, around: Surroundings, operations: list[Operation], plan: FaultPlan, log: CallLog) -> None:
        self._around = around
        self._operations = {operation.root: operation for operation in operations}
        self._plan = plan
        self._log = log

    async def answer(self, body: bytes, identity: str | None, answered: Collection[tuple[str, str]]) -> Answer:
        """Answer one request. `identity` is the client system that TLS or Basic proved, None when none was asked.

        `answered` is what the address it came to answers for: services with the prefix of their root elements.
        """
        started = time.monotonic()
        try:
            request = soap.read_request(body)
        except KonnektorError as error:
            return self._fault(error.code, error.detail)
        root, context = short(request), read_context(request)
        operation = self._operations.get(root)
        if operation is not None and (operation.service, root.partition(":")[0]) not in answered:
            operation = None
        fault = self._plan.take(root.rpartition(":")[2])
        result, answer = await self._answer(operation, request, root, context, identity, fault)
        self._log.add(
            root,
            context,
            result=result,
            fault=fault.kind if fault else "",
            at=soap.moment(self._around.now()),
            seconds=time.monotonic() - started,
        )
        return answer

    async def _answer(
        self,
        operation: Operation | None,
        request: Element,
        root: str,
        context: Context,
        identity: str | None,
        fault: Fault | None,
    ) -> tuple[str, Answer]:
        if operation is not None:
            self._count(operation, request)
        if fault is not None and fault.kind in ("delay", "silent"):
            await asyncio.sleep(fault.seconds)
        if fault is not None and not fault.runs:
            return fault.kind, self._instead(fault)
        try:
            payload = await self._carry_out(operation, root, request, context, identity, fault)
        except KonnektorError as error:
            return str(error.code.number), self._fault(error.code, error.detail, fault)
        except Exception:  # noqa: BLE001 - a Konnektor answers 4001, whatever broke inside
            _log.exception("%s failed inside the simulator", root)
            return "4001", self._fault(code_of(4001), "a defect of the simulator", fault)
        result = text(payload, "CONN:Status/CONN:Result") or "OK"
        if fault is not None and fault.kind in _ANSWERED_INSTEAD:
            return fault.kind, self._instead(fault)
        return result, Answer(status=200, body=soap.envelope(payload), fault=fault)

    async def _carry_out(
        self,
        operation: Operation | None,
        root: str,
        request: Element,
        context: Context,
        identity: str | None,
        fault: Fault | None,
    ) -> Element:
        if operation is None:
            raise KonnektorError(4000, f"nothing at this address answers for {root}")
        check(request, operation.shape)
        if identity is not None and context.client_system not in ("", identity):
            raise KonnektorError(4204)
        if self._around.device.conditions.critical and operation.service not in OPEN_IN_CRITICAL_STATE:
            raise KonnektorError(4002)
        await self._reach_terminals(operation, request)
        corrupt = fault is not None and fault.kind == "corrupt_signature"
        spoilt = fault.document if fault is not None else 0
        call = Call(request=request, context=context, corrupt_signature=corrupt, corrupt_document=spoilt)
        payload = await operation.handle(call)
        if fault is not None and fault.kind == "wrong_status":
            self._spoil_status(payload, fault)
        return payload

    async def _reach_terminals(self, operation: Operation, request: Element) -> None:
        """Wait where a card's terminal hangs; EventService answers from what the Konnektor knows."""
        handles = {text(request, name) for name in (*_HANDLES, "VSD:HpcHandle")}
        for seen in self._around.device.cards:
            if seen.handle in handles and operation.service != "EventService":
                await self._around.device.hanging.wait(seen.terminal)

    def _count(self, operation: Operation, request: Element) -> None:
        counts = self._around.practice.counts
        counts.operations[operation.name] += 1
        handle = next((found for name in _HANDLES if (found := text(request, name))), "")
        for seen in self._around.device.cards:
            if seen.handle == handle:
                counts.cards[seen.card.name].operations[operation.name] += 1

    def _instead(self, fault: Fault) -> Answer:
        if fault.kind == "soap_fault":
            return self._fault(_code(fault), "", fault)
        if fault.kind == "http_status":
            return Answer(status=fault.status, body=b"", fault=fault)
        if fault.kind == "garbage":
            return Answer(status=200, body=b"\x00\xff<not><xml \xc3\x28" * 8, fault=fault)
        return self._fault(code_of(4001), "", fault)

    def _fault(self, code: Code, detail: str, fault: Fault | None = None) -> Answer:
        vendor = self._around.device.configuration.behaviour.vendor_trace
        body = soap.fault(code, detail, self._around.now(), vendor_trace=vendor)
        return Answer(status=500, body=body, fault=fault)

    def _spoil_status(self, payload: Element, fault: Fault) -> None:
        """Every Status becomes a Warning with an error; results and signatures that contradict it are taken away."""
        for status in list(payload.iter(expanded("CONN:Status"))):
            parent = status.getparent()
            if parent is None:
                continue
            trouble = soap.status(self._around.now(), KonnektorError(fault.code))
            parent.replace(status, trouble)
            for name in ("dss:SignatureObject", "SIG74:OptionalOutputs", "SIG75:OptionalOutputs"):
                found = child(parent, name)
                if found is not None:
                    parent.remove(found)
        result = child(payload, "CARDCMN:PinResult")
        if result is not None:
            result.text = "ERROR"


def _code(fault: Fault) -> Code:
    known = code_of(fault.code)
    return Code(
        number=fault.code,
        kind=fault.error_type or known.kind,
        severity=fault.severity or known.severity,
        text=fault.text or known.text,
    )
