"""An RPC bound to its rule and its service method, and the two small ports through which the edge speaks."""

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol

from google.protobuf.message import Message

from kartenwart.domain.failures import Violation
from kartenwart.edge.call import Call
from kartenwart.edge.descriptors import message_class, rpcs_of
from kartenwart.edge.metrics import Meter, Metrics
from kartenwart.edge.policy import POLICY, Rate, Rule
from kartenwart.edge.shared import Reply

# Finds what is wrong in a request (edge/validation.py).
Violations = Callable[[Message], tuple[Violation, ...]]


class Report(Protocol):
    """Where the edge tells the journal of what it met: an event's name and fields without personal data."""

    def __call__(self, event: str, *, level: str = "info", **fields: object) -> None:
        """Write one line."""
        ...


class CallerLeft(Exception):
    """Raised by a sink whose caller has gone."""


class Sink(Protocol):
    """Where a stream's replies go."""

    async def open(self) -> None:
        """Tell the caller that it is admitted."""
        ...

    async def send(self, reply: Reply) -> None:
        """Write one reply; returns when the transport has room for the next. CallerLeft when nobody reads."""
        ...


def _none(_request: Message) -> tuple[Violation, ...]:
    return ()


async def _nobody(_request: Any, _call: Call) -> None:
    return None


@dataclass(slots=True, kw_only=True, eq=False)
class Method:
    """One RPC: its rule from the start, request and handler once its service is there; `name` as in the policy.

    So a call can be admitted, or refused, before what answers it is loaded; one that is admitted waits for `there`.
    """

    name: str
    rule: Rule
    meter: Meter
    request: type[Message] = Message
    violations: Violations = _none
    handler: Callable[[Any, Call], Any] = _nobody
    there: asyncio.Event = field(default_factory=asyncio.Event)

    @property
    def streams(self) -> bool:
        """Say whether it answers with a stream (a test holds the policy against the protos)."""
        return self.rule.rate is Rate.STREAM


def known(metrics: Metrics) -> dict[str, Method]:
    """Return every RPC of the policy by name, none of them bound to a service yet."""
    return {name: Method(name=name, rule=rule, meter=metrics.meter(name)) for name, rule in POLICY.items()}


def bind(methods: Mapping[str, Method], services: Mapping[str, object], violations: Violations | None) -> None:
    """Give the RPCs of these services what answers them; reads the protos of these services and of no others.

    KeyError or AttributeError where a rule or method is missing, TypeError where a request has fields and nothing that
    finds mistakes in it.
    """
    for name, service in services.items():
        for rpc in rpcs_of(name):
            if violations is None and rpc.request.fields:
                raise TypeError(f"the request of {rpc.name} has fields that nobody checks")
            method = methods[rpc.name]
            method.request = message_class(rpc.request)
            method.violations = violations or _none
            method.handler = getattr(service, rpc.attribute)
            method.there.set()
