"""What a disk may hold after a power cut, from the record of every change before it.

A write is safe once its file was flushed; before, each may be kept, lost, or torn
between sectors, in any order. A name (created, renamed, deleted) is safe once its
folder was flushed; before, the newest ones may be lost, in order, as on a journaling
file system.
"""

import random
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

SECTOR_BYTES = 512
ACKS = "acks"
"""The file into which the program writes what it has promised; not part of the disk."""


@dataclass(frozen=True)
class Change:
    """One recorded change: C create, W write, T truncate, S flush, U unlink, R rename."""

    kind: str
    name: str
    offset: int
    data: bytes


def read_log(path: Path) -> list[Change]:
    """Read what the shim recorded."""
    changes: list[Change] = []
    with path.open("rb") as file:
        while line := file.readline():
            kind, offset, size, name = line.decode().rstrip("\n").split(" ", 3)
            changes.append(Change(kind, name, int(offset), file.read(int(size))))
    return changes


@dataclass
class _File:
    """A file's flushed bytes, and the changes that are not flushed yet."""

    flushed: bytearray = field(default_factory=bytearray)
    pending: list[Change] = field(default_factory=list[Change])


class Disk:
    """Replays changes; at any time it can tell what a power cut would leave."""

    def __init__(self) -> None:
        self._now: dict[str, _File] = {}
        self._safe: dict[str, _File] = {}
        self._names: list[tuple[str, dict[str, _File]]] = []

    @classmethod
    def of_folder(cls, folder: Path) -> "Disk":
        """Begin with the files of a folder, all of them safe."""
        disk = cls()
        for path in folder.rglob("*"):
            if path.is_file() and not path.name.endswith("-shm"):
                name = path.relative_to(folder).as_posix()
                disk._now[name] = disk._safe[name] = _File(bytearray(path.read_bytes()))
        return disk

    def apply(self, change: Change) -> None:
        """Do what the program did."""
        name = change.name
        if change.kind == "S":
            self._flush(name)
        elif change.kind in "WT":
            self._now.setdefault(name, _File()).pending.append(change)
        else:
            if change.kind == "C":
                self._now[name] = _File()
            elif change.kind == "U":
                del self._now[name]
            else:
                self._now[change.data.decode()] = self._now.pop(name)
            self._names.append((_folder_of(name), dict(self._now)))

    def write_image(self, target: Path, chance: random.Random) -> None:
        """Write one of the states that the disk may be in after a power cut now."""
        kept = chance.randint(0, len(self._names))
        names = self._names[kept - 1][1] if kept else self._safe
        for name, file in names.items():
            path = target / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(_torn(file, chance))

    def _flush(self, name: str) -> None:
        file = self._now.get(name)
        if file is not None:
            for change in file.pending:
                _do(file.flushed, change)
            file.pending.clear()
            return
        folder = "" if name == "." else name
        done = [at for at, (where, _names) in enumerate(self._names) if where == folder]
        if done:
            self._safe = self._names[done[-1]][1]
            del self._names[: done[-1] + 1]


def _folder_of(name: str) -> str:
    return name.rpartition("/")[0]


def _do(data: bytearray, change: Change) -> None:
    if change.kind == "T":
        del data[change.offset :]
        data.extend(bytes(change.offset - len(data)))
        return
    data.extend(bytes(max(0, change.offset - len(data))))
    data[change.offset : change.offset + len(change.data)] = change.data


def _torn(file: _File, chance: random.Random) -> bytes:
    data = bytearray(file.flushed)
    for change in file.pending:
        fate = chance.random()
        if fate < 0.4:
            _do(data, change)
        elif fate < 0.6 and change.kind == "W":
            for part in _sectors(change):
                if chance.random() < 0.5:
                    _do(data, part)
    return bytes(data)


def _sectors(change: Change) -> Iterator[Change]:
    for at in range(0, len(change.data), SECTOR_BYTES):
        part = change.data[at : at + SECTOR_BYTES]
        yield Change("W", change.name, change.offset + at, part)
