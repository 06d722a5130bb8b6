"""Labels, keys, recovery codes, and driver errors turned into ours."""

import errno
import os
import stat
import sys
from pathlib import Path

import keyring
import keyring.backend
import keyring.errors
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlcipher3 import dbapi2

from pos_loyalty.domain.error_catalog import Code
from pos_loyalty.domain.errors import CommandRefused, StoreBug, StoreUnavailable
from pos_loyalty.store import data_folder
from pos_loyalty.store.data_folder import DataFolder, FolderLock, Label, read_label, write_label
from pos_loyalty.store.errors import translated, translating
from pos_loyalty.store.keys import (
    KEY_LENGTH,
    BestKeys,
    FileKeys,
    SystemKeys,
    config_folder,
    sync_folder,
)
from pos_loyalty.store.recovery import new_code, unwrap_key, wrap_key

_KEY = bytes(range(KEY_LENGTH))
_ID = "0123456789abcdef" * 2


class Wallet(keyring.backend.KeyringBackend):
    """A key store of a desktop, in memory; it may be locked."""

    priority = 1.0  # pyright: ignore[reportAssignmentType, reportIncompatibleMethodOverride] - a plain number is what backends have

    def __init__(self) -> None:
        super().__init__()  # pyright: ignore[reportUnknownMemberType] - untyped
        self.words: dict[tuple[str, str], str] = {}
        self.is_locked = False

    def get_password(self, service: str, username: str) -> str | None:
        self._ensure_open()
        return self.words.get((service, username))

    def set_password(self, service: str, username: str, password: str) -> None:
        self._ensure_open()
        self.words[service, username] = password

    def delete_password(self, service: str, username: str) -> None:
        del self.words[service, username]

    def _ensure_open(self) -> None:
        if self.is_locked:
            raise keyring.errors.KeyringLocked


@pytest.fixture
def wallet(monkeypatch: pytest.MonkeyPatch) -> Wallet:
    """Put a key store in the place of the absent one."""
    wallet = Wallet()
    monkeypatch.setattr(keyring, "get_keyring", lambda: wallet)
    monkeypatch.setattr("keyring.core.get_keyring", lambda: wallet)
    return wallet


def test_label_comes_back_as_written(tmp_path: Path) -> None:
    folder = DataFolder(tmp_path)
    label = Label(_ID, data_folder.fingerprint(_KEY))

    write_label(folder, label)

    assert read_label(folder) == label
    assert read_label(folder).fits(_KEY)
    assert not read_label(folder).fits(bytes(KEY_LENGTH))
    assert [path.name for path in tmp_path.iterdir()] == ["till.json"]


@given(garbage=st.binary(max_size=80))
def test_garbage_for_a_label_is_told_as_damage(
    garbage: bytes, tmp_path_factory: pytest.TempPathFactory
) -> None:
    folder = DataFolder(tmp_path_factory.mktemp("label"))
    folder.label.write_bytes(garbage)

    with pytest.raises(StoreUnavailable) as caught:
        read_label(folder)

    assert caught.value.code is Code.DATA_DAMAGED


@pytest.mark.parametrize("text", ["[" * 100_000, '{"format": 1}', "[]", "1", '{"format": "x"}'])
def test_wrong_json_for_a_label_is_told_as_damage(text: str, tmp_path: Path) -> None:
    folder = DataFolder(tmp_path)
    folder.label.write_text(text, encoding="utf-8")

    with pytest.raises(StoreUnavailable) as caught:
        read_label(folder)

    assert caught.value.code is Code.DATA_DAMAGED


def test_absent_label_is_told(tmp_path: Path) -> None:
    with pytest.raises(StoreUnavailable) as caught:
        read_label(DataFolder(tmp_path))

    assert caught.value.code is Code.DATA_GONE


def test_lock_is_given_to_one_and_then_to_the_next(tmp_path: Path) -> None:
    folder = DataFolder(tmp_path)
    with FolderLock(folder), pytest.raises(StoreUnavailable) as caught:
        FolderLock(folder)

    FolderLock(folder).release()

    assert caught.value.code is Code.TILL_OPEN


def test_disk_that_knows_no_locks_is_not_taken_for_an_open_till(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def no_locks(file: object) -> None:
        del file
        raise OSError(errno.ENOLCK, "no locks available")

    monkeypatch.setattr(data_folder, "_lock", no_locks)

    with pytest.raises(StoreUnavailable) as caught:
        FolderLock(DataFolder(tmp_path))

    assert caught.value.code is Code.DISK_TROUBLE


def test_key_file_is_for_its_owner_alone(tmp_path: Path) -> None:
    keys = FileKeys(tmp_path / "keys")

    keys.write(_ID, _KEY)

    (file,) = (tmp_path / "keys").iterdir()
    assert keys.read(_ID) == _KEY
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert stat.S_IMODE((tmp_path / "keys").stat().st_mode) == 0o700
    assert str(tmp_path) in keys.place


@pytest.mark.parametrize("garbage", [b"", b"\xff\xfe", b"zz", b"00" * 31, b"00" * 33])
def test_file_that_is_no_key_counts_as_lost(garbage: bytes, tmp_path: Path) -> None:
    (tmp_path / f"{_ID}.key").write_bytes(garbage)

    assert FileKeys(tmp_path).read(_ID) is None
    assert FileKeys(tmp_path).read("f" * 32) is None


def test_key_file_that_may_not_be_read_counts_as_lost(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def forbidden(path: Path) -> bytes:
        raise PermissionError(errno.EACCES, "permission denied", str(path))

    monkeypatch.setattr(Path, "read_bytes", forbidden)

    assert FileKeys(tmp_path).read(_ID) is None


def test_without_a_key_store_keys_go_to_files(tmp_path: Path) -> None:
    keys = BestKeys(tmp_path)

    keys.write(_ID, _KEY)

    assert keys.place == FileKeys(tmp_path).place
    assert FileKeys(tmp_path).read(_ID) == keys.read(_ID) == _KEY
    assert keys.read("f" * 32) is None


def test_with_a_key_store_keys_go_there(tmp_path: Path, wallet: Wallet) -> None:
    keys = BestKeys(tmp_path)

    keys.write(_ID, _KEY)

    assert keys.place == SystemKeys.place
    assert keys.read(_ID) == _KEY
    assert list(tmp_path.iterdir()) == []
    assert list(wallet.words.values()) == [_KEY.hex()]


def test_locked_key_store_takes_no_key_and_gives_none(tmp_path: Path, wallet: Wallet) -> None:
    wallet.is_locked = True
    keys = BestKeys(tmp_path)

    assert keys.read(_ID) is None
    keys.write(_ID, _KEY)

    assert FileKeys(tmp_path).read(_ID) == _KEY


def test_key_store_that_keeps_nothing_is_noticed_at_once(
    tmp_path: Path, wallet: Wallet, monkeypatch: pytest.MonkeyPatch
) -> None:
    def forget(service: str, username: str, password: str) -> None:
        del service, username, password

    monkeypatch.setattr(wallet, "set_password", forget)
    keys = BestKeys(tmp_path)

    keys.write(_ID, _KEY)

    assert keys.read(_ID) == _KEY


@pytest.mark.parametrize("text", ["", "not hex", "00"])
def test_key_store_with_another_text_counts_as_lost(text: str, wallet: Wallet) -> None:
    wallet.words["pos-loyalty", _ID] = text

    assert SystemKeys().read(_ID) is None


@pytest.mark.parametrize(
    ("system", "variable", "ending"),
    [
        ("linux", "XDG_CONFIG_HOME", "pos-loyalty"),
        ("win32", "APPDATA", "pos-loyalty"),
        ("darwin", "", "Library/Application Support/pos-loyalty"),
    ],
)
def test_settings_folder_is_the_system_s_own(
    system: str, variable: str, ending: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(sys, "platform", system)
    if variable:
        monkeypatch.setenv(variable, str(tmp_path))

    folder = config_folder()

    assert folder.as_posix().endswith(ending)
    assert not variable or folder.parent == tmp_path


def test_windows_flushes_no_folders(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    absent = tmp_path / "absent"
    with pytest.raises(FileNotFoundError):
        sync_folder(absent)
    monkeypatch.setattr(sys, "platform", "win32")

    sync_folder(absent)

    assert not absent.exists()


def test_recovery_code_opens_however_it_is_typed() -> None:
    code = new_code(os.urandom)
    wrapped = wrap_key(_KEY, code, _ID, os.urandom)
    typed = code.lower().replace("-", " ").replace("o", "0").replace("i", "1")

    assert unwrap_key(wrapped, code) == unwrap_key(wrapped, typed) == (_ID, _KEY)
    assert _KEY.hex().encode() not in wrapped
    assert len(code.replace("-", "")) == 32


@pytest.mark.parametrize("code", ["", "AAAA", "A" * 31, "AAAA-" * 7 + "AAAA", "Ä" * 32, "9" * 32])
def test_code_that_does_not_fit_is_refused(code: str) -> None:
    wrapped = wrap_key(_KEY, new_code(os.urandom), _ID, os.urandom)

    with pytest.raises(CommandRefused) as caught:
        unwrap_key(wrapped, code)

    assert caught.value.code is Code.RECOVERY_CODE


@pytest.mark.parametrize(
    "wrapped", [b"", b"\xff", b"[]", b"{}", b'{"database_id": "", "nonce": "?", "key": ""}']
)
def test_damaged_wrapped_key_is_told_as_a_damaged_backup(wrapped: bytes) -> None:
    with pytest.raises(CommandRefused) as caught:
        unwrap_key(wrapped, new_code(os.urandom))

    assert caught.value.code is Code.BACKUP_DAMAGED


@given(at=st.integers(min_value=0), bit=st.integers(0, 7))
def test_no_turned_bit_of_a_wrapped_key_gives_another_key(at: int, bit: int) -> None:
    code = new_code(bytes)
    wrapped = bytearray(wrap_key(_KEY, code, _ID, bytes))
    wrapped[at % len(wrapped)] ^= 1 << bit

    try:
        found = unwrap_key(bytes(wrapped), code)
    except CommandRefused:
        return

    assert found == (_ID, _KEY)


@pytest.mark.parametrize(
    ("number", "code"),
    [
        (errno.ENOSPC, Code.DISK_FULL),
        (errno.EROFS, Code.DISK_READ_ONLY),
        (errno.EACCES, Code.DISK_READ_ONLY),
        (errno.ENOENT, Code.DATA_GONE),
        (errno.EIO, Code.DISK_TROUBLE),
    ],
)
def test_system_errors_get_the_code_that_the_shop_can_act_on(number: int, code: Code) -> None:
    with pytest.raises(StoreUnavailable) as caught, translating():
        raise OSError(number, os.strerror(number))

    assert caught.value.code is code
    assert isinstance(caught.value.__cause__, OSError)


@pytest.mark.parametrize(
    ("name", "code"),
    [
        ("SQLITE_FULL", Code.DISK_FULL),
        ("SQLITE_READONLY_DBMOVED", Code.DATA_GONE),
        ("SQLITE_READONLY", Code.DISK_READ_ONLY),
        ("SQLITE_IOERR_FSYNC", Code.DISK_TROUBLE),
        ("SQLITE_BUSY_SNAPSHOT", Code.DATA_BUSY),
        ("SQLITE_NOTADB", Code.DATA_DAMAGED),
        ("SQLITE_CORRUPT_INDEX", Code.DATA_DAMAGED),
        ("SQLITE_CONSTRAINT_UNIQUE", Code.PROGRAM_FAULT),
        ("SQLITE_READONLYISH", Code.PROGRAM_FAULT),
        ("", Code.PROGRAM_FAULT),
    ],
)
def test_driver_errors_are_sorted_by_who_can_act(name: str, code: Code) -> None:
    error = dbapi2.OperationalError("something")
    error.sqlite_errorname = name

    ours = translated(error)

    assert ours.code is code
    assert isinstance(ours, StoreBug) == (code is Code.PROGRAM_FAULT)
    assert not ours.saved
