"""Bring a till back from a backup, or bring only its key back, with the recovery code.

The data comes back exactly as it was backed up. What the till does next is not
decided here: at its next contact the server knows more of its journal than the
restored folder does, and the till joins again and continues in a new stream.
"""

from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from pos_loyalty.domain.error_catalog import Code
from pos_loyalty.domain.errors import CommandRefused
from pos_loyalty.store.backup import Manifest, Progress, ensure_opens, forget_sale_in_hand, unpack
from pos_loyalty.store.data_folder import (
    DataFolder,
    FolderLock,
    ensure_till,
    finish_folder,
    read_label,
    side_files,
)
from pos_loyalty.store.errors import translating
from pos_loyalty.store.keys import KeySource, replace_file
from pos_loyalty.store.recovery import unwrap_key


@dataclass(frozen=True)
class RestoreTill:
    """Restore a backup into a folder that holds no till."""

    source: Path
    data: Path
    code: str


@dataclass(frozen=True)
class RecoverKey:
    """Give a till whose key is lost its key back; its data stays as it is, unsent sales too."""

    data: Path
    code: str


@dataclass(frozen=True)
class Restored:
    """The till can be opened. ``made_at_ms`` is when the backup was made, by the till's clock."""

    data: Path
    made_at_ms: int
    events: int
    key_place: str


@dataclass(frozen=True)
class KeyRecovered:
    """The key is where the till looks for it."""

    data: Path
    key_place: str


class RestoreTillHandler:
    """Unpacks, checks, and only then makes the folder a till's folder."""

    def __init__(self, keys: KeySource, progress: Progress) -> None:
        self._keys = keys
        self._progress = progress

    def __call__(self, command: RestoreTill) -> Restored:
        """Restore everything or leave a folder without a till.

        Raises:
            CommandRefused: backup absent or damaged, wrong code, or the folder has a till.
            StoreUnavailable: the backup is newer, or the folder cannot be written.
        """
        folder = DataFolder(command.data)
        _ensure_no_till(folder)
        with translating():
            command.data.mkdir(parents=True, exist_ok=True)
        with FolderLock(folder):
            _ensure_no_till(folder)
            # A WAL of a restore that was cut short does not belong to the draft of this one.
            _clear_draft(folder)
            try:
                manifest = self._fill(command, folder)
            except BaseException:
                # With a label the draft is whole: the next opening finishes it.
                if not folder.label.exists():
                    _clear_draft(folder)
                raise
        return Restored(command.data, manifest.made_at_ms, manifest.events, self._keys.place)

    def _fill(self, command: RestoreTill, folder: DataFolder) -> Manifest:
        manifest, wrapped = unpack(command.source, folder.draft, progress=self._progress)
        database_id, key = unwrap_key(wrapped, command.code)
        if database_id != manifest.database_id or not manifest.label.fits(key):
            raise CommandRefused(Code.BACKUP_DAMAGED)
        ensure_opens(folder.draft, key)
        forget_sale_in_hand(folder.draft, key)
        with translating():
            self._keys.write(database_id, key)
        finish_folder(folder, manifest.label)
        with translating():
            # Last: alone it would look like a till's. Without it the next backup makes a code.
            replace_file(folder.recovery, wrapped)
        return manifest


class RecoverKeyHandler:
    """Unwraps the key that lies in the folder and keeps it on this machine."""

    def __init__(self, keys: KeySource) -> None:
        self._keys = keys

    def __call__(self, command: RecoverKey) -> KeyRecovered:
        """Bring the key back.

        Raises:
            CommandRefused: the code does not fit, no till here, or no backup was ever made of it.
            StoreUnavailable: the folder cannot be read.
        """
        folder = DataFolder(command.data)
        ensure_till(folder)
        if not folder.recovery.exists():
            raise CommandRefused(Code.RECOVERY_ABSENT, folder=str(folder.path))
        label = read_label(folder)
        with translating():
            wrapped = folder.recovery.read_bytes()
        database_id, key = unwrap_key(wrapped, command.code)
        if database_id != label.database_id or not label.fits(key):
            raise CommandRefused(Code.RECOVERY_CODE)
        with translating():
            self._keys.write(database_id, key)
        return KeyRecovered(command.data, self._keys.place)


def _clear_draft(folder: DataFolder) -> None:
    for leftover in (folder.draft, *side_files(folder.draft)):
        with suppress(OSError):
            leftover.unlink(missing_ok=True)


def _ensure_no_till(folder: DataFolder) -> None:
    for file in (folder.database, folder.label, folder.recovery, side_files(folder.database)[0]):
        if file.exists():
            raise CommandRefused(Code.RESTORE_TARGET, folder=str(folder.path))
