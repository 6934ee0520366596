"""Reading the door's JSON requests; a mistake becomes an answer that says what to do."""

from typing import Any

from aiohttp import web


class BadRequestError(ValueError):
    """The request cannot be understood (400)."""


async def read(request: web.Request, **known: type | tuple[type, ...]) -> dict[str, Any]:
    """The JSON object of a request, with only known keys of the right types."""
    try:
        document = await request.json() if request.can_read_body else {}
    except ValueError as error:
        raise BadRequestError("the body is no JSON") from error
    if not isinstance(document, dict):
        raise BadRequestError("the body has to be a JSON object")
    unknown = sorted(set(document) - set(known))
    if unknown:
        raise BadRequestError(f"unknown key {', '.join(unknown)}; known are {', '.join(known) or 'none'}")
    for key, value in document.items():
        if not isinstance(value, known[key]) or (isinstance(value, bool) and known[key] is not bool):
            raise BadRequestError(f'"{key}" has the wrong type')
    return document


def need(document: dict[str, Any], key: str) -> Any:
    """A value that has to be there."""
    if key not in document:
        raise BadRequestError(f'"{key}" is missing')
    return document[key]
