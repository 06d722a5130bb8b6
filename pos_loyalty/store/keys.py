"""Where the key of a till's database lives: the system's key store, or a private file.

Never beside the data: a copied folder must be useless without the machine. The
private file is for machines without a key store; its folder is the person's own
configuration folder.
"""

import os
import sys
from pathlib import Path
from typing import Protocol

KEY_LENGTH = 32
_SERVICE = "pos-loyalty"


class KeySource(Protocol):
    """Keeps database keys by the database's id."""

    def read(self, database_id: str) -> bytes | None:
        """Return the key, or None where it is not (or no longer) here."""
        ...

    def write(self, database_id: str, key: bytes) -> None:
        """Keep a key so that it survives a restart of the machine."""
        ...

    @property
    def place(self) -> str:
        """Say in words where the keys are."""
        ...


def config_folder() -> Path:
    """Return the person's own configuration folder for this product."""
    if sys.platform == "win32":
        base = Path(os.environ.get("APPDATA") or Path.home() / "AppData" / "Roaming")
    elif sys.platform == "darwin":
        base = Path.home() / "Library" / "Application Support"
    else:
        base = Path(os.environ.get("XDG_CONFIG_HOME") or Path.home() / ".config")
    return base / "pos-loyalty"


class FileKeys:
    """Keys in files that only their owner can read."""

    def __init__(self, folder: Path | None = None) -> None:
        self._folder = folder if folder is not None else config_folder() / "keys"

    @property
    def place(self) -> str:
        """Say in words where the keys are."""
        return f"private files in {self._folder}"

    def read(self, database_id: str) -> bytes | None:
        """Return the key, or None where no file holds it."""
        try:
            text = self._file(database_id).read_bytes().decode("ascii", "replace")
        except (FileNotFoundError, PermissionError):
            return None
        return _key_from(text)

    def write(self, database_id: str, key: bytes) -> None:
        """Write the key, flushed to the disk, readable by its owner alone."""
        assert len(key) == KEY_LENGTH
        self._folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        target = self._file(database_id)
        replace_file(target, (key.hex() + "\n").encode(), mode=0o600)

    def _file(self, database_id: str) -> Path:
        return self._folder / f"{database_id}.key"


class SystemKeys:
    """Keys in the system's own key store, through the keyring library."""

    place = "this system's key store"

    def read(self, database_id: str) -> bytes | None:
        """Return the key, or None where the key store has none or refuses."""
        import keyring
        from keyring.errors import KeyringError

        try:
            text = keyring.get_password(_SERVICE, database_id)
        except KeyringError:
            return None
        return _key_from(text or "")

    def write(self, database_id: str, key: bytes) -> None:
        """Hand the key to the key store."""
        import keyring

        assert len(key) == KEY_LENGTH
        keyring.set_password(_SERVICE, database_id, key.hex())


class BestKeys:
    """The system's key store where there is one, else private files; reads both."""

    def __init__(self, folder: Path | None = None) -> None:
        self._files = FileKeys(folder)

    @property
    def place(self) -> str:
        """Say in words where new keys go."""
        return SystemKeys.place if _has_key_store() else self._files.place

    def read(self, database_id: str) -> bytes | None:
        """Look in the private files first: cheap, and right where no key store exists."""
        key = self._files.read(database_id)
        if key is None and _has_key_store():
            key = SystemKeys().read(database_id)
        return key

    def write(self, database_id: str, key: bytes) -> None:
        """Keep a key in the best place there is; the private file is the way back.

        A key store counts only once it gives the key back: some take words and keep none.
        """
        if not (_has_key_store() and _is_kept(database_id, key)):
            self._files.write(database_id, key)


def _is_kept(database_id: str, key: bytes) -> bool:
    from keyring.errors import KeyringError

    store = SystemKeys()
    try:
        store.write(database_id, key)
    except KeyringError:
        return False
    return store.read(database_id) == key


def _has_key_store() -> bool:
    """Tell whether a usable key store exists. Asked late: the library is slow to import."""
    import keyring
    from keyring.backends import fail

    return not isinstance(keyring.get_keyring(), fail.Keyring)


def _key_from(text: str) -> bytes | None:
    """Read what should be a key; anything else is as good as no key."""
    try:
        key = bytes.fromhex(text)
    except ValueError:
        return None
    return key if len(key) == KEY_LENGTH else None


def replace_file(target: Path, data: bytes, *, mode: int = 0o644) -> None:
    """Write a small file so that after a power cut the old or the new one is there, whole."""
    draft = target.with_name(target.name + ".new")
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, mode)
    with os.fdopen(descriptor, "wb") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())
    draft.replace(target)
    sync_folder(target.parent)


def sync_folder(folder: Path) -> None:
    """Flush a folder's entries, so that a new file survives a power cut (no-op on Windows)."""
    if sys.platform == "win32":
        return
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def sync_file(path: Path) -> None:
    """Flush a file that another library wrote."""
    with path.open("rb+") as file:
        os.fsync(file.fileno())
