"""Listening sockets that nobody shares: a port in use is said in clear words."""

import socket


class PortTakenError(RuntimeError):
    """The address cannot be listened on, most likely because another agent runs; the message says what is wrong."""


def listen(address: str, port: int) -> socket.socket:
    """Return a listening TCP socket, port 0 for a free one; PortTakenError otherwise. Never SO_REUSEPORT.

    Accepted connections inherit that a peer which is gone is noticed within about a minute, idle or not.
    """
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    try:
        opened = socket.create_server((address, port), family=family, backlog=128, reuse_port=False)
    except OSError as error:
        raise PortTakenError(_words(address, port, error)) from error
    opened.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
    opened.setsockopt(socket.IPPROTO_TCP, socket.TCP_KEEPIDLE, 30)
    opened.setsockopt(socket.IPPROTO_TCP, socket.TCP_KEEPINTVL, 10)
    opened.setsockopt(socket.IPPROTO_TCP, socket.TCP_KEEPCNT, 3)
    opened.setsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, 60_000)
    opened.setblocking(False)
    return opened


def refuse_taken(address: str, port: int) -> None:
    """Raise PortTakenError where a port other than 0 is in use, for servers that open their sockets themselves."""
    if port:
        listen(address, port).close()


def _words(address: str, port: int, error: OSError) -> str:
    return f"cannot listen on {address} port {port}: {error.strerror}; is another agent running?"
