"""The XPath 1.0 filter of a subscription, and the event as XML that it looks at."""

from lxml import etree

from firmware_sim.konnektor.xml import NAMESPACES, Element, element
from firmware_sim.world.codes import KonnektorError
from firmware_sim.world.events import Event

_PREFIX = {"EVT": NAMESPACES["EVT"]}


def check_filter(expression: str) -> None:
    """Raises 4095 for an expression that cannot be evaluated."""
    if expression:
        passes(expression, Event(topic="CARD/INSERTED"))


def passes(expression: str, event: Event) -> bool:
    """True when the event satisfies the filter; no filter lets everything pass. Raises 4095.

    Names may carry the prefix EVT or none (the event's default namespace, which XPath 1.0 cannot express).
    """
    if not expression:
        return True
    document = to_xml(event, "")
    root = document if "EVT:" in expression else _without_namespace(document)
    try:
        result = etree.XPath(expression, namespaces=_PREFIX)(root)
    except etree.XPathError as error:
        raise KonnektorError(4095, str(error)) from error
    return bool(result)


def to_xml(event: Event, subscription_id: str) -> Element:
    """EVT:Event as it goes out by CETP."""
    parameters = (
        element("EVT:Parameter", element("EVT:Key", key), element("EVT:Value", value))
        for key, value in event.parameters
    )
    return element(
        "EVT:Event",
        element("EVT:Topic", event.topic),
        element("EVT:Type", event.kind),
        element("EVT:Severity", event.severity),
        element("EVT:SubscriptionID", subscription_id),
        element("EVT:Message", *parameters),
    )


def _without_namespace(document: Element) -> Element:
    for each in document.iter():
        each.tag = etree.QName(each).localname
    return document
