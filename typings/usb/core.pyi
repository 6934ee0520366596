from collections.abc import Iterator
from typing import Literal

class USBError(OSError):
    backend_error_code: int | None

class NoBackendError(ValueError): ...

class Interface:
    bAlternateSetting: int
    extra_descriptors: list[int]
    def __iter__(self) -> Iterator[Endpoint]: ...

class Endpoint:
    extra_descriptors: list[int]

class Configuration:
    def __iter__(self) -> Iterator[Interface]: ...

class Device:
    bus: int
    address: int
    def __iter__(self) -> Iterator[Configuration]: ...
    def reset(self) -> None: ...

def find(find_all: Literal[True]) -> Iterator[Device]: ...
