"""The agent's USB adapter in a process of its own, under umockdev: says what it sees as JSON lines.

{"readers": [...]} for every picture; {"threads": N, "files": N} when asked "count"; {"reset": REASON} when told
"reset PORT"; {"trouble": ...} for what is reported. `match LABEL...` says what is certain beside pcscd's names.
"""

import asyncio
import json
import sys
import threading
from dataclasses import asdict
from pathlib import Path
from typing import Any

from kartenwart.adapters.usb.watch import UsbReaders
from kartenwart.domain.failures import WorldError
from kartenwart.domain.readers import UsbDevice


def say(**fields: Any) -> None:
    sys.stdout.write(json.dumps(fields) + "\n")
    sys.stdout.flush()


def told(device: UsbDevice) -> dict[str, Any]:
    return asdict(device) | {"condition": device.condition and device.condition.reason.value}


async def follow(usb: UsbReaders) -> None:
    async for devices in usb.watch():
        say(readers=[told(device) for device in devices])


async def obey(usb: UsbReaders) -> None:
    while line := await asyncio.to_thread(sys.stdin.readline):
        verb, *rest = line.split()
        if verb == "count":
            say(threads=threading.active_count(), files=len(list(Path("/proc/self/fd").iterdir())))
        else:
            try:
                await usb.reset(rest[0])
            except WorldError as error:
                say(reset=error.failure.reason.value, sent=error.sent)
            else:
                say(reset="done")


async def main() -> None:
    async with UsbReaders(lambda event, **fields: say(trouble=event, **fields)) as usb:
        following = asyncio.create_task(follow(usb))
        await obey(usb)
    await following
    say(left=[thread.name for thread in threading.enumerate() if thread.name == "usb"])


asyncio.run(main())
