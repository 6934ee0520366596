"""An RPC bound to its rule and its service method, and the two small ports through which the edge speaks."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Protocol

from google.protobuf.message import Message

from kartenwart.edge.call import Call
from kartenwart.edge.descriptors import message_class, rpcs
from kartenwart.edge.metrics import Meter, Metrics
from kartenwart.edge.policy import POLICY, Rule
from kartenwart.edge.shared import Reply


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


@dataclass(frozen=True, slots=True, kw_only=True)
class Method:
    """One RPC bound to its rule and its service method; `name` as in the policy."""

    name: str
    rule: Rule
    streams: bool
    request: type[Message]
    handler: Callable[[Any, Call], Any]
    meter: Meter


def bind(services: Mapping[str, object], metrics: Metrics) -> dict[str, Method]:
    """Return every RPC by name; KeyError or AttributeError where a service, method or rule is missing."""
    return {
        rpc.name: Method(
            name=rpc.name,
            rule=POLICY[rpc.name],
            streams=rpc.streams,
            request=message_class(rpc.request),
            handler=getattr(services[rpc.service], rpc.attribute),
            meter=metrics.meter(rpc.name),
        )
        for rpc in rpcs()
    }
