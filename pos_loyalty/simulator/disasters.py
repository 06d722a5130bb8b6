"""What happens to disks, servers and clocks: images restored, machines cloned, time gone wrong."""

import random
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from pos_loyalty.domain.errors import CommandRefused
from pos_loyalty.domain.ids import MemberId
from pos_loyalty.server import roster
from pos_loyalty.server.durability import record_durable
from pos_loyalty.server.settings import SQLITE_PREFIX
from pos_loyalty.simulator.failpoints import copy_database
from pos_loyalty.simulator.oracle import Disk
from pos_loyalty.simulator.server_side import declare_restored
from pos_loyalty.simulator.surroundings import Surroundings
from pos_loyalty.simulator.template import copy_till_folder
from pos_loyalty.simulator.till_side import DATABASE_NAME, SimulatedTill

_CLONES_MAX = 2
_BACKUPS_KEPT = 2
"""An owner keeps so many backups, and restores one of these."""
_IMAGES_MAX = 8
_RUSH_POINTS = 5_000
_MS_PER_DAY = 24 * 60 * 60 * 1000
_JUMPS_MS = (0, 60_000, 3_600_000, _MS_PER_DAY, 400 * _MS_PER_DAY, 20_000 * _MS_PER_DAY)


@dataclass(frozen=True)
class _Image:
    """A copy of a till's disk, and the spend rights that lie in it."""

    folder: Path
    disk: Disk
    rights: Mapping[str, int]


@dataclass(frozen=True)
class _Backup:
    """A copy of the books, and the grants that were in them."""

    path: Path
    granted: Mapping[tuple[str, str], int]


class Disasters:
    """Keeps images and backups, and brings them back at the wrong moment."""

    def __init__(self, world: Surroundings) -> None:
        self._world = world
        self._images: dict[str, list[_Image]] = {}
        self._backups: list[_Backup] = []
        self._has_looked = self._has_restored = False
        """Whether tills may have forgotten what a backup holds."""
        self._made = 0
        self._restored_servers = 0
        self.was_silent = False
        self._ever_granted: dict[tuple[str, str], int] = {}
        self.actions: Mapping[str, Callable[[SimulatedTill, random.Random], str]] = {
            "image": self._take_image,
            "restore_till": self._restore_till,
            "clone": self._clone,
            "back_up_server": self._back_up_server,
            "restore_server": self._restore_server,
            "confirm": self._confirm,
            "look_into_backup": self._look_into_backup,
            "jump": self._jump,
        }

    def _new_path(self, name: str) -> Path:
        self._made += 1
        return self._world.folder / f"{name}-{self._made}"

    def _take_image(self, till: SimulatedTill, _seed: random.Random) -> str:
        if not till.is_up or self._made >= _IMAGES_MAX:
            return "not now"
        images = self._images.setdefault(till.name, [])
        images.append(self._image_of(till))
        return str(len(images))

    def _image_of(self, till: SimulatedTill) -> _Image:
        folder = self._new_path(f"{till.name}-image")
        copy_till_folder(till.folder, folder)
        with till.till.context.store.read() as read:
            rights = {
                member: read.journal.rights(MemberId(member)).spendable
                for member in self._world.oracle.members
            }
        return _Image(folder, self._world.oracle.disks[till.name].copy(), rights)

    def _restore_till(self, till: SimulatedTill, seed: random.Random) -> str:
        """Put an older disk into a till."""
        images = self._images.get(till.name)
        if not images:
            return "no image"
        image = seed.choice(images)
        till.die()
        copy_database(image.folder / DATABASE_NAME, till.database)
        self._branch(image)
        self._world.oracle.disks[till.name] = image.disk.copy()
        self._world.open_till(till)
        return f"{image.disk.seq} events"

    def _clone(self, till: SimulatedTill, _seed: random.Random) -> str:
        """Let a second machine go on with a copy of a till's disk."""
        clones = len(self._world.tills) - len(self._world.oracle.disks.keys() & _FIRST_TILLS)
        if not till.is_up or clones >= _CLONES_MAX:
            return "not now"
        image = self._image_of(till)
        self._branch(image)
        clone = self._world.add_till(image.folder.name, image.disk)
        return clone.name

    def _branch(self, image: _Image) -> None:
        """A copied disk may spend what it copied, once more; nobody can prevent that."""
        self._world.oracle.forgive(image.rights)
        self._world.oracle.risk_allowed += self._world.profile.allowance_points

    def _rush(self, seed: random.Random) -> None:
        """One member is wanted at every till, and two of them are first to ask.

        So grants come right after a backup or a restore, where they may be lost or doubled.
        """
        members = self._world.oracle.members
        for till in self._world.tills if members else ():
            till.wants[MemberId(seed.choice(members[:2]))] = _RUSH_POINTS
        for till in seed.sample(self._world.tills, 2):
            self._world.talk_out(till, seed)

    def _back_up_server(self, _till: SimulatedTill, seed: random.Random) -> str:
        if self._has_looked and self._has_restored:
            # A copy of books that tills have yet to complete is none to go back to.
            return "not after a restore"
        path = self._new_path("server-backup")
        copy_database(self._world.server.path, path)
        self._backups.append(_Backup(path, self._granted()))
        self._rush(seed)
        return str(len(self._backups))

    def _granted(self) -> Mapping[tuple[str, str], int]:
        world = self._world
        if not world.server.is_up:
            world.server.open()
        with world.server.database.read() as session:
            rows = session.fetch("SELECT member, stream, granted FROM rights")
        return {(str(member), str(stream)): int(granted) for member, stream, granted in rows}

    def _restore_server(self, _till: SimulatedTill, seed: random.Random) -> str:
        """Bring old books back; the owner says so, or nobody does."""
        if not self._backups:
            return "no backup"
        self._has_restored = True
        world, backup = self._world, seed.choice(self._backups[-_BACKUPS_KEPT:])
        for place, points in self._granted().items():
            self._ever_granted[place] = max(points, self._ever_granted.get(place, 0))
        world.server.die()
        copy_database(backup.path, world.server.path)
        world.server.open()
        is_announced = seed.random() < 1 / 2
        if is_announced:
            self._declare()
        if not is_announced or world.profile.has_second_writers:
            # Until the first till finds out, forgotten grants may be granted again; those of
            # a journal that its till has closed since are nobody's to report.
            for (member, stream), points in self._ever_granted.items():
                world.oracle.forgive({member: points - backup.granted.get((member, stream), 0)})
        self.was_silent |= not is_announced
        self._rush(seed)
        return "announced" if is_announced else "silent"

    def _declare(self) -> None:
        world = self._world
        self._restored_servers += 1
        declare_restored(
            world.server.database, world.template.merchant, times=self._restored_servers
        )

    def _look_into_backup(self, _till: SimulatedTill, _seed: random.Random) -> str:
        """Record what tills may forget, by the oldest backup that may yet be brought back."""
        if len(self._backups) < _BACKUPS_KEPT or self._has_restored:
            return "not now"
        self._has_looked = True
        world = self._world
        if not world.server.is_up:
            world.server.open()
        url = f"{SQLITE_PREFIX}{self._backups[-_BACKUPS_KEPT].path}"
        found = record_durable(world.server.database, url="", backup_url=url)
        return f"{found.streams} {found.events}"

    def _confirm(self, _till: SimulatedTill, _seed: random.Random) -> str:
        """The owner says that the list of tills is whole; before all have reported, in vain."""
        world = self._world
        if not world.server.is_up:
            world.server.open()
        try:
            with world.server.database.write() as session:
                roster.confirm(session, world.template.merchant)
        except CommandRefused as refused:
            return refused.code.value
        return "confirmed"

    def _jump(self, till: SimulatedTill, seed: random.Random) -> str:
        """Set a clock wrong, or right again."""
        jump_ms = seed.choice(_JUMPS_MS) * seed.choice((1, -1))
        clock = self._world.server.clock if seed.random() < 1 / 5 else till.clock
        clock.skew_ms = jump_ms
        return str(jump_ms)


_FIRST_TILLS = frozenset({"till-1", "till-2", "till-3"})
