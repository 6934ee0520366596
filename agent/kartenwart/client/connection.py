"""Connects to a box with a profile over the network."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from dataclasses import replace
from datetime import UTC, datetime

from kartenwart.api.workstation.v1 import workstation_service_pb2
from kartenwart.client import keys
from kartenwart.client.box import Kartenwart
from kartenwart.client.failures import BoxUnreachable, BoxUntrusted, KartenwartError, ProfileInvalid
from kartenwart.client.grpc_wire import GrpcWire, grpc_wire, open_channel, place
from kartenwart.client.presented import presented_chain
from kartenwart.client.profile import Address, Profile
from kartenwart.client.wire import Wire

CONNECT_SECONDS = 5.0
_SEARCH_SECONDS = 3.0
_RENEWAL_CHECK_SECONDS = 3600.0


@asynccontextmanager
async def connect(
    profile: Profile | None = None, address: Address | None = None, *, within: float = CONNECT_SECONDS
) -> AsyncIterator[Kartenwart]:
    """Connect with a profile (default: the stored one); raises ProfileInvalid, BoxUnreachable, BoxUntrusted.

    Where the box has moved to another address it is looked for by mDNS, unless `address` says where it must be. The
    certificate is renewed when two thirds of its life are over, and stored where the profile came from.
    """
    current = profile or Profile.load()
    async with AsyncExitStack() as stack:
        if address is not None:
            wire, current = await _reached(stack, current.at(address), within)
        else:
            try:
                wire, current = await _reached(stack, current, within)
            except BoxUnreachable as error:
                wire, current = await _reached(stack, await _moved(current, error), within)
        await stack.enter_async_context(_kept_fresh(wire, current))
        yield Kartenwart(wire)


async def renew(wire: Wire, profile: Profile) -> Profile:
    """Get a new certificate for the same key; raises CallFailed, BoxUntrusted."""
    request = workstation_service_pb2.RenewCertificateRequest(
        certificate_request=keys.certificate_request(profile.key, profile.label)
    )
    answer = await wire.call(request, workstation_service_pb2.RenewCertificateResponse)
    root = keys.certificate_der(profile.root_pem)
    if not keys.is_signed_by(answer.certificate, root) or not keys.belongs_to(answer.certificate, profile.key):
        raise BoxUntrusted("the renewed certificate is not for this workstation")
    renewed = replace(profile, certificate_pem=keys.certificate_pem(answer.certificate))
    if renewed.folder is not None:
        renewed.save(renewed.folder)
    return renewed


async def _reached(stack: AsyncExitStack, profile: Profile, within: float) -> tuple[GrpcWire, Profile]:
    wire = await stack.enter_async_context(grpc_wire(profile))
    if not await wire.ready(within):
        raise await _diagnosis(profile)
    return wire, profile


async def _moved(profile: Profile, error: BoxUnreachable) -> Profile:
    from kartenwart.client.discovery import discover

    found = await discover(timeout=_SEARCH_SECONDS, wanted=lambda box: box.box_id == profile.box_id)
    moved = next((box.address for box in found if box.box_id == profile.box_id), profile.address)
    if moved == profile.address:
        raise error
    return profile.at(moved)


async def _diagnosis(profile: Profile) -> KartenwartError:
    """Say why the channel does not come up: gRPC itself tells no reason."""
    if keys.has_expired(profile.certificate_pem, datetime.now(UTC)):
        return ProfileInvalid("the certificate of this workstation has expired; it must be enrolled again")
    try:
        chain = await presented_chain(profile.address.host, profile.address.grpc_port)
    except BoxUnreachable as error:
        return error
    root = keys.certificate_der(profile.root_pem)
    if not chain or not keys.is_signed_by(chain[0], root) or profile.box_id not in keys.dns_names(chain[0]):
        return BoxUntrusted(f"what answers at {place(profile)} is not {profile.box_id}")
    return BoxUnreachable(f"{place(profile)} listens and takes no connection from this workstation")


@asynccontextmanager
async def _kept_fresh(wire: GrpcWire, profile: Profile) -> AsyncIterator[None]:
    task = asyncio.create_task(_renewing(wire, profile))
    try:
        yield
    finally:
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task


async def _renewing(wire: GrpcWire, profile: Profile) -> None:
    """Renew when it is due, and come back on the new certificate; a refusal or a full disk: again an hour later."""
    while True:
        if keys.renewal_due(profile.certificate_pem, datetime.now(UTC)):
            with suppress(KartenwartError, OSError):
                profile = await renew(wire, profile)
                await wire.replace(open_channel(profile))
        await asyncio.sleep(_RENEWAL_CHECK_SECONDS)
