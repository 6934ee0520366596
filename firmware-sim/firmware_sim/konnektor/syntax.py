"""The shape a request must have: which elements, in which order, how often. What fits no shape is answered with 4000.

This is not an XML schema processor but the part of one that a caller can get wrong: names, namespaces, order, number,
and the plain rules of simple values.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from firmware_sim.konnektor.xml import Element, short
from firmware_sim.world.codes import KonnektorError

Check = Callable[[str], bool]


@dataclass(frozen=True, kw_only=True, slots=True)
class Shape:
    """An element with children; `ordered` False is xs:all. Attributes: name -> (required, check)."""

    parts: tuple["Part", ...] = ()
    attributes: Mapping[str, tuple[bool, Check]] = field(default_factory=dict)
    ordered: bool = True


Content = Shape | Check | None


@dataclass(frozen=True, kw_only=True, slots=True)
class Part:
    """One place in a sequence: the names that may stand there with their content, and how often."""

    names: Mapping[str, Content]
    minimum: int = 1
    maximum: int | None = 1


def one(name: str, content: Content) -> Part:
    """Exactly one."""
    return Part(names={name: content})


def optional(name: str, content: Content) -> Part:
    """None or one."""
    return Part(names={name: content}, minimum=0)


def many(name: str, content: Content, maximum: int | None = None) -> Part:
    """One or more."""
    return Part(names={name: content}, maximum=maximum)


def either(names: Mapping[str, Content]) -> Part:
    """Exactly one of several (xs:choice)."""
    return Part(names=names)


def check(element: Element, shape: Content) -> None:
    """Raises `KonnektorError` 4000 with the place when the element does not have the shape."""
    if shape is None:
        return
    children = [each for each in element if isinstance(each.tag, str)]
    if not isinstance(shape, Shape):
        if children or not shape((element.text or "").strip()):
            raise _invalid(element, "invalid value")
        return
    _check_attributes(element, shape)
    if shape.ordered:
        _check_sequence(element, children, shape.parts)
    else:
        _check_all(element, children, shape.parts)


def _check_attributes(element: Element, shape: Shape) -> None:
    for name, (required, valid) in shape.attributes.items():
        value = element.get(name)
        if value is None and required:
            raise _invalid(element, f"attribute {name} is missing")
        if value is not None and not valid(value):
            raise _invalid(element, f"attribute {name} has an invalid value")
    unknown = [str(name) for name in element.attrib if name not in shape.attributes and not str(name).startswith("{")]
    if unknown:
        raise _invalid(element, f"attribute {unknown[0]} is not allowed")


def _check_sequence(element: Element, children: list[Element], parts: tuple[Part, ...]) -> None:
    at = 0
    for part in parts:
        count = 0
        while at < len(children) and short(children[at]) in part.names and count != part.maximum:
            check(children[at], part.names[short(children[at])])
            at, count = at + 1, count + 1
        if count < part.minimum:
            found = f"found {short(children[at])}" if at < len(children) else "found nothing"
            raise _invalid(element, f"{' or '.join(part.names)} is expected, {found}")
    if at < len(children):
        raise _invalid(element, f"invalid content starting with {short(children[at])}")


def _check_all(element: Element, children: list[Element], parts: tuple[Part, ...]) -> None:
    allowed = {name: content for part in parts for name, content in part.names.items()}
    names = [short(each) for each in children]
    for each, name in zip(children, names, strict=True):
        if name not in allowed or names.count(name) > 1:
            raise _invalid(element, f"invalid content starting with {name}")
        check(each, allowed[name])


def _invalid(element: Element, problem: str) -> KonnektorError:
    return KonnektorError(4000, f"{short(element)}: {problem}")


# Simple values


def up_to(length: int, minimum: int = 0) -> Check:
    """A text of `minimum` to `length` characters."""
    return lambda value: minimum <= len(value) <= length


def pattern(expression: str) -> Check:
    """A text that a regular expression matches as a whole."""
    compiled = re.compile(expression)
    return lambda value: compiled.fullmatch(value) is not None


def word_of(*words: str) -> Check:
    """One of these words."""
    return lambda value: value in words


def anything(_: str) -> bool:
    """No rule at all."""
    return True


boolean = word_of("true", "false", "1", "0")
base64 = pattern(r"[A-Za-z0-9+/=\s]*")
positive = pattern(r"\+?0*[1-9][0-9]*")
