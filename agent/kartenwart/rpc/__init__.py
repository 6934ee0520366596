"""gRPC, generated from the descriptors: mutual TLS, deadlines, health, reflection.

async with RpcServer(edge=edge, methods=edge.methods, address="0.0.0.0", port=8443, identity=current) as rpc:
    rpc.port                      # where it listens, when port 0 was given
    rpc.health.set(...)           # grpc.health.v1 serving states
"""
