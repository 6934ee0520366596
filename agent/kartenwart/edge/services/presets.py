"""SignaturePresetService: how the documents of daily work are signed."""

from kartenwart.api.signature.v1.signature_preset_service_pb2 import (
    ListSignaturePresetsRequest,
    ListSignaturePresetsResponse,
    SignaturePreset,
)
from kartenwart.domain.presets import Preset, presets
from kartenwart.edge.call import Call
from kartenwart.edge.convert.documents import FORMATS


class SignaturePresetService:
    """Data only."""

    async def list_signature_presets(
        self,
        request: ListSignaturePresetsRequest,  # noqa: ARG002
        call: Call,  # noqa: ARG002
    ) -> ListSignaturePresetsResponse:
        """Return all presets."""
        return ListSignaturePresetsResponse(presets=[_message(preset) for _, preset in sorted(presets().items())])


def _message(preset: Preset) -> SignaturePreset:
    return SignaturePreset(
        name=preset.name,
        title=preset.title,
        description=preset.description,
        format=FORMATS.number(preset.format),
        mime_types=preset.mime_types,
        root=preset.root,
        qualified=preset.qualified,
        short_text=preset.short_text,
        file_suffix=preset.suffix,
        source=preset.source,
    )
