"""The admission extension (Common PKI part 1, 3.2.8; gemSpec_PKI): who may what in health care."""

from typing import Any

from asn1crypto import core, x509

ADMISSION_OID = "1.3.36.8.3.3"


class _Text(core.Choice):  # type: ignore[misc]  # asn1crypto has no types
    _alternatives = [  # noqa: RUF012  # asn1crypto's way to declare
        ("printable", core.PrintableString),
        ("utf8", core.UTF8String),
        ("teletex", core.TeletexString),
        ("bmp", core.BMPString),
        ("universal", core.UniversalString),
    ]


class _Texts(core.SequenceOf):  # type: ignore[misc]
    _child_spec = _Text


class _Oids(core.SequenceOf):  # type: ignore[misc]
    _child_spec = core.ObjectIdentifier


class _NamingAuthority(core.Sequence):  # type: ignore[misc]
    _fields = [  # noqa: RUF012
        ("id", core.ObjectIdentifier, {"optional": True}),
        ("url", core.IA5String, {"optional": True}),
        ("text", _Text, {"optional": True}),
    ]


class _ProfessionInfo(core.Sequence):  # type: ignore[misc]
    _fields = [  # noqa: RUF012
        ("naming_authority", _NamingAuthority, {"explicit": 0, "optional": True}),
        ("items", _Texts),
        ("oids", _Oids, {"optional": True}),
        ("registration_number", _Text, {"optional": True}),
        ("additional", core.OctetString, {"optional": True}),
    ]


class _ProfessionInfos(core.SequenceOf):  # type: ignore[misc]
    _child_spec = _ProfessionInfo


class _Admission(core.Sequence):  # type: ignore[misc]
    _fields = [  # noqa: RUF012
        ("authority", x509.GeneralName, {"explicit": 0, "optional": True}),
        ("naming_authority", _NamingAuthority, {"explicit": 1, "optional": True}),
        ("professions", _ProfessionInfos),
    ]


class _Admissions(core.SequenceOf):  # type: ignore[misc]
    _child_spec = _Admission


class _AdmissionSyntax(core.Sequence):  # type: ignore[misc]
    _fields = [  # noqa: RUF012
        ("authority", x509.GeneralName, {"optional": True}),
        ("contents", _Admissions),
    ]


def admission(der: bytes) -> tuple[str, tuple[str, ...]]:
    """Return Telematik-ID (the first registration number, or "") and all profession OIDs of a certificate (DER).

    Raises ValueError or TypeError where the extension is not what it should be; empty where there is none.
    """
    extensions: Any = x509.Certificate.load(der)["tbs_certificate"]["extensions"]
    telematik_id, oids = "", dict[str, None]()
    for info in _professions(extensions):
        telematik_id = telematik_id or info["registration_number"].native or ""
        oids.update((oid.dotted, None) for oid in info["oids"])
    return telematik_id, tuple(oids)


def _professions(extensions: Any) -> list[Any]:
    contents = [
        _AdmissionSyntax.load(extension["extn_value"].contents, strict=True)["contents"]
        for extension in extensions
        if extension["extn_id"].dotted == ADMISSION_OID
    ]
    return [info for admissions in contents for one in admissions for info in one["professions"]]
