"""HTTPS and JSON for programs that cannot speak gRPC, generated from the descriptors.

    machine_door    8444, client certificate required: every service but the enrolment exchange
    enrolment_door  8445, no client certificate: the enrolment exchange and /healthz, nothing else
    local_door      UNIX socket: every service but the exchange, GET /metrics and /healthz; the caller is who the kernel
                    says (SO_PEERCRED). It is JSON and not gRPC because grpc does not tell a peer's uid.

Each is an async context manager (door/doors.py).
"""
