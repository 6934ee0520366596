"""Where everything is built and joined: settings in, a serving agent out.

run.py       the process: settings, journal, signals, exit status
serving.py   the order of start: lock and store, identity, admission, gRPC; then, loaded while gRPC serves:
following.py the operations and their services, doors, links, mDNS, ready
admission.py what every call is held against, and the one service that is there at once
building.py  the operations with their ports
readers.py   settings -> the box's own readers, where they are switched on
links.py     settings -> the Konnektor adapters (konnektors.py enters them, when gRPC serves)
presence.py  the box's certificate and announcement, kept true while addresses and enrolment change
"""

from kartenwart.app.run import run

__all__ = ["run"]
