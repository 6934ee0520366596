"""The Konnektor's error conditions (EC_*): their severity and type, and which hold now (gemSpec_Kon TAB_KON_504)."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from firmware_sim.world.events import Event

_TABLE = """
EC_CardTerminal_Software_Out_Of_Date Operation Info
EC_CardTerminal_gSMC-KT_Certificate_Expires_Soon Operation Info
EC_Connector_Software_Out_Of_Date Operation Info
EC_FW_Update_Available Operation Info
EC_Time_Sync_Not_Successful Operation Info
EC_TSL_Update_Not_Successful Operation Info
EC_TSL_Expiring Operation Info
EC_BNetzA_VL_Update_Not_Successful Operation Info
EC_TSL_Trust_Anchor_Expiring Operation Info
EC_TLS_Client_Certificate_Security Security Info
EC_BNetzA_VL_not_valid Security Warning
EC_LOG_OVERFLOW Operation Warning
EC_CRL_Expiring Operation Warning
EC_Time_Sync_Pending_Warning Operation Warning
EC_TSL_Out_Of_Date_Within_Grace_Period Security Warning
EC_CRYPTOPERATION_ALARM Security Warning
EC_NK_Certificate_Expiring Security Warning
EC_CardTerminal_Not_Available Operation Error
EC_No_VPN_TI_Connection Operation Error
EC_No_VPN_SIS_Connection Operation Error
EC_No_Online_Connection Operation Error
EC_IP_Adresses_Not_Available Operation Error
EC_CRL_Out_Of_Date Security Fatal
EC_Firewall_Not_Reliable Security Fatal
EC_Random_Generator_Not_Reliable Security Fatal
EC_Secure_KeyStore_Not_Available Security Fatal
EC_Security_Log_Not_Writable Security Fatal
EC_Software_Integrity_Check_Failed Security Fatal
EC_Time_Difference_Intolerable Security Fatal
EC_Time_Sync_Pending_Critical Security Fatal
EC_TSL_Trust_Anchor_Out_Of_Date Security Fatal
EC_TSL_Out_Of_Date_Beyond_Grace_Period Security Fatal
EC_FW_Not_Valid_Status_Blocked Security Fatal
EC_NK_Certificate_Expired Security Fatal
EC_OTHER_ERROR_STATE Operation Error
"""
_KNOWN = {name: (kind, severity) for name, kind, severity in (row.split() for row in _TABLE.strip().splitlines())}


@dataclass(frozen=True, kw_only=True, slots=True)
class Condition:
    """One error condition; `name` may carry its parameter in brackets, e.g. EC_CardTerminal_Not_Available(kt-1)."""

    name: str
    kind: str
    severity: str
    holds: bool
    since: datetime


class Conditions:
    """Which error conditions hold, with the time of the last change of each."""

    def __init__(self, now: datetime, terminals: tuple[str, ...] = ()) -> None:
        self._conditions: dict[str, Condition] = {}
        for name in _KNOWN:
            if name.startswith("EC_CardTerminal"):
                for terminal in terminals:
                    self._put(f"{name}({terminal})", False, now)
            elif name != "EC_OTHER_ERROR_STATE":
                self._put(name, False, now)

    def __iter__(self) -> Iterator[Condition]:
        return iter(self._conditions.values())

    @property
    def critical(self) -> bool:
        """True while a Fatal condition holds: then card and signature operations answer 4002."""
        return any(condition.holds and condition.severity == "Fatal" for condition in self)

    def holds(self, name: str) -> bool:
        condition = self._conditions.get(name)
        return condition is not None and condition.holds

    def set(self, name: str, holds: bool, now: datetime) -> Event | None:
        """Change one condition. Returns its OPERATIONAL_STATE event, or None when nothing changed.

        Raises KeyError with the known names when the specification has no such condition.
        """
        if self.holds(name) == holds and name in self._conditions:
            return None
        return self._event(self._put(name, holds, now))

    def _put(self, name: str, holds: bool, now: datetime) -> Condition:
        plain = name.partition("(")[0]
        if plain not in _KNOWN:
            raise KeyError(f"unknown error condition {plain}; known are {', '.join(_KNOWN)}")
        kind, severity = _KNOWN[plain]
        condition = Condition(name=name, kind=kind, severity=severity, holds=holds, since=now)
        self._conditions[name] = condition
        return condition

    @staticmethod
    def _event(condition: Condition) -> Event:
        plain, _, parameter = condition.name.partition("(")
        values: tuple[tuple[str, str], ...] = (
            ("Value", "true" if condition.holds else "false"),
            ("Bedeutung", plain.removeprefix("EC_").replace("_", " ")),
        )
        terminal = parameter.rstrip(")") if plain.startswith("EC_CardTerminal") else ""
        if terminal:
            values = (*values, ("CtID", terminal))
        return Event(
            topic=f"OPERATIONAL_STATE/{condition.name}",
            kind=condition.kind,
            severity=condition.severity if condition.holds else "Info",
            parameters=values,
        )
