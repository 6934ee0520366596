"""What the agent imports of others, for a process that has nothing else (B5)."""

import aiohttp.web
import asn1crypto.cms
import cryptography.x509
import google.protobuf.json_format
import grpc.aio
import grpc_health.v1.health
import grpc_reflection.v1alpha.reflection
import ifaddr
import lxml.etree
import prometheus_client
import pyhanko.pdf_utils.reader
import pyhanko.sign.validation
import uvloop
import zeroconf.asyncio

__all__ = [
    "aiohttp",
    "asn1crypto",
    "cryptography",
    "google",
    "grpc",
    "grpc_health",
    "grpc_reflection",
    "ifaddr",
    "lxml",
    "prometheus_client",
    "pyhanko",
    "uvloop",
    "zeroconf",
]
