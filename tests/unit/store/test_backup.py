"""Backups: written, tried, restored, and never over a file of another kind."""

import hashlib
import json
from pathlib import Path

import pytest

from pos_loyalty import __version__
from pos_loyalty.domain.error_catalog import Code
from pos_loyalty.domain.errors import CommandRefused, StoreUnavailable
from pos_loyalty.services.back_up import BackedUp, BackUp, BackUpHandler
from pos_loyalty.services.restore import (
    RecoverKey,
    RecoverKeyHandler,
    RestoreTill,
    RestoreTillHandler,
)
from pos_loyalty.store.backup import try_backup, unpack
from tests.sample_till import MemoryKeys, SampleTill, enroll, event_ids, sell

_MANIFEST_LINE = 1


class Stages:
    """Keeps the progress that was reported."""

    def __init__(self) -> None:
        self.seen: list[tuple[str, int, int]] = []

    def __call__(self, stage: str, done: int, total: int) -> None:
        self.seen.append((stage, done, total))


@pytest.fixture
def stages() -> Stages:
    return Stages()


@pytest.fixture
def sample(tmp_path: Path) -> SampleTill:
    """Return a till with a member and two sales."""
    sample = SampleTill(tmp_path / "data")
    with sample.open() as till:
        member = enroll(till, phone="+4915112345678")
        sell(till, member)
        sell(till, member, 999)
    return sample


def _back_up(
    sample: SampleTill, target: Path, stages: Stages, *, wants_new_code: bool = False
) -> BackedUp:
    handler = BackUpHandler(sample.keys, clock=sample.clock, ids=sample.ids, progress=stages)
    command = BackUp(sample.data, target, wants_new_code=wants_new_code, may_replace=True)
    return handler(command)


def _with_manifest(backup: Path, **changed: object) -> None:
    """Rewrite a backup with another manifest and a hash that fits it."""
    lines = backup.read_bytes().split(b"\n", 2)
    lines[_MANIFEST_LINE] = json.dumps({**json.loads(lines[_MANIFEST_LINE]), **changed}).encode()
    data = b"\n".join(lines)[:-32]
    backup.write_bytes(data + hashlib.sha256(data).digest())


def test_restored_on_another_machine_everything_is_there(
    sample: SampleTill, tmp_path: Path, stages: Stages
) -> None:
    done = _back_up(sample, tmp_path / "shop.backup", stages)
    other = SampleTill(tmp_path / "elsewhere" / "data", seed=2)

    restored = RestoreTillHandler(other.keys, stages)(
        RestoreTill(done.file, other.data, done.recovery_code)
    )

    assert restored.events == done.events == 3
    assert other.finding() is None
    before, after = sample.reader(), other.reader()
    assert event_ids(before) == event_ids(after)
    before.close()
    after.close()
    with other.open() as till:
        assert not till.created
        sell(till, None, 500)


def test_A27_a_restored_till_keeps_its_stream_for_the_server_to_notice(
    sample: SampleTill, tmp_path: Path, stages: Stages
) -> None:
    done = _back_up(sample, tmp_path / "shop.backup", stages)
    other = SampleTill(tmp_path / "new")
    RestoreTillHandler(other.keys, stages)(RestoreTill(done.file, other.data, done.recovery_code))

    with sample.open() as old, other.open() as new:
        with old.context.store.read() as work:
            old_stream = work.journal.stream()
        with new.context.store.read() as work:
            new_stream = work.journal.stream()

    assert new_stream == old_stream


def test_progress_names_each_stage_and_ends_whole(
    sample: SampleTill, tmp_path: Path, stages: Stages
) -> None:
    with sample.open() as till:
        for number in range(150):
            enroll(till, f"Member number {number}")

    _back_up(sample, tmp_path / "shop.backup", stages)

    assert {stage for stage, _, _ in stages.seen} == {"copying", "packing", "checking"}
    assert all(0 <= done <= total for _, done, total in stages.seen)
    assert stages.seen[-1][0] == "checking"


def test_backup_of_an_open_till_holds_what_was_committed(
    sample: SampleTill, tmp_path: Path, stages: Stages
) -> None:
    with sample.open() as till:
        sell(till, None, 700)
        done = _back_up(sample, tmp_path / "shop.backup", stages)
        sell(till, None, 800)

    assert done.events == 4


def test_code_is_made_once_and_again_when_asked(
    sample: SampleTill, tmp_path: Path, stages: Stages
) -> None:
    first = _back_up(sample, tmp_path / "first", stages)
    second = _back_up(sample, tmp_path / "second", stages)
    third = _back_up(sample, tmp_path / "third", stages, wants_new_code=True)

    def opens(file: str, code: str, folder: str) -> bool:
        handler = RestoreTillHandler(MemoryKeys(), stages)
        try:
            handler(RestoreTill(tmp_path / file, tmp_path / folder, code))
        except CommandRefused as error:
            return error.code is not Code.RECOVERY_CODE
        return True

    assert first.recovery_code
    assert second.recovery_code == ""
    assert third.recovery_code not in {"", first.recovery_code}
    assert opens("second", first.recovery_code, "a")
    assert opens("third", third.recovery_code, "b")
    assert not opens("third", first.recovery_code, "c")
    assert opens("first", first.recovery_code, "c"), "the refused try left the folder empty"


def test_failed_first_backup_leaves_no_code_that_nobody_saw(
    sample: SampleTill, tmp_path: Path, stages: Stages
) -> None:
    with pytest.raises(CommandRefused) as caught:
        _back_up(sample, tmp_path / "absent" / "shop.backup", stages)

    assert caught.value.code is Code.FILE_WRITE
    assert not sample.folder.recovery.exists()


def test_file_of_another_kind_is_never_written_over(
    sample: SampleTill, tmp_path: Path, stages: Stages
) -> None:
    letter = tmp_path / "letter.txt"
    letter.write_text("Dear owner,", encoding="utf-8")

    with pytest.raises(CommandRefused) as caught:
        _back_up(sample, letter, stages)
    with pytest.raises(CommandRefused) as folder:
        _back_up(sample, tmp_path, stages)

    assert caught.value.code is Code.FILE_EXISTS
    assert folder.value.code is Code.FILE_WRITE
    assert letter.read_text(encoding="utf-8") == "Dear owner,"


def test_altered_journal_is_not_backed_up_over_a_good_backup(
    sample: SampleTill, tmp_path: Path, stages: Stages
) -> None:
    target = tmp_path / "shop.backup"
    _back_up(sample, target, stages)
    good = target.read_bytes()
    tool = sample.tool()
    tool.execute("UPDATE ledger_entry SET points = points + 1 WHERE seq = 2")
    tool.close()

    with pytest.raises(StoreUnavailable) as caught:
        _back_up(sample, target, stages)

    assert caught.value.code is Code.DATA_ALTERED
    assert caught.value.facts["seq"] == 2
    assert target.read_bytes() == good


def test_damaged_till_is_not_blamed_on_the_backup(
    sample: SampleTill, tmp_path: Path, stages: Stages
) -> None:
    data = bytearray(sample.folder.database.read_bytes())
    for page in range(3, len(data) // 4096):
        data[page * 4096 + 50] ^= 1
    sample.folder.database.write_bytes(data)

    with pytest.raises(StoreUnavailable) as caught:
        _back_up(sample, tmp_path / "shop.backup", stages)

    assert caught.value.code is Code.DATA_DAMAGED


def test_no_till_no_backup(tmp_path: Path, stages: Stages) -> None:
    with pytest.raises(CommandRefused) as caught:
        _back_up(SampleTill(tmp_path / "nothing"), tmp_path / "shop.backup", stages)

    assert caught.value.code is Code.FOLDER_EMPTY


@pytest.mark.parametrize(
    ("old", "new", "code"),
    [
        (b"pos-loyalty", b"\x89PNG", Code.FILE_SHAPE),
        (b"backup 1\n", b"backup 2\n", Code.DATA_NEWER),
        (b"backup 1\n", b"backup x\n", Code.BACKUP_DAMAGED),
        (b'"format":1', b'"format":?', Code.BACKUP_DAMAGED),
        (b'"format"', b'"Format"', Code.BACKUP_DAMAGED),
    ],
)
def test_spoiled_backup_is_told_apart(
    old: bytes, new: bytes, code: Code, sample: SampleTill, tmp_path: Path
) -> None:
    target = tmp_path / "shop.backup"
    _back_up(sample, target, Stages())
    target.write_bytes(target.read_bytes().replace(old, new, 1))

    with pytest.raises((CommandRefused, StoreUnavailable)) as caught:
        try_backup(target, sample.key(), progress=Stages())

    assert caught.value.code is code


@pytest.mark.parametrize("kept", [10, 40, 900, -1])
def test_cut_backup_is_damaged(
    kept: int, sample: SampleTill, tmp_path: Path, stages: Stages
) -> None:
    target = tmp_path / "shop.backup"
    _back_up(sample, target, stages)
    target.write_bytes(target.read_bytes()[:kept])

    with pytest.raises(CommandRefused) as caught:
        try_backup(target, sample.key(), progress=stages)

    assert caught.value.code in {Code.BACKUP_DAMAGED, Code.FILE_SHAPE}


@pytest.mark.parametrize(
    "changed",
    [
        {"parts": []},
        {"parts": [{"name": "recovery.json", "bytes": 10**9, "sha256": ""}] * 2},
        {"database_id": "0" * 32},
        {"key_fingerprint": "0" * 16},
    ],
    ids=["no parts", "wrong parts", "another database", "another key"],
)
def test_manifest_that_does_not_fit_is_refused(
    changed: dict[str, object], sample: SampleTill, tmp_path: Path, stages: Stages
) -> None:
    done = _back_up(sample, tmp_path / "shop.backup", stages)
    _with_manifest(done.file, **changed)

    with pytest.raises(CommandRefused) as caught:
        RestoreTillHandler(MemoryKeys(), stages)(
            RestoreTill(done.file, tmp_path / "new", done.recovery_code)
        )

    assert caught.value.code is Code.BACKUP_DAMAGED
    assert not (tmp_path / "new" / "till.json").exists()


@pytest.mark.parametrize(
    "changed",
    [(0, "bytes", 10**9), (0, "sha256", "0" * 64), (1, "sha256", "0" * 64), (1, "bytes", -1)],
)
def test_part_that_does_not_fit_its_line_is_refused(
    changed: tuple[int, str, object], sample: SampleTill, tmp_path: Path, stages: Stages
) -> None:
    part, field, value = changed
    done = _back_up(sample, tmp_path / "shop.backup", stages)
    manifest = json.loads(done.file.read_bytes().split(b"\n", 2)[_MANIFEST_LINE])
    manifest["parts"][part][field] = value
    _with_manifest(done.file, parts=manifest["parts"])

    with pytest.raises(CommandRefused) as caught:
        unpack(done.file, tmp_path / "out", progress=stages)

    assert caught.value.code is Code.BACKUP_DAMAGED


def test_database_that_does_not_open_is_found_though_every_hash_fits(
    sample: SampleTill, tmp_path: Path, stages: Stages
) -> None:
    done = _back_up(sample, tmp_path / "shop.backup", stages)
    head, line, body = done.file.read_bytes().split(b"\n", 2)
    manifest = json.loads(line)
    wrapped_bytes = manifest["parts"][0]["bytes"]
    database = bytearray(body[wrapped_bytes:-32])
    database[5000] ^= 1
    manifest["parts"][1]["sha256"] = hashlib.sha256(database).hexdigest()
    done.file.write_bytes(head + b"\n" + line + b"\n" + body[:wrapped_bytes] + database + bytes(32))
    _with_manifest(done.file, parts=manifest["parts"])

    with pytest.raises(CommandRefused) as caught:
        try_backup(done.file, sample.key(), progress=stages)

    assert caught.value.code is Code.BACKUP_DAMAGED
    assert list(tmp_path.glob("*.trial*")) == []


def test_manifest_says_which_program_made_it_and_nothing_personal(
    sample: SampleTill, tmp_path: Path, stages: Stages
) -> None:
    done = _back_up(sample, tmp_path / "shop.backup", stages)

    manifest = try_backup(done.file, sample.key(), progress=stages)

    assert manifest.program == __version__
    assert manifest.made_at_ms == sample.clock.time_ms
    assert b"Ann" not in done.file.read_bytes()


def test_backup_of_a_newer_schema_is_refused_in_words(
    sample: SampleTill, tmp_path: Path, stages: Stages, monkeypatch: pytest.MonkeyPatch
) -> None:
    done = _back_up(sample, tmp_path / "shop.backup", stages)
    monkeypatch.setattr("pos_loyalty.store.database.SCHEMA_VERSION", 0)

    with pytest.raises(StoreUnavailable) as caught:
        RestoreTillHandler(MemoryKeys(), stages)(
            RestoreTill(done.file, tmp_path / "new", done.recovery_code)
        )

    assert caught.value.code is Code.DATA_NEWER


@pytest.mark.parametrize("name", ["till.db", "till.json", "recovery.json", "till.db-wal"])
def test_restore_never_writes_over_a_till(
    name: str, sample: SampleTill, tmp_path: Path, stages: Stages
) -> None:
    done = _back_up(sample, tmp_path / "shop.backup", stages)
    (tmp_path / "new").mkdir()
    (tmp_path / "new" / name).write_bytes(b"something")

    with pytest.raises(CommandRefused) as caught:
        RestoreTillHandler(MemoryKeys(), stages)(
            RestoreTill(done.file, tmp_path / "new", done.recovery_code)
        )

    assert caught.value.code is Code.RESTORE_TARGET
    assert (tmp_path / "new" / name).read_bytes() == b"something"


def test_absent_backup_is_told(tmp_path: Path, stages: Stages) -> None:
    with pytest.raises(CommandRefused) as caught:
        RestoreTillHandler(MemoryKeys(), stages)(
            RestoreTill(tmp_path / "none", tmp_path / "new", "AAAA")
        )

    assert caught.value.code is Code.FILE_ABSENT


def test_failure_after_the_label_leaves_the_till_to_the_next_opening(
    sample: SampleTill, tmp_path: Path, stages: Stages, monkeypatch: pytest.MonkeyPatch
) -> None:
    done = _back_up(sample, tmp_path / "shop.backup", stages)
    other = SampleTill(tmp_path / "new")

    def fail(*_: object) -> None:
        raise StoreUnavailable(Code.DISK_TROUBLE)

    monkeypatch.setattr("pos_loyalty.store.data_folder.finish_draft", fail)
    with pytest.raises(StoreUnavailable):
        RestoreTillHandler(other.keys, stages)(
            RestoreTill(done.file, other.data, done.recovery_code)
        )
    monkeypatch.undo()

    with other.open() as till:
        assert not till.created


def test_key_of_another_till_is_not_recovered(
    sample: SampleTill, tmp_path: Path, stages: Stages
) -> None:
    other = SampleTill(tmp_path / "other", seed=7)
    other.open().close()
    code = _back_up(sample, tmp_path / "shop.backup", stages).recovery_code
    other.folder.recovery.write_bytes(sample.folder.recovery.read_bytes())

    with pytest.raises(CommandRefused) as caught:
        RecoverKeyHandler(MemoryKeys())(RecoverKey(other.data, code))

    assert caught.value.code is Code.RECOVERY_CODE


def test_key_without_a_wrapped_copy_cannot_be_recovered(sample: SampleTill) -> None:
    with pytest.raises(CommandRefused) as caught:
        RecoverKeyHandler(MemoryKeys())(RecoverKey(sample.data, "AAAA"))

    assert caught.value.code is Code.RECOVERY_ABSENT
