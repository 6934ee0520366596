"""Cards, terminals, the Konnektor itself and subscriptions as XML."""

from dataclasses import dataclass

from firmware_sim.konnektor.soap import moment
from firmware_sim.konnektor.xml import Element, element
from firmware_sim.world.conditions import Condition
from firmware_sim.world.configuration import TerminalConfiguration
from firmware_sim.world.device import Device, SeenCard
from firmware_sim.world.subscriptions import Subscription


@dataclass(frozen=True, kw_only=True, slots=True)
class Product:
    """What a Konnektor or terminal says of itself; `version` is that of its product type (PTV)."""

    kind: str
    code: str
    name: str
    version: str
    vendor: str = "KWSIM"
    vendor_name: str = "Kartenwart"


_TERMINAL = Product(kind="KartenTerminal", code="SIMKT", name="eHealth-Kartenterminal (Simulation)", version="1.7.0")


def card(seen: SeenCard) -> Element:
    """CARD:Card. An unreadable card has a handle, so that it can be ejected, and little else."""
    configuration = seen.card.configuration
    readable = seen.card.kind not in ("unknown", "kvk")
    personal = seen.card.kind in ("smcb", "hsmb", "hba", "egk")
    return element(
        "CARD:Card",
        element("CONN:CardHandle", seen.handle),
        element("CARDCMN:CardType", seen.card.card_type),
        _card_version() if readable else None,
        element("CARDCMN:Iccsn", configuration.iccsn) if readable else None,
        element("CARDCMN:CtId", seen.terminal),
        element("CARDCMN:SlotId", str(seen.slot)),
        element("CARD:InsertTime", moment(seen.inserted_at)),
        element("CARD:CardHolderName", configuration.holder) if personal else None,
        element("CARD:Kvnr", configuration.kvnr) if seen.card.kind == "egk" and configuration.kvnr else None,
        element("CARD:CertificateExpirationDate", seen.card.expires.isoformat()) if seen.card.expires else None,
    )


def _card_version() -> Element:
    return element("CARD:CardVersion", _version("COSVersion", 4, 5, 0), _version("ObjectSystemVersion", 4, 4, 1))


def _version(name: str, *numbers: int) -> Element:
    parts = zip(("Major", "Minor", "Revision"), numbers, strict=True)
    return element(f"CARD:{name}", *(element(f"CARD:{part}", str(number)) for part, number in parts))


def terminal(device: Device, configuration: TerminalConfiguration, mandant: str) -> Element:
    """CT:CardTerminal, from the Konnektor's state: the terminal itself is not asked."""
    workplaces = device.model.workplaces_of(configuration.name, mandant)
    return element(
        "CT:CardTerminal",
        product_information(device, _TERMINAL),
        element("CARDCMN:CtId", configuration.name),
        element("CONN:WorkplaceIds", *(element("CONN:WorkplaceId", name) for name in workplaces)),
        element("CT:Name", configuration.label),
        element("CT:MacAddress", configuration.mac),
        element("CT:IPAddress", element("CT:IPV4Address", configuration.address)),
        element("CT:Slots", str(configuration.slots)),
        element("CT:IS_PHYSICAL", _boolean(configuration.physical)),
        element("CT:Connected", _boolean(configuration.name in device.connected)),
    )


def connector(device: Device) -> Element:
    """CONN:Connector: links and every error condition with its value."""
    return element(
        "CONN:Connector",
        _link(device, "VPNTIStatus", "EC_No_VPN_TI_Connection"),
        _link(device, "VPNSISStatus", "EC_No_VPN_SIS_Connection"),
        element("CONN:OperatingState", *(_error_state(condition) for condition in device.conditions)),
    )


def _link(device: Device, name: str, condition: str) -> Element:
    since = next(each.since for each in device.conditions if each.name == condition)
    return element(
        f"CONN:{name}",
        element("CONN:ConnectionStatus", "Offline" if device.conditions.holds(condition) else "Online"),
        element("CONN:Timestamp", moment(since)),
    )


def _error_state(condition: Condition) -> Element:
    return element(
        "CONN:ErrorState",
        element("CONN:ErrorCondition", condition.name),
        element("CONN:Severity", condition.severity),
        element("CONN:Type", condition.kind),
        element("CONN:Value", _boolean(condition.holds)),
        element("CONN:ValidFrom", moment(condition.since)),
    )


def subscription(value: Subscription) -> Element:
    """EVT:Subscription as GetSubscription lists it."""
    return element(
        "EVT:Subscription",
        element("EVT:SubscriptionID", value.id),
        element("EVT:TerminationTime", moment(value.until)),
        element("EVT:EventTo", value.event_to),
        element("EVT:Topic", value.topic),
        element("EVT:Filter", value.filter) if value.filter else None,
    )


def product_information(device: Device, product: Product) -> Element:
    """PI:ProductInformation of the Konnektor or of a terminal."""
    return element(
        "PI:ProductInformation",
        element("PI:InformationDate", moment(device.now())),
        element(
            "PI:ProductTypeInformation",
            element("PI:ProductType", product.kind),
            element("PI:ProductTypeVersion", product.version),
        ),
        element(
            "PI:ProductIdentification",
            element("PI:ProductVendorID", product.vendor),
            element("PI:ProductCode", product.code),
            element(
                "PI:ProductVersion",
                element("PI:Local", element("PI:HWVersion", "1.0.0"), element("PI:FWVersion", "0.1.0")),
            ),
        ),
        element(
            "PI:ProductMiscellaneous",
            element("PI:ProductVendorName", product.vendor_name),
            element("PI:ProductName", product.name),
        ),
    )


def _boolean(value: bool) -> str:
    return "true" if value else "false"
