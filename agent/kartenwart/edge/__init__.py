"""What both edges share, knowing neither grpc nor aiohttp.

How a call comes in (rpc and door do the same three steps):

    Source              who calls and how to read the request (rpc: bytes and a PEM; door: JSON and a DER or a uid)
    Edge.unary/stream   principal -> policy -> limits -> validation -> scope -> service -> audit, metrics
    Refused             what the caller is told instead of an answer: one google.rpc.Status

What app builds:

    principals = Principals(registry=..., mandants_of=..., contexts=(...), clock=...)   edge/principals.py
    edge = Edge(principals=..., audit=..., mandant_of=..., clock=..., report=...)       edge/edge.py, `async with`
    edge.methods                                                              every RPC of the policy
    RpcServer(edge=..., methods=..., address=..., port=..., identity=...)     rpc/server.py, `async with`
    machine_door(...), enrolment_door(...), local_door(...)                   door/doors.py, `async with`

and, while gRPC serves already:

    operations = Operations(contexts=..., inventory=..., ...)                 edge/services/operations.py
    edge.bind(build_services(operations), violations)                edge/services/building.py, edge/validation.py
"""
