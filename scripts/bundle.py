"""Packs the proto bundle: python scripts/bundle.py DESCRIPTOR_SET FOLDER, in a checkout (see scripts/bundle)."""

import sys
import tomllib
from pathlib import Path
from zipfile import ZIP_DEFLATED, ZipFile, ZipInfo

DESCRIPTORS = "kartenwart.binpb"
README = """\
# Kartenwart: the API, version {version}

- `kartenwart/api/*/v1/*.proto`: the contract; each RPC's comment says who may call it and why it may fail.
- `kartenwart.binpb`: the same as a `google.protobuf.FileDescriptorSet` with all imports and comments, for clients that
  load it at run time (grpc-js with proto-loader, grpcurl -protoset, Postman, dynamic messages in Java, Go or C#).

Generate a client with any protoc plug-in: `protoc -I . --csharp_out=... --grpc_out=... kartenwart/api/*/v1/*.proto`.
How to call, enrol and read errors is in docs/api.md of the project.
"""


def contents(descriptors: Path) -> dict[str, bytes]:
    """Names in the bundle and their bytes."""
    version = tomllib.loads(Path("pyproject.toml").read_text(encoding="utf-8"))["project"]["version"]
    protos = Path("protos")
    found = {str(path.relative_to(protos)): path.read_bytes() for path in protos.rglob("*.proto")}
    return found | {
        DESCRIPTORS: descriptors.read_bytes(),
        "LICENSE": Path("LICENSE").read_bytes(),
        "README.md": README.format(version=version).encode(),
        "VERSION": f"{version}\n".encode(),
    }


def pack(files: dict[str, bytes], folder: Path) -> Path:
    """Write the zip; its bytes depend on nothing but the files."""
    bundle = folder / f"kartenwart-protos-{files['VERSION'].decode().strip()}.zip"
    with ZipFile(bundle, "w", ZIP_DEFLATED) as archive:
        for name in sorted(files):
            entry = ZipInfo(name)  # 1980-01-01, the zip format's first day
            entry.external_attr = 0o644 << 16
            entry.compress_type = ZIP_DEFLATED
            archive.writestr(entry, files[name])
    return bundle


if __name__ == "__main__":
    print(pack(contents(Path(sys.argv[1])), Path(sys.argv[2])))
