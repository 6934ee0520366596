import plistlib
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kartenwart.adapters.usb.drivers import LONGEST_NAME, pcsc_name, read_drivers


def bundle(folder: Path, name: str, told: bytes | dict[str, object]) -> None:
    file = folder / f"{name}.bundle" / "Contents" / "Info.plist"
    file.parent.mkdir(parents=True)
    file.write_bytes(told if isinstance(told, bytes) else plistlib.dumps(told))


def general(**names: str) -> dict[str, object]:
    """The CCID driver, with names by vendor and product ("046a_003e")."""
    return {"CFBundleName": "CCIDCLASSDRIVER"} | special(**names)


def special(**names: str) -> dict[str, object]:
    numbers = [key.split("_") for key in names]
    return {
        "ifdVendorID": [f"0x{vendor}" for vendor, _ in numbers],
        "ifdProductID": [f"0x{product}" for _, product in numbers],
        "ifdFriendlyName": list(names.values()),
    }


def test_a_driver_made_for_a_reader_goes_before_the_general_one(tmp_path: Path) -> None:
    bundle(tmp_path, "a-special", special(**{"0c4b_0500": "REINER SCT own"}))
    bundle(tmp_path, "z-ccid", general(**{"0c4b_0500": "REINER SCT general", "046A_003E": "Cherry ST-2xxx"}))

    assert read_drivers(tmp_path) == {(0x0C4B, 0x0500): "REINER SCT own", (0x046A, 0x003E): "Cherry ST-2xxx"}


@pytest.mark.parametrize(
    "damaged",
    [
        b"",
        b"<plist><dict><key>ifdVendorID</key>",
        b'<?xml version="1.0"?><!DOCTYPE plist [<!ENTITY a "b">]><plist><string>&a;</string></plist>',
        b"bplist00\xff\xff",
        plistlib.dumps([1, 2]),
        plistlib.dumps({"ifdVendorID": "0x046A", "ifdProductID": 3}),
        plistlib.dumps({"ifdVendorID": ["x", 7], "ifdProductID": ["0x1", "0x2"], "ifdFriendlyName": ["a", "b"]}),
    ],
)
def test_a_list_that_cannot_be_read_takes_no_other_with_it(tmp_path: Path, damaged: bytes) -> None:
    bundle(tmp_path, "damaged", damaged)
    bundle(tmp_path, "good", general(**{"046a_003e": "Cherry ST-2xxx"}))

    assert read_drivers(tmp_path) == {(0x046A, 0x003E): "Cherry ST-2xxx"}


def test_without_drivers_there_are_no_names(tmp_path: Path) -> None:
    assert read_drivers(tmp_path / "missing") == {}


@pytest.mark.parametrize(
    ("interface", "serial", "name"),
    [
        ("", "", "Reader"),
        ("Contact", "", "Reader [Contact]"),
        ("", "4711", "Reader (4711)"),
        ("Contact", "4711", "Reader [Contact] (4711)"),
        ("Contact 4711", "4711", "Reader [Contact 4711]"),
    ],
)
def test_names_are_put_together_as_pcscd_does_it(interface: str, serial: str, name: str) -> None:
    assert pcsc_name("Reader", interface, serial) == name


@given(st.text(max_size=200), st.text(max_size=200))
def test_a_name_is_never_longer_than_pcscd_keeps(interface: str, serial: str) -> None:
    assert len(pcsc_name("Reader", interface, serial)) <= LONGEST_NAME
