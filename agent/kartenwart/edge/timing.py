"""Where the time of an answer went: for the caller in a header, for Prometheus in parts.

The header is W3C's Server-Timing, in gRPC the trailing metadata `server-timing`: "queue;dur=12, konnektor;dur=431",
in milliseconds. It stands where a call has asked a card; a job carries its times itself.
"""

from kartenwart.operations.call_times import CallTimes, call_times

HEADER = "Server-Timing"


def begin() -> CallTimes:
    """Count from now on what the call at hand spends, also in tasks that it starts."""
    times = CallTimes()
    call_times.set(times)
    return times


def server_timing() -> str:
    """Return what the call at hand has spent, empty where it asked no card."""
    times = call_times.get()
    if times is None or not times.calls:
        return ""
    return ", ".join(f"{part};dur={seconds * 1000:.0f}" for part, seconds in times.parts)
