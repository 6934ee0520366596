"""What a primary system says and reads about patients' cards."""

import base64
import gzip

from lxml import etree

from tests.sim.soap_client import PrimarySystem, Reply


async def read_vsd(
    system: PrimarySystem, egk: str, authority: str, *, check: bool = True, receipt: bool = True
) -> Reply:
    """ReadVSD; its Context comes last."""
    return await system.call(
        "VSD:ReadVSD",
        before=f"<VSD:EhcHandle>{egk}</VSD:EhcHandle><VSD:HpcHandle>{authority}</VSD:HpcHandle>"
        f"<VSD:PerformOnlineCheck>{str(check).lower()}</VSD:PerformOnlineCheck>"
        f"<VSD:ReadOnlineReceipt>{str(receipt).lower()}</VSD:ReadOnlineReceipt>",
    )


def opened(reply: Reply, name: str) -> etree._Element:
    return etree.fromstring(gzip.decompress(base64.b64decode(reply.text(f"VSD:{name}") or "")))


def place(slot: int, more: str = "", terminal: str = "kt-empfang") -> str:
    at = f"<CARDCMN:CtId>{terminal}</CARDCMN:CtId><CARDCMN:SlotId>{slot}</CARDCMN:SlotId>"
    return f"<CTS:Slot>{at}</CTS:Slot>{more}"
