"""What a door does with a request: find the method, hold HTTP's rules, let the edge answer."""

from collections.abc import Awaitable, Callable, Mapping
from contextlib import suppress

from aiohttp import web

from kartenwart.domain.catalogue import failure
from kartenwart.domain.failures import Reason, Violation
from kartenwart.door.answers import JSON, NDJSON, answer, refusal_response
from kartenwart.door.source import DoorSink, DoorSource, Identify
from kartenwart.edge.edge import Edge
from kartenwart.edge.methods import CallerLeft, Method
from kartenwart.edge.refusals import Refused, refuse

TIMEOUT_HEADER = "Connect-Timeout-Ms"
LONGEST_TIMEOUT_DIGITS = 10
Serve = Callable[[web.BaseRequest], Awaitable[web.StreamResponse]]


class Routes:
    """Answers requests: POST /<service>/<Method> of `methods`, GET of `pages`; everything else is refused in JSON."""

    def __init__(
        self, *, edge: Edge, methods: Mapping[str, Method], identify: Identify, pages: Mapping[str, Serve]
    ) -> None:
        self._edge = edge
        self._methods = {f"/{name}": method for name, method in methods.items()}
        self._identify = identify
        self._pages = dict(pages)

    async def serve(self, request: web.BaseRequest) -> web.StreamResponse:
        """Answer one request."""
        path = request.rel_url.raw_path
        page = self._pages.get(path)
        if page is not None:
            return await page(request) if request.method == "GET" else _not_allowed("GET")
        method = self._methods.get(path)
        if method is None:
            return refusal_response(refuse(failure(Reason.UNIMPLEMENTED)), 404)
        if request.method != "POST":
            return _not_allowed("POST")
        refusal = _unacceptable(request, method)
        if refusal is not None:
            return refusal
        return await (self._stream if method.streams else self._unary)(request, method)

    async def _unary(self, request: web.BaseRequest, method: Method) -> web.StreamResponse:
        source = DoorSource(request, self._identify)
        try:
            return answer(await self._edge.unary(method, source, _seconds(request)))
        except Refused as refused:
            return refusal_response(refused, 413 if source.too_large else None)

    async def _stream(self, request: web.BaseRequest, method: Method) -> web.StreamResponse:
        source, sink = DoorSource(request, self._identify), DoorSink(request)
        try:
            await self._edge.stream(method, source, _seconds(request), sink)
        except Refused as refused:
            if sink.response is None:
                return refusal_response(refused, 413 if source.too_large else None)
            return await _failed(sink, sink.response, refused)
        except CallerLeft:
            pass
        if sink.response is None:
            raise ConnectionResetError
        return sink.response


async def _failed(sink: DoorSink, response: web.StreamResponse, refused: Refused) -> web.StreamResponse:
    with suppress(CallerLeft):
        await sink.fail(refused)
    return response


def _seconds(request: web.BaseRequest) -> float | None:
    """Return the deadline that the caller set; _unacceptable has refused what is no number."""
    text = request.headers.get(TIMEOUT_HEADER)
    return int(text) / 1000 if text else None


def _unacceptable(request: web.BaseRequest, method: Method) -> web.Response | None:
    """Return the answer to a request that breaks HTTP's part of the contract, or None."""
    charset = (request.charset or "utf-8").lower()
    if request.content_type != JSON or charset not in {"utf-8", "utf8"}:
        return _wrong("Content-Type", f"Erwartet wird {JSON} in UTF-8.", 415)
    if request.headers.get("Content-Encoding", "identity").lower() != "identity":
        return _wrong("Content-Encoding", "Komprimierte Anfragen werden nicht angenommen.", 415)
    accepted = request.headers.get("Accept", "")
    if method.streams and NDJSON not in accepted:
        return _wrong("Accept", f"Dieser Strom kommt als {NDJSON}; bitte im Accept nennen.", 406)
    timeout = request.headers.get(TIMEOUT_HEADER, "1")
    if not (timeout.isascii() and timeout.isdigit() and len(timeout) <= LONGEST_TIMEOUT_DIGITS):
        return _wrong(TIMEOUT_HEADER, "Erwartet wird eine Zahl in Millisekunden.", 400)
    return None


def _wrong(header: str, words: str, status: int) -> web.Response:
    violation = Violation(field=header, description=words)
    return refusal_response(refuse(failure(Reason.INVALID_ARGUMENT), violations=(violation,)), status)


def _not_allowed(allowed: str) -> web.Response:
    return refusal_response(refuse(failure(Reason.UNIMPLEMENTED)), 405, {"Allow": allowed})
