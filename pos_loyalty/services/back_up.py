"""Write a verified backup of a till; the first one also makes the recovery code."""

from dataclasses import dataclass
from pathlib import Path

from pos_loyalty.domain.clock import Clock
from pos_loyalty.domain.error_catalog import Code
from pos_loyalty.domain.errors import CommandRefused
from pos_loyalty.domain.ids import IdSource
from pos_loyalty.store.backup import Progress, is_backup_file, write_backup
from pos_loyalty.store.data_folder import DataFolder, ensure_till, read_label
from pos_loyalty.store.errors import translating
from pos_loyalty.store.keys import KeySource, replace_file
from pos_loyalty.store.opening import read_key
from pos_loyalty.store.recovery import new_code, wrap_key


@dataclass(frozen=True)
class BackUp:
    """Back a data folder up into one file. The till may be open meanwhile.

    ``may_replace`` lets it take the place of an older backup of the same name, once it has
    passed its trial.
    """

    data: Path
    target: Path
    wants_new_code: bool = False
    may_replace: bool = False


@dataclass(frozen=True)
class BackedUp:
    """A backup that has passed its trial. ``recovery_code`` is "" where the old one holds."""

    file: Path
    file_bytes: int
    events: int
    recovery_code: str


class BackUpHandler:
    """Reads the till, writes the backup, keeps the wrapped key."""

    def __init__(self, keys: KeySource, *, clock: Clock, ids: IdSource, progress: Progress) -> None:
        self._keys = keys
        self._clock = clock
        self._ids = ids
        self._progress = progress

    def __call__(self, command: BackUp) -> BackedUp:
        """Write the backup, or leave everything as it was.

        A new code is kept only once the backup it opens exists, so a code that
        was never shown never guards anything.

        Raises:
            CommandRefused: no till here, or the file exists or cannot be written.
            StoreUnavailable: the till's key is lost, or its data is not sound.
        """
        folder = DataFolder(command.data)
        ensure_till(folder)
        _ensure_may_write(command)
        label = read_label(folder)
        key = read_key(folder, self._keys)
        code = ""
        if command.wants_new_code or not folder.recovery.exists():
            code = new_code(self._ids.random_bytes)
            wrapped = wrap_key(key, code, label.database_id, self._ids.random_bytes)
        else:
            with translating():
                wrapped = folder.recovery.read_bytes()
        manifest = write_backup(
            folder,
            label,
            key,
            wrapped_key=wrapped,
            target=command.target,
            made_at_ms=self._clock.now_ms(),
            progress=self._progress,
        )
        with translating():
            if code:
                replace_file(folder.recovery, wrapped)
            file_bytes = command.target.stat().st_size
        return BackedUp(command.target, file_bytes, manifest.events, code)


def _ensure_may_write(command: BackUp) -> None:
    """Never lose an older backup by a name that was typed twice."""
    if not command.may_replace and command.target.exists():
        is_backup = command.target.is_file() and is_backup_file(command.target)
        code = Code.BACKUP_EXISTS if is_backup else Code.FILE_EXISTS
        raise CommandRefused(code, file=str(command.target))
