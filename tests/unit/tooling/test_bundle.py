"""The proto bundle: complete, self-contained, and the same bytes whenever it is made from the same protos."""

import subprocess
from importlib import import_module
from pathlib import Path
from zipfile import ZipFile

import pytest
from google.protobuf.descriptor_pb2 import FileDescriptorProto, FileDescriptorSet
from google.protobuf.descriptor_pool import DescriptorPool

from tests.processes import REPOSITORY

SECONDS = 30


@pytest.fixture(scope="module")
def bundle(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return made(tmp_path_factory.mktemp("bundle"))


@pytest.fixture(scope="module")
def protos(bundle: Path) -> Path:
    folder = bundle.parent / "unpacked"
    with ZipFile(bundle) as archive:
        archive.extractall(folder)
    return folder


def made(folder: Path) -> Path:
    """The zip, as scripts/bundle makes it."""
    ran = subprocess.run(
        [REPOSITORY / "scripts/bundle", folder], capture_output=True, text=True, timeout=SECONDS, check=False
    )
    assert ran.returncode == 0, ran.stderr
    return Path(ran.stdout.strip())


def test_it_has_the_protos_as_they_are_and_the_licence(protos: Path) -> None:
    source = REPOSITORY / "protos"
    wanted = {str(path.relative_to(source)): path.read_bytes() for path in source.rglob("*.proto")}
    assert {str(path.relative_to(protos)): path.read_bytes() for path in protos.rglob("*.proto")} == wanted
    assert (protos / "LICENSE").read_bytes() == (REPOSITORY / "LICENSE").read_bytes()


def test_its_descriptor_set_needs_nothing_else_and_is_what_the_agent_was_generated_from(protos: Path) -> None:
    files = FileDescriptorSet.FromString((protos / "kartenwart.binpb").read_bytes()).file
    pool = DescriptorPool()
    ours = 0
    for one in files:
        assert one.source_code_info.location  # comments, for tools that show them
        one.ClearField("source_code_info")
        pool.Add(one)  # in order: imports come first
        if one.name.startswith("kartenwart/"):
            assert without_json_names(one) == generated(one.name), one.name
            ours += 1
    assert ours == len(list(protos.rglob("*.proto")))
    assert pool.FindMethodByName("kartenwart.api.job.v1.JobService.WatchJob").server_streaming


def without_json_names(file: FileDescriptorProto) -> FileDescriptorProto:
    """The Python generator leaves them out."""
    for message in file.message_type:
        for field in message.field:
            field.ClearField("json_name")
    return file


def generated(name: str) -> FileDescriptorProto:
    """What the agent's generated code says of a file."""
    module = import_module(f"{name.removesuffix('.proto').replace('/', '.')}_pb2")
    return FileDescriptorProto.FromString(module.DESCRIPTOR.serialized_pb)


def test_the_same_protos_give_the_same_bytes(bundle: Path, tmp_path: Path) -> None:
    assert made(tmp_path).read_bytes() == bundle.read_bytes()
