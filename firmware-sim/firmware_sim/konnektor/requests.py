"""The shapes of all requests that the simulator understands (api-telematik 5.0.8)."""

from firmware_sim.konnektor.syntax import (
    Part,
    Shape,
    anything,
    base64,
    boolean,
    either,
    many,
    one,
    optional,
    pattern,
    positive,
    up_to,
    word_of,
)

CARD_TYPES = ("EGK", "HBA-qSig", "HBA", "SMC-B", "HSM-B", "SMC-KT", "KVK", "ZOD_2.0", "UNKNOWN", "HBAx", "SM-B")
_NAME = up_to(64)
_CONTEXT = one(
    "CCTX:Context",
    Shape(
        parts=(
            one("CONN:MandantId", _NAME),
            one("CONN:ClientSystemId", _NAME),
            one("CONN:WorkplaceId", _NAME),
            optional("CONN:UserId", _NAME),
        )
    ),
)
_HANDLE = one("CONN:CardHandle", up_to(128))
_BYTES = Shape(attributes={"MimeType": (False, anything)})
_DOCUMENT = dict.fromkeys(("ID", "RefURI", "RefType", "SchemaRefs"), (False, anything))
_WIDE = {"mandant-wide": (False, boolean)}
_EVENT_TO = pattern(r"cetp://.*")
_SUBSCRIPTION_ID = up_to(64)
_SLOT = (optional("CARDCMN:CtId", up_to(64, 1)), optional("CARDCMN:SlotId", positive))

_SUBSCRIPTION = Shape(
    parts=(
        optional("EVT:SubscriptionID", _SUBSCRIPTION_ID),
        optional("EVT:TerminationTime", anything),
        one("EVT:EventTo", _EVENT_TO),
        one("EVT:Topic", up_to(1024)),
        optional("EVT:Filter", up_to(1024)),
    )
)
_UNSUBSCRIBE = either({"EVT:SubscriptionID": _SUBSCRIPTION_ID, "EVT:EventTo": _EVENT_TO})

EVENT_SERVICE = {
    "EVT:Subscribe": Shape(parts=(_CONTEXT, one("EVT:Subscription", _SUBSCRIPTION))),
    "EVT:Unsubscribe": Shape(parts=(_CONTEXT, _UNSUBSCRIBE)),
    "EVT:RenewSubscriptions": Shape(parts=(_CONTEXT, many("EVT:SubscriptionID", _SUBSCRIPTION_ID, 1000))),
    "EVT:GetSubscription": Shape(parts=(_CONTEXT, optional("EVT:SubscriptionID", _SUBSCRIPTION_ID)), attributes=_WIDE),
    "EVT:GetCardTerminals": Shape(parts=(_CONTEXT,), attributes=_WIDE),
    "EVT:GetCards": Shape(
        parts=(_CONTEXT, *_SLOT, optional("CARDCMN:CardType", word_of(*CARD_TYPES))), attributes=_WIDE
    ),
    "EVT:GetResourceInformation": Shape(
        parts=(
            _CONTEXT,
            *_SLOT,
            optional("CARDCMN:Iccsn", pattern("[0-9]{20}")),
            optional("CONN:CardHandle", up_to(128)),
        )
    ),
}

_PIN_CALL = (_CONTEXT, _HANDLE, one("CARDCMN:PinTyp", up_to(64)))
CARD_SERVICE = {
    "CARD:GetPinStatus": Shape(parts=_PIN_CALL),
    "CARD:VerifyPin": Shape(parts=_PIN_CALL),
    "CARD:ChangePin": Shape(parts=_PIN_CALL),
    "CARD:UnblockPin": Shape(parts=(*_PIN_CALL, optional("CARD:SetNewPin", boolean))),
    "CARD:EnablePin": Shape(parts=_PIN_CALL),
    "CARD:DisablePin": Shape(parts=_PIN_CALL),
}


_PLACE = Shape(parts=(one("CARDCMN:CtId", up_to(64, 1)), one("CARDCMN:SlotId", positive)))
_SAID = (optional("CTS:DisplayMsg", up_to(48)), optional("CTS:TimeOut", pattern(r"\+?[0-9]+")))
CARD_TERMINAL_SERVICE = {
    "CTS:RequestCard": Shape(
        parts=(_CONTEXT, one("CTS:Slot", _PLACE), optional("CARDCMN:CardType", word_of(*CARD_TYPES)), *_SAID)
    ),
    "CTS:EjectCard": Shape(parts=(_CONTEXT, either({"CONN:CardHandle": up_to(128), "CTS:Slot": _PLACE}), *_SAID)),
}
PATIENT_SERVICES = {
    "VSD:ReadVSD": Shape(
        parts=(
            one("VSD:EhcHandle", anything),
            one("VSD:HpcHandle", anything),
            one("VSD:PerformOnlineCheck", boolean),
            one("VSD:ReadOnlineReceipt", boolean),
            _CONTEXT,
        )
    ),
    "KVK:ReadKVK": Shape(parts=(one("KVK:KVKHandle", up_to(128)), _CONTEXT)),
}


def _crypt(allowed: bool, prefix: str, *words: str) -> tuple[Part, ...]:
    return (optional(f"{prefix}:Crypt", word_of(*words)),) if allowed else ()


def certificate_service(crypt: bool) -> dict[str, Shape]:
    """CertificateService 6.0.1, or 6.0.0 when `crypt` is not allowed."""
    last = _crypt(crypt, "CERT", "RSA", "ECC")
    references = Shape(parts=(many("CERT:CertRef", up_to(64)),))
    return {
        "CERT:ReadCardCertificate": Shape(parts=(_HANDLE, _CONTEXT, one("CERT:CertRefList", references), *last)),
        "CERT:CheckCertificateExpiration": Shape(parts=(optional("CONN:CardHandle", up_to(128)), _CONTEXT, *last)),
        "CERT:VerifyCertificate": Shape(
            parts=(_CONTEXT, one("CERTCMN:X509Certificate", base64), optional("CERT:VerificationTime", anything))
        ),
    }


def signature_service(prefix: str, crypt: bool) -> dict[str, Shape]:
    """SignatureService of one namespace; 7.4.0 knows no Crypt."""
    job = pattern("[A-Z]{3}-[0-9]{3}")
    return {
        f"{prefix}:GetJobNumber": Shape(parts=(_CONTEXT,)),
        f"{prefix}:StopSignature": Shape(parts=(_CONTEXT, one(f"{prefix}:JobNumber", job))),
        f"{prefix}:SignDocument": Shape(
            parts=(
                _HANDLE,
                *_crypt(crypt, prefix, "RSA", "ECC", "RSA_ECC"),
                _CONTEXT,
                one(f"{prefix}:TvMode", word_of("", "NONE", "UNCONFIRMED", "CONFIRMED")),
                one(f"{prefix}:JobNumber", job),
                many(f"{prefix}:SignRequest", _sign_request(prefix)),
            )
        ),
    }


def external_authenticate() -> Shape:
    """AuthSignatureService 7.4, in the namespace of SignatureService 7.4."""
    inputs = Shape(
        ordered=False,
        parts=(
            optional("dss:SignatureType", anything),
            optional("SIG74:SignatureSchemes", word_of("RSASSA-PSS", "RSASSA-PKCS1-v1_5")),
        ),
    )
    data = Shape(parts=(one("dss:Base64Data", _BYTES),), attributes=_DOCUMENT)
    return Shape(parts=(_HANDLE, _CONTEXT, optional("SIG74:OptionalInputs", inputs), one("SIG74:BinaryString", data)))


def encryption_service(crypt: bool) -> dict[str, Shape]:
    """EncryptionService 6.1.1, or 6.1.0 when `crypt` is not allowed."""
    choice = _crypt(crypt, "CRYPT", "RSA", "ECC", "RSA_ECC")
    key = Shape(parts=(_HANDLE, optional("CRYPT:KeyReference", anything), *choice))
    content = either({"CONN:Base64XML": base64, "dss:Base64Data": _BYTES})
    document = one("CONN:Document", Shape(parts=(content,), attributes=_DOCUMENT))
    certificates = Part(names={"CRYPT:Certificate": base64}, minimum=0, maximum=None)
    recipients = Shape(parts=(optional("CRYPT:CertificateOnCard", key), certificates))
    kinds = word_of("http://www.w3.org/TR/xmlenc-core/", "urn:ietf:rfc:5652", "urn:ietf:rfc:5751")
    inputs = Shape(parts=(optional("CRYPT:EncryptionType", kinds),))
    return {
        "CRYPT:EncryptDocument": Shape(
            parts=(_CONTEXT, one("CRYPT:RecipientKeys", recipients), document, optional("CRYPT:OptionalInputs", inputs))
        ),
        "CRYPT:DecryptDocument": Shape(
            parts=(_CONTEXT, one("CRYPT:PrivateKeyOnCard", key), document, optional("CRYPT:OptionalInputs", None))
        ),
    }


def verify_document(prefix: str) -> Shape:
    """VerifyDocument of one namespace."""
    time = Shape(parts=(either({"dss:CurrentTime": None, "dss:SpecificTime": anything}),))
    inputs = Shape(
        ordered=False,
        parts=(
            optional(f"{prefix}:VerifyManifests", None),
            optional(f"{prefix}:UseVerificationTime", time),
            optional("dss:AdditionalKeyInfo", None),
            optional("vr:ReturnVerificationReport", None),
            optional("dss:Schemas", None),
            optional(f"{prefix}:ViewerInfo", None),
        ),
    )
    signature = Shape(attributes={"Type": (False, anything)})
    return Shape(
        parts=(
            _CONTEXT,
            optional(f"{prefix}:TvMode", word_of("", "NONE", "UNCONFIRMED", "CONFIRMED")),
            optional(f"{prefix}:OptionalInputs", inputs),
            optional(f"{prefix}:Document", _document()),
            optional("dss:SignatureObject", Shape(parts=(one("dss:Base64Signature", signature),))),
            one(f"{prefix}:IncludeRevocationInfo", boolean),
        )
    )


def _document() -> Shape:
    data = Shape(attributes={"MimeType": (False, anything)})
    references = dict.fromkeys(("ID", "RefURI", "RefType", "SchemaRefs"), (False, anything))
    return Shape(
        parts=(either({"CONN:Base64XML": base64, "dss:Base64Data": data}),),
        attributes={**references, "ShortText": (False, anything)},
    )


def comfort_signature() -> dict[str, Shape]:
    """The comfort operations that came with SignatureService 7.5."""
    return {
        "SIG75:ActivateComfortSignature": Shape(parts=(_HANDLE, _CONTEXT)),
        "SIG75:DeactivateComfortSignature": Shape(parts=(many("CONN:CardHandle", up_to(128)),)),
        "SIG75:GetSignatureMode": Shape(parts=(_HANDLE, _CONTEXT)),
    }


def _sign_request(prefix: str) -> Shape:
    inputs = Shape(
        ordered=False,
        parts=(
            optional("dss:SignatureType", anything),
            optional("dss:Properties", None),
            optional(f"{prefix}:IncludeEContent", boolean),
            optional(f"{prefix}:IncludeObjects", None),
            optional("dss:SignaturePlacement", None),
            optional("dss:ReturnUpdatedSignature", None),
            optional("dss:Schemas", None),
            optional("sp:GenerateUnderSignaturePolicy", None),
            optional(f"{prefix}:ViewerInfo", None),
        ),
    )
    return Shape(
        parts=(
            optional(f"{prefix}:OptionalInputs", inputs),
            one(f"{prefix}:Document", _document()),
            one(f"{prefix}:IncludeRevocationInfo", boolean),
        ),
        attributes={"RequestID": (True, anything)},
    )
