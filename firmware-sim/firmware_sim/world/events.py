"""Events of the Konnektor as values, and which subscription a topic matches."""

from dataclasses import dataclass, replace

Parameters = tuple[tuple[str, str], ...]


@dataclass(frozen=True, kw_only=True, slots=True)
class Event:
    """One event.

    A receiver must be allowed to use `terminal` and, when it concerns an SM-B, belong to a mandant that has it
    (`smb` is the card's name); `client_system` limits it to one client system. Empty means: no such limit.
    """

    topic: str
    kind: str = "Operation"
    severity: str = "Info"
    parameters: Parameters = ()
    terminal: str = ""
    handle: str = ""
    smb: str = ""
    client_system: str = ""


def matches(subscribed: str, topic: str) -> bool:
    """True when a subscription to `subscribed` covers `topic`: a topic without its lower levels covers all of them."""
    wanted, given = subscribed.strip("/").split("/"), topic.split("/")
    return given[: len(wanted)] == wanted


def terminal_event(topic: str, terminal: str, label: str) -> Event:
    """CT/CONNECTED or CT/DISCONNECTED."""
    return Event(topic=topic, parameters=(("CtID", terminal), ("Hostname", label)), terminal=terminal)


def pin_event(topic: str, about: Event, *, pin: str, pad: str, result: str = "") -> Event:
    """CARD/PIN/... from a card's event: which PIN, and at which terminal somebody must type (PinInputCtID)."""
    wanted = ("CardHandle", "CardType", "ICCSN", "CtID", "SlotID")
    parameters = (*(pair for pair in about.parameters if pair[0] in wanted), ("PinRef", pin), ("PinInputCtID", pad))
    if result:
        parameters = (*parameters, ("Result", result))
    return replace(about, topic=topic, parameters=parameters)
