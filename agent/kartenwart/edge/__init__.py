"""What both edges share, knowing neither grpc nor aiohttp.

How a call comes in (rpc and door do the same three steps):

    Source              who calls and how to read the request (rpc: bytes and a PEM; door: JSON and a DER or a uid)
    Edge.unary/stream   principal -> policy -> limits -> validation -> scope -> service -> audit, metrics
    Refused             what the caller is told instead of an answer: one google.rpc.Status

What app.py builds:

    operations = Operations(contexts=..., inventory=..., ...)                 edge/services/operations.py
    services = build_services(operations)                                     edge/services/__init__.py
    registry = Principals(workstations=..., contexts=..., clock=...)          edge/principals.py
    edge = Edge(registry=registry, audit=..., clock=..., mandant_of=...)      edge/edge.py, `async with`
    methods = edge.bind(services)
    RpcServer(edge=..., methods=..., address=..., port=..., identity=...)     rpc/server.py, `async with`
    MachineDoor(...), EnrolmentDoor(...), LocalDoor(...)                      door/doors.py, `async with`
"""
