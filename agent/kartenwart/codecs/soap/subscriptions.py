"""EventService 7.2, events: Subscribe, RenewSubscriptions, Unsubscribe, GetSubscription; the Event in a CETP frame."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from kartenwart.codecs.malformed import MalformedError
from kartenwart.codecs.soap.exchange import CallContext, Exchange, add, add_context, ask, root
from kartenwart.codecs.soap.inventory import SERVICE
from kartenwart.codecs.soap.namespaces import EVENTS
from kartenwart.codecs.soap.xml import Element, child, optional_text, parse, text
from kartenwart.codecs.times import read_datetime

_EVENT_LIMIT = 1024 * 1024


@dataclass(frozen=True, slots=True, kw_only=True)
class Subscription:
    """A subscription as the Konnektor keeps it; `expires_at` None where it does not say or cannot be read."""

    id: str
    expires_at: datetime | None
    event_to: str = ""
    topic: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class CetpEvent:
    """An event as sent by CETP: topic in capitals (devices differ in case), parameters as they came.

    `subject` is what stands behind the first level of the topic, as the device spells it: polls name error conditions
    so. `parameters` may hold a patient's name and KVNR: no repr. `subscription_id` is empty after a boot.
    """

    topic: str
    severity: str
    subscription_id: str
    parameters: Mapping[str, str] = field(repr=False)
    subject: str = ""


def subscribe(context: CallContext, *, event_to: str, topic: str) -> Exchange[Subscription]:
    """Subscribe to a topic and all below it; `event_to` is "cetp://host:port". Asking again gives the same id."""
    content = root(EVENTS, "Subscribe")
    add_context(content, context)
    wanted = add(content, EVENTS, "Subscription")
    add(wanted, EVENTS, "EventTo", event_to)
    add(wanted, EVENTS, "Topic", topic)
    return ask(SERVICE, content, _read_subscription)


def renew_subscriptions(context: CallContext, ids: Sequence[str]) -> Exchange[tuple[Subscription, ...]]:
    """Prolong up to 1000 subscriptions; the answer leaves out those that the Konnektor no longer knows."""
    content = root(EVENTS, "RenewSubscriptions")
    add_context(content, context)
    for each in ids:
        add(content, EVENTS, "SubscriptionID", each)
    return ask(SERVICE, content, _read_renewals)


def unsubscribe(context: CallContext, subscription_id: str) -> Exchange[None]:
    """End one subscription."""
    content = root(EVENTS, "Unsubscribe")
    add_context(content, context)
    add(content, EVENTS, "SubscriptionID", subscription_id)
    return ask(SERVICE, content, lambda _answer: None)


def get_subscription(context: CallContext) -> Exchange[tuple[Subscription, ...]]:
    """Ask for the context's subscriptions."""
    content = root(EVENTS, "GetSubscription")
    add_context(content, context)
    return ask(SERVICE, content, _read_subscriptions)


def read_event(payload: bytes) -> CetpEvent:
    """Read the payload of a CETP frame; MalformedError for what is no Event."""
    event = parse(payload, limit=_EVENT_LIMIT)
    if event.tag != f"{{{EVENTS}}}Event":
        raise MalformedError("a CETP payload that is no Event")
    parameters = child(event, f"{{{EVENTS}}}Message").iterfind(f"{{{EVENTS}}}Parameter")
    topic = text(event, f"{{{EVENTS}}}Topic")
    return CetpEvent(
        topic=topic.upper(),
        subject=topic.partition("/")[2],
        severity=optional_text(event, f"{{{EVENTS}}}Severity"),
        subscription_id=optional_text(event, f"{{{EVENTS}}}SubscriptionID"),
        parameters={text(each, f"{{{EVENTS}}}Key"): optional_text(each, f"{{{EVENTS}}}Value") for each in parameters},
    )


def _read_subscription(parent: Element) -> Subscription:
    return Subscription(
        id=text(parent, f"{{{EVENTS}}}SubscriptionID"),
        expires_at=read_datetime(parent.findtext(f"{{{EVENTS}}}TerminationTime")),
        event_to=optional_text(parent, f"{{{EVENTS}}}EventTo"),
        topic=optional_text(parent, f"{{{EVENTS}}}Topic"),
    )


def _read_renewals(answer: Element) -> tuple[Subscription, ...]:
    renewals = child(answer, f"{{{EVENTS}}}SubscribeRenewals")
    return tuple(_read_subscription(each) for each in renewals.iterchildren(f"{{{EVENTS}}}SubscriptionRenewal"))


def _read_subscriptions(answer: Element) -> tuple[Subscription, ...]:
    subscriptions = child(answer, f"{{{EVENTS}}}Subscriptions")
    return tuple(_read_subscription(each) for each in subscriptions.iterchildren(f"{{{EVENTS}}}Subscription"))
