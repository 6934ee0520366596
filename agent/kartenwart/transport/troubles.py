"""What can go wrong between us and a peer, before anybody gives it a domain meaning.

TransportError
├── UnreachableError   no connection: name, route, refused, handshake, no answer to the connection attempt
├── UntrustedError     the peer's certificate is not the one we trust
├── RefusedError       the peer refuses our certificate (TLS alert)
├── SilentError        no complete answer in time
├── CutError           the connection ended before the answer was complete
└── AnswerError        an answer that is no HTTP/1.1, above its cap, or whose TLS records were changed

`written` says whether bytes of the request may have left; `answered` whether a byte of an answer came.
"""


class TransportError(Exception):
    """A connection failed; the message names the kind of trouble, never content."""

    def __init__(self, message: str, *, written: bool = False, answered: bool = False) -> None:
        super().__init__(message)
        self.written = written
        self.answered = answered


class UnreachableError(TransportError):
    """No connection came to stand."""


class UntrustedError(TransportError):
    """The peer's certificate is not trusted; no byte of the request was sent."""


class RefusedError(TransportError):
    """The peer refused our certificate or demands one: it has not read the request."""


class SilentError(TransportError):
    """No complete answer came in time."""


class CutError(TransportError):
    """The connection ended before the answer was complete."""


class AnswerError(TransportError):
    """The answer is no HTTP/1.1 as we read it, or larger than its cap."""
