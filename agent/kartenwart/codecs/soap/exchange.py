"""One request and the reading of its answer, as a value: what the codecs hand to the adapter."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Generic, TypeVar

from lxml import etree

from kartenwart.codecs.malformed import MalformedError
from kartenwart.codecs.soap.fault import Fault, read_fault
from kartenwart.codecs.soap.namespaces import COMMON, CONTEXT, SOAP
from kartenwart.codecs.soap.xml import Element, parse

Answer = TypeVar("Answer")

ANSWER_LIMIT = 4 * 1024 * 1024


@dataclass(frozen=True, slots=True, kw_only=True)
class CallContext:
    """MandantId, ClientSystemId, WorkplaceId (64 characters each) and, for a doctor's card, the UserId, a secret."""

    mandant: str
    client_system: str
    workplace: str
    user_id: str = field(default="", repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Exchange(Generic[Answer]):
    """A request ready to send and how to read its answer.

    `service` is the name in connector.sds. `answer_limit` is the cap in bytes; `huge` allows large text nodes in it.
    `told_action` is the SOAPAction where the WSDL names another than namespace#operation.
    """

    service: str
    operation: str
    namespace: str
    body: bytes = field(repr=False)
    read: Callable[[Element], Answer] = field(repr=False)
    answer_limit: int
    huge: bool
    told_action: str = ""

    @property
    def action(self) -> str:
        """Return the SOAPAction, for most operations namespace#operation."""
        return self.told_action or f"{self.namespace}#{self.operation}"

    def decode(self, data: bytes) -> Answer | Fault:
        """Return the answer's value or the fault; MalformedError for anything else."""
        root = parse(data, limit=self.answer_limit, huge=self.huge)
        if root.tag != f"{{{SOAP}}}Envelope":
            raise MalformedError("an answer that is no SOAP 1.1 envelope")
        content = root.find(f"{{{SOAP}}}Body/*")
        if content is None:
            raise MalformedError("a SOAP envelope with an empty body")
        if content.tag == f"{{{SOAP}}}Fault":
            return read_fault(content)
        if content.tag != f"{{{self.namespace}}}{self.operation}Response":
            raise MalformedError(f"no answer to {self.operation}")
        return self.read(content)


def ask(
    service: str,
    content: Element,
    read: Callable[[Element], Answer],
    *,
    answer_limit: int = ANSWER_LIMIT,
    huge: bool = False,
    action: str = "",
) -> Exchange[Answer]:
    """Return the exchange for an operation's root element."""
    name = etree.QName(content)
    return Exchange(
        service=service,
        operation=name.localname,
        namespace=name.namespace or "",
        body=_envelope(content),
        read=read,
        answer_limit=answer_limit,
        huge=huge,
        told_action=action,
    )


def root(namespace: str, operation: str) -> Element:
    """Return an operation's root element."""
    return etree.Element(f"{{{namespace}}}{operation}", nsmap={"S": namespace})


def add(parent: Element, namespace: str, name: str, value: str | None = None) -> Element:
    """Add a child; ValueError where the value holds what XML cannot (control characters)."""
    element = etree.SubElement(parent, f"{{{namespace}}}{name}")
    element.text = value
    return element


def add_context(parent: Element, context: CallContext) -> None:
    """Add the CCTX:Context."""
    element = add(parent, CONTEXT, "Context")
    add(element, COMMON, "MandantId", context.mandant)
    add(element, COMMON, "ClientSystemId", context.client_system)
    add(element, COMMON, "WorkplaceId", context.workplace)
    if context.user_id:
        add(element, COMMON, "UserId", context.user_id)


def _envelope(content: Element) -> bytes:
    """Return the SOAP envelope around an operation's root element, UTF-8."""
    outer = etree.Element(f"{{{SOAP}}}Envelope", nsmap={"soap": SOAP, "CONN": COMMON, "CCTX": CONTEXT})
    etree.SubElement(outer, f"{{{SOAP}}}Body").append(content)
    return etree.tostring(outer, xml_declaration=True, encoding="UTF-8")
