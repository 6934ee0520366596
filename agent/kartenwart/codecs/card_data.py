"""What a patient's card says, container by container: one that cannot be read does not hide the others."""

from collections.abc import Callable, Mapping
from typing import TypeVar

from kartenwart.codecs import kvk, vsd
from kartenwart.codecs.malformed import MalformedError, OversizedError
from kartenwart.domain.patients import CardData, ContainerKind, Undecoded, VsdStatus

Value = TypeVar("Value")

_TOO_LARGE = "Der Inhalt ist größer, als er auf einer Karte sein kann; er wurde nicht gelesen."
_UNREADABLE = "Der Inhalt ist beschädigt oder hat eine unbekannte Form; er liegt unverändert bei."


def read_containers(containers: Mapping[ContainerKind, bytes], status: VsdStatus | None = None) -> CardData:
    """Read the containers of an eGK."""
    undecoded: list[Undecoded] = []

    def opened(kind: ContainerKind, read: Callable[[bytes], Value]) -> Value | None:
        container = containers.get(kind)
        if container is None:
            return None
        try:
            return read(container)
        except MalformedError as error:
            undecoded.append(_undecoded(kind, error))
            return None

    return CardData(
        containers=dict(containers),
        person=opened(ContainerKind.PERSONAL, vsd.read_person),
        insurance=opened(ContainerKind.INSURANCE, vsd.read_insurance),
        protected=opened(ContainerKind.PROTECTED, vsd.read_protected),
        proof=opened(ContainerKind.PROOF, vsd.read_proof),
        status=status,
        undecoded=tuple(undecoded),
    )


def read_kvk(template: bytes) -> CardData:
    """Read the template of an old card."""
    containers = {ContainerKind.KVK: template}
    try:
        person, insurance = kvk.read_template(template)
    except MalformedError as error:
        return CardData(containers=containers, undecoded=(_undecoded(ContainerKind.KVK, error),))
    return CardData(containers=containers, person=person, insurance=insurance)


def _undecoded(kind: ContainerKind, error: MalformedError) -> Undecoded:
    return Undecoded(kind=kind, why=_TOO_LARGE if isinstance(error, OversizedError) else _UNREADABLE)
