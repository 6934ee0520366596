"""A workstation with the project's own Python client, as a PVS would use it; its words are those of the others."""

import asyncio
import json
import os
import sys
import uuid
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

from google.protobuf.json_format import MessageToDict

from kartenwart.api.card.v1 import card_pb2
from kartenwart.api.job.v1 import job_pb2
from kartenwart.api.pin.v1 import pin_service_pb2
from kartenwart.api.signature.v1 import signature_service_pb2
from kartenwart.client import (
    Address,
    CallFailed,
    JobFailed,
    Kartenwart,
    KartenwartError,
    Profile,
    connect,
    enrol_by_token,
)

HOST, FOLDER = os.environ["KARTENWART_HOST"], Path(os.environ["KARTENWART_FOLDER"])


# [quick start: list and watch]
async def cards(box: Kartenwart) -> list[card_pb2.Card]:
    return list(await box.cards.list())


async def watch(box: Kartenwart, see: Callable[[list[card_pb2.Card]], bool]) -> None:
    async for picture in box.inventory.watch():  # the whole picture, at once and on each change
        if see(list(picture.cards)):
            return


# [end of quick start]


# [quick start: verify]
async def verify(box: Kartenwart, card: str, pin: str, user: str) -> job_pb2.Job:
    request = pin_service_pb2.VerifyPinRequest(
        request_id=str(uuid.uuid4()),  # keep it: asked again with the same one, the box asks nobody twice
        card=card,
        pin=card_pb2.Pin.Value(pin),
        user=user,
        force=True,  # ask even where it is verified already
        accept_unknown_attempts=True,  # only after the person has been told
    )
    job = await box.jobs.follow(await box.pins.verify(request), tell)  # a person types the PIN at a terminal
    if job.state != job_pb2.JOB_STATE_SUCCEEDED:
        raise JobFailed(job)
    return job


def tell(job: job_pb2.Job) -> None:
    if job.progress:
        sys.stderr.write(job.progress[-1].text + "\n")  # German: which terminal asks for which PIN


# [end of quick start]


# [quick start: sign]
async def sign(
    box: Kartenwart, card: str, letter: Path, out: Path, mime_type: str, form: str, user: str
) -> job_pb2.Job:
    signed = await box.sign(
        letter.read_bytes(),
        mime_type=mime_type,
        format=signature_service_pb2.SignatureFormat.Value(form),
        card=card,
        user=user,
        request_id=str(uuid.uuid4()),
        accept_unknown_attempts=True,  # only after the person has been told
        on_job=tell,
    )
    out.write_bytes(signed.content)
    await box.acknowledge(signed)  # only now the box deletes its copy
    return signed.job


# [end of quick start]


# [quick start: enrol and connect]
async def by_token(address: Address, token: str, fingerprint: str, label: str) -> Profile:
    return await enrol_by_token(address, token=token, site_fingerprint=fingerprint, label=label, folder=FOLDER)


async def with_box(address: Address, work: Callable[[Kartenwart], Awaitable[None]]) -> None:
    async with connect(Profile.load(FOLDER), address) as box:  # renews its certificate when that is due
        await work(box)


# [end of quick start]


async def typed() -> str:
    line: str = await asyncio.to_thread(sys.stdin.readline)
    return line.strip()


def say(**values: Any) -> None:
    sys.stdout.write(json.dumps(values) + "\n")
    sys.stdout.flush()


def said(job: job_pb2.Job) -> None:
    outcome = job_pb2.PinOutcome.Name(job.verify_pin.outcome)
    say(state=job_pb2.JobState.Name(job.state), jobNumber=job.job_number, outcome=outcome)


def counted(count: int) -> Callable[[list[card_pb2.Card]], bool]:
    left = iter(range(count - 1, -1, -1))

    def see(found: list[card_pb2.Card]) -> bool:
        say(types=[card_pb2.CardType.Name(card.type) for card in found])
        return next(left) == 0

    return see


async def call(box: Kartenwart, word: str, words: list[str]) -> None:
    match word, words:
        case "list", []:
            say(cards=[MessageToDict(card) for card in await cards(box)])
        case "watch", [count]:
            await watch(box, counted(int(count)))
        case "verify", [card, pin, *user]:
            said(await verify(box, card, pin, "".join(user)))
        case "sign", [card, letter, out, mime_type, form, *user]:
            said(await sign(box, card, Path(letter), Path(out), mime_type, form, "".join(user)))
        case _:
            raise SystemExit(2)


async def main(word: str, port: int, words: list[str]) -> None:
    match word:
        case "enrol-token":
            profile = await by_token(Address(host=HOST, enrol_port=port), await typed(), words[0], words[1])
            say(workstation=profile.workstation)
        case _:
            await with_box(Address(host=HOST, grpc_port=port), lambda box: call(box, word, words))


if __name__ == "__main__":
    try:
        asyncio.run(main(sys.argv[1], int(sys.argv[2]), sys.argv[3:]))
    except KartenwartError as error:
        reason = f"REASON_{error.failure.reason}" if isinstance(error, CallFailed) else ""
        sys.stderr.write(json.dumps({"reason": reason, "message": str(error)}) + "\n")
        sys.exit(1)
