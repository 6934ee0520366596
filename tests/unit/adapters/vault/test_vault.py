"""The vault: what goes in comes out, nothing stands on the disk in the clear, nothing changed is taken for true."""

import asyncio
import hashlib
import os
import stat
import subprocess
import sys
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kartenwart.adapters.vault import DocumentVault, open_vault
from kartenwart.adapters.vault.crypto import Sealer, Unsealable
from kartenwart.adapters.vault.file import DocumentFile
from kartenwart.adapters.vault.held import HeldDocument
from kartenwart.domain.documents import CHUNK_BYTES, Document
from kartenwart.domain.failures import CallerError, Reason, WorldError

NOW = datetime(2026, 3, 2, 8, 0, tzinfo=UTC)
TEXT = b"MARKED: a letter about a patient. " * 100


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "state" / "documents"


@pytest.fixture
async def vault(folder: Path) -> DocumentVault:
    return await open_vault(folder, NOW)


def facts(data: bytes, name: str = "documents/d-1", owner: str = "workstations/w-1") -> Document:
    return Document(
        name=name,
        owner=owner,
        size=len(data),
        received=0,
        sha256=hashlib.sha256(data).hexdigest(),
        mime_type="application/pdf",
        expires_at=NOW + timedelta(hours=24),
    )


def files(folder: Path) -> list[Path]:
    return sorted(folder.glob("*.doc"))


async def refused(reason: Reason, vault: DocumentVault, offset: int, data: bytes) -> None:
    with pytest.raises(CallerError) as caught:
        await vault.append("documents/d-1", offset, data)
    assert caught.value.failure.reason is reason


async def test_what_goes_in_in_pieces_comes_out(vault: DocumentVault) -> None:
    await vault.create(facts(TEXT))
    for start in range(0, len(TEXT), 1000):
        document = await vault.append("documents/d-1", start, TEXT[start : start + 1000])
    assert document == replace(facts(TEXT), received=len(TEXT))
    assert await vault.read("documents/d-1", 0, len(TEXT)) == TEXT
    assert await vault.read("documents/d-1", 990, 20) == TEXT[990:1010]
    assert await vault.read("documents/d-1", len(TEXT) - 5, 100) == TEXT[-5:]
    assert await vault.read("documents/d-1", len(TEXT), 100) == b""


async def test_documents_survive_a_restart_in_any_state(vault: DocumentVault, folder: Path) -> None:
    await vault.store(facts(TEXT, "documents/d-1"), TEXT)
    await vault.create(facts(TEXT, "documents/d-2"))
    await vault.append("documents/d-2", 0, TEXT[:700])
    await vault.create(facts(TEXT, "documents/d-3"))
    again = await open_vault(folder, NOW)
    assert await again.read("documents/d-1", 0, len(TEXT)) == TEXT
    assert await again.find("documents/d-2") == replace(facts(TEXT, "documents/d-2"), received=700)
    assert await again.find("documents/d-3") == facts(TEXT, "documents/d-3")
    assert (await again.append("documents/d-2", 700, TEXT[700:])).complete
    assert await again.read("documents/d-2", 0, len(TEXT)) == TEXT


async def test_nothing_is_on_the_disk_in_the_clear(vault: DocumentVault, folder: Path) -> None:
    await vault.store(facts(TEXT), TEXT)
    content = b"".join(path.read_bytes() for path in folder.iterdir())
    for word in (b"MARKED", b"documents/", b"workstations/", b"application/pdf", facts(TEXT).sha256.encode()):
        assert word not in content
    assert {stat.S_IMODE(path.stat().st_mode) for path in folder.iterdir()} == {0o600}
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700


async def test_a_large_document_is_kept_in_chunks(vault: DocumentVault) -> None:
    data = os.urandom(2 * CHUNK_BYTES + 17)
    await vault.store(facts(data), data)
    assert await vault.read("documents/d-1", 0, len(data)) == data
    assert await vault.read("documents/d-1", CHUNK_BYTES - 3, 6) == data[CHUNK_BYTES - 3 : CHUNK_BYTES + 3]


async def test_a_repetition_is_taken_and_anything_else_refused(vault: DocumentVault) -> None:
    await vault.create(facts(TEXT))
    first = await vault.append("documents/d-1", 0, TEXT[:100])
    assert await vault.append("documents/d-1", 0, TEXT[:100]) == first
    assert await vault.append("documents/d-1", 20, TEXT[20:50]) == first
    assert await vault.append("documents/d-1", 100, b"") == first
    await refused(Reason.CONFLICT, vault, 0, b"X" * 100)
    await refused(Reason.CONFLICT, vault, 101, TEXT[101:200])
    await refused(Reason.CONFLICT, vault, 50, TEXT[50:200])
    await refused(Reason.CONFLICT, vault, -1, TEXT[:1])
    await refused(Reason.CONFLICT, vault, 100, TEXT[100:] + b"!")
    assert (await vault.append("documents/d-1", 100, TEXT[100:])).complete
    assert (await vault.append("documents/d-1", 100, TEXT[100:])).complete
    await refused(Reason.CONFLICT, vault, len(TEXT), b"!")


async def test_a_wrong_hash_drops_the_document(vault: DocumentVault, folder: Path) -> None:
    await vault.create(facts(TEXT))
    await vault.append("documents/d-1", 0, TEXT[:100])
    await refused(Reason.DOCUMENT_INCOMPLETE, vault, 100, TEXT[100:-1] + b"X")
    assert await vault.find("documents/d-1") is None
    assert files(folder) == []
    await refused(Reason.NOT_FOUND, vault, 0, TEXT)


async def test_the_same_piece_twice_at_once_is_kept_once(vault: DocumentVault) -> None:
    await vault.create(facts(TEXT))
    answers = await asyncio.gather(*(vault.append("documents/d-1", 0, TEXT[:100]) for _ in range(20)))
    assert {answer.received for answer in answers} == {100}
    assert (await vault.append("documents/d-1", 100, TEXT[100:])).complete


async def test_a_caller_who_leaves_does_no_harm(vault: DocumentVault) -> None:
    data = os.urandom(CHUNK_BYTES * 2)
    await vault.create(facts(data))
    leaving = asyncio.create_task(vault.append("documents/d-1", 0, data[:CHUNK_BYTES]))
    await asyncio.sleep(0)
    leaving.cancel()
    await vault.append("documents/d-1", 0, data[:CHUNK_BYTES])
    await vault.append("documents/d-1", CHUNK_BYTES, data[CHUNK_BYTES:])
    assert await vault.read("documents/d-1", 0, len(data)) == data


async def test_too_many_pieces_are_refused(vault: DocumentVault) -> None:
    data = bytes(5000)
    await vault.create(facts(data))
    for offset in range(4096):
        await vault.append("documents/d-1", offset, data[:1])
    await refused(Reason.LIMIT_EXCEEDED, vault, 4096, data[:1])


async def test_an_incomplete_document_is_not_read(vault: DocumentVault) -> None:
    await vault.create(facts(TEXT))
    await vault.append("documents/d-1", 0, TEXT[:100])
    with pytest.raises(CallerError) as caught:
        await vault.read("documents/d-1", 0, 10)
    assert caught.value.failure.reason is Reason.DOCUMENT_INCOMPLETE


async def test_unknown_names_are_not_found_but_may_be_deleted(vault: DocumentVault) -> None:
    assert await vault.find("documents/d-9") is None
    await vault.delete("documents/d-9")
    with pytest.raises(CallerError) as caught:
        await vault.read("documents/d-9", 0, 10)
    assert caught.value.failure.reason is Reason.NOT_FOUND


async def test_a_result_that_is_not_what_it_says_is_a_mistake(vault: DocumentVault, folder: Path) -> None:
    with pytest.raises(ValueError, match="facts"):
        await vault.store(facts(TEXT), TEXT[:-1])
    with pytest.raises(ValueError, match="facts"):
        await vault.store(facts(TEXT), b"X" + TEXT[1:])
    assert files(folder) == []


async def test_a_name_is_given_once(vault: DocumentVault) -> None:
    await vault.store(facts(TEXT), TEXT)
    with pytest.raises(ValueError, match="already there"):
        await vault.create(facts(b"other"))
    assert await vault.read("documents/d-1", 0, len(TEXT)) == TEXT


async def test_deleted_is_gone(vault: DocumentVault, folder: Path) -> None:
    await vault.store(facts(TEXT), TEXT)
    with files(folder)[0].open("rb") as spy:  # what somebody could find in the freed block
        await vault.delete("documents/d-1")
        assert spy.read(64) == bytes(64)
    assert files(folder) == []
    assert await vault.find("documents/d-1") is None
    assert await (await open_vault(folder, NOW)).find("documents/d-1") is None


async def names(vault: DocumentVault, owner: str | None) -> set[str]:
    return {one.name.removeprefix("documents/") for one in await vault.held(owner)}


async def test_an_owners_documents_are_told_and_what_is_announced_has_its_room(
    vault: DocumentVault, folder: Path
) -> None:
    await vault.store(replace(facts(TEXT, "documents/d-1"), result=True), TEXT)
    await vault.create(facts(b"x" * 10, "documents/d-2"))
    await vault.create(facts(b"x", "documents/d-3", owner="workstations/w-2"))
    assert await names(vault, "workstations/w-1") == {"d-1", "d-2"}
    assert await names(vault, "workstations/w-3") == set()
    assert await names(vault, None) == {"d-1", "d-2", "d-3"}
    after_a_restart = await (await open_vault(folder, NOW)).held("workstations/w-1")
    assert {one.name: one.result for one in after_a_restart} == {"documents/d-1": True, "documents/d-2": False}
    announced = facts(b"x" * 10**9, "documents/d-large", "workstations/w-4")
    free = await vault.room()
    await vault.create(announced)
    assert free - await vault.room() > 9 * 10**8
    await vault.delete(announced.name)
    await vault.delete("documents/d-1")
    assert await names(vault, "workstations/w-1") == {"d-2"}


async def test_expired_documents_are_swept_also_at_the_start(vault: DocumentVault, folder: Path) -> None:
    await vault.store(facts(TEXT, "documents/d-1"), TEXT)
    await vault.store(replace(facts(TEXT, "documents/d-2"), expires_at=NOW + timedelta(hours=48)), TEXT)
    await vault.sweep(NOW + timedelta(hours=23))
    assert len(files(folder)) == 2
    await vault.sweep(NOW + timedelta(hours=24))
    assert await vault.find("documents/d-1") is None
    assert await vault.find("documents/d-2") is not None
    assert await (await open_vault(folder, NOW + timedelta(hours=48))).find("documents/d-2") is None
    assert files(folder) == []


async def test_what_a_crash_left_is_swept_at_the_start(vault: DocumentVault, folder: Path) -> None:
    await vault.store(facts(TEXT), TEXT)
    (folder / "half.new").write_bytes(b"KWV1")
    (folder / ".vault.key.1234").write_bytes(b"half a key")
    (folder / "deleted.doc").write_bytes(bytes(100))
    (folder / "notes-of-the-technician.txt").write_text("not ours")
    again = await open_vault(folder, NOW)
    assert await again.read("documents/d-1", 0, len(TEXT)) == TEXT
    assert len(list(folder.iterdir())) == 3


async def test_a_piece_torn_by_a_power_cut_is_sent_again(vault: DocumentVault, folder: Path) -> None:
    await vault.create(facts(TEXT))
    await vault.append("documents/d-1", 0, TEXT[:100])
    await vault.append("documents/d-1", 100, TEXT[100:200])
    path = files(folder)[0]
    path.write_bytes(path.read_bytes()[:-7])
    again = await open_vault(folder, NOW)
    document = await again.find("documents/d-1")
    assert document is not None
    assert document.received == 100
    await again.append("documents/d-1", 100, TEXT[100:])
    assert await again.read("documents/d-1", 0, len(TEXT)) == TEXT


async def test_nothing_of_a_torn_piece_comes_back(vault: DocumentVault, folder: Path) -> None:
    await vault.create(facts(TEXT))
    await vault.append("documents/d-1", 0, TEXT[:100])
    kept = files(folder)[0].stat().st_size
    await vault.append("documents/d-1", 100, TEXT[100:900])
    path = files(folder)[0]
    path.write_bytes(path.read_bytes()[:-7])
    await open_vault(folder, NOW)
    assert path.stat().st_size == kept


async def test_another_key_opens_nothing(vault: DocumentVault, folder: Path) -> None:
    await vault.store(facts(TEXT), TEXT)
    (folder / "vault.key").write_bytes(os.urandom(32))
    assert await (await open_vault(folder, NOW)).find("documents/d-1") is None


async def test_a_damaged_key_is_said_and_nothing_is_dropped(vault: DocumentVault, folder: Path) -> None:
    await vault.store(facts(TEXT), TEXT)
    (folder / "vault.key").write_bytes(b"short")
    with pytest.raises(ValueError, match=r"beschädigt.*Sicherung"):
        await open_vault(folder, NOW)
    assert len(files(folder)) == 1


async def test_files_cannot_be_exchanged(vault: DocumentVault, folder: Path) -> None:
    await vault.store(facts(TEXT, "documents/d-1"), TEXT)
    await vault.store(facts(b"other", "documents/d-2"), b"other")
    one, other = files(folder)
    content = one.read_bytes()
    one.write_bytes(other.read_bytes())
    other.write_bytes(content)
    again = await open_vault(folder, NOW)
    assert await again.find("documents/d-1") is None
    assert await again.find("documents/d-2") is None


async def test_a_file_changed_behind_its_back_is_not_handed_out(vault: DocumentVault, folder: Path) -> None:
    await vault.store(facts(TEXT), TEXT)
    path = files(folder)[0]
    content = bytearray(path.read_bytes())
    content[-1] ^= 1
    path.write_bytes(content)
    with pytest.raises(WorldError) as caught:
        await vault.read("documents/d-1", 0, 10)
    assert caught.value.failure.reason is Reason.STORE_FAILED


async def test_a_disk_that_refuses_is_said(vault: DocumentVault, folder: Path) -> None:
    await vault.create(facts(TEXT))
    files(folder)[0].unlink()
    with pytest.raises(WorldError) as caught:
        await vault.append("documents/d-1", 0, TEXT[:10])
    assert caught.value.failure.reason is Reason.STORE_FAILED
    assert not caught.value.sent


async def test_below_zero_there_is_nothing(vault: DocumentVault) -> None:
    await vault.store(facts(TEXT), TEXT)
    for offset, length in ((-1, 5), (0, -5)):
        with pytest.raises(CallerError) as caught:
            await vault.read("documents/d-1", offset, length)
        assert caught.value.failure.reason is Reason.INVALID_ARGUMENT


def test_a_call_that_comes_just_after_the_deletion_finds_nothing(tmp_path: Path) -> None:
    def held(name: str) -> HeldDocument:
        return HeldDocument(DocumentFile.create(tmp_path / name, facts(b"whole"), Sealer(bytes(32))))

    deleted, wrong = held("x.doc"), held("y.doc")
    deleted.delete()
    with pytest.raises(CallerError) as caught:
        wrong.receive(0, b"wrong")
    assert caught.value.failure.reason is Reason.DOCUMENT_INCOMPLETE
    for each in (deleted, wrong):
        each.delete()
        with pytest.raises(CallerError) as caught:
            each.receive(0, b"whole")
        assert caught.value.failure.reason is Reason.NOT_FOUND


def test_a_full_disk_leaves_the_document_as_it_was(tmp_path: Path, repository: Path) -> None:
    scene = Path(__file__).parent / "on_a_full_disk.py"
    environment = {**os.environ, "PYTHONPATH": f"{repository / 'agent'}:{repository}"}
    done = subprocess.run(
        [sys.executable, scene, tmp_path], env=environment, capture_output=True, text=True, timeout=50, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stdout.splitlines()[-1] == "healed"


PIECES = st.lists(st.binary(min_size=1, max_size=30), min_size=1, max_size=6)


@given(pieces=PIECES, offset=st.integers(0, 200), length=st.integers(0, 200))
@settings(max_examples=60, deadline=None)
def test_any_part_of_any_pieces_comes_out(
    tmp_path_factory: pytest.TempPathFactory, pieces: list[bytes], offset: int, length: int
) -> None:
    path, key = tmp_path_factory.mktemp("vault") / "x.doc", Sealer(bytes(32))
    whole = b"".join(pieces)
    file = DocumentFile.create(path, facts(whole), key)
    for piece in pieces:
        file.append(piece)
    for each in (file, DocumentFile.load(path, key)):
        assert each.document.complete
        assert each.read(offset, length) == whole[offset : offset + length]


@given(pieces=PIECES, data=st.data())
@settings(max_examples=100, deadline=None)
def test_no_changed_or_cut_file_gives_other_bytes(
    tmp_path_factory: pytest.TempPathFactory, pieces: list[bytes], data: st.DataObject
) -> None:
    path, key = tmp_path_factory.mktemp("vault") / "x.doc", Sealer(bytes(32))
    whole = b"".join(pieces)
    file = DocumentFile.create(path, facts(whole), key)
    for piece in pieces:
        file.append(piece)
    content = bytearray(path.read_bytes())
    place = data.draw(st.integers(0, len(content) - 1))
    if data.draw(st.booleans()):
        del content[place:]
    else:
        content[place] ^= data.draw(st.integers(1, 255))
    path.write_bytes(content)
    try:
        loaded = DocumentFile.load(path, key)
        part = loaded.read(0, len(whole))
    except Unsealable:
        return
    assert not loaded.document.complete
    assert whole.startswith(part)


async def test_documents_without_their_key_are_kept_and_the_start_is_refused(
    vault: DocumentVault, folder: Path
) -> None:
    await vault.store(facts(TEXT), TEXT)
    key = (folder / "vault.key").read_bytes()
    (folder / "vault.key").unlink()
    with pytest.raises(ValueError, match="Sicherung"):
        await open_vault(folder, NOW)
    assert len(files(folder)) == 1
    (folder / "vault.key").write_bytes(key)
    assert await (await open_vault(folder, NOW)).read("documents/d-1", 0, len(TEXT)) == TEXT
