"""What is done to whole files: back up, restore, migrate; and what must hold after a kill."""

import os
from pathlib import Path
from typing import Any

from sqlite_utils import Database

from pos_loyalty.domain.errors import LoyaltyError
from pos_loyalty.services.back_up import BackUp, BackUpHandler
from pos_loyalty.services.restore import RestoreTill, RestoreTillHandler
from pos_loyalty.store import database, opening, unit_of_work
from pos_loyalty.store.backup import try_backup
from pos_loyalty.store.keys import FileKeys
from pos_loyalty.store.migrations import migrations
from tests.faults.prepared import sample, silent, tables


class BackupDeed:
    """Back up over an older backup."""

    def prepare(self, place: Path) -> None:
        self.do(place)

    def before(self) -> None:
        pass

    def do(self, place: Path) -> None:
        till = sample(place, seed=5)
        back_up = BackUpHandler(till.keys, clock=till.clock, ids=till.ids, progress=silent)
        back_up(BackUp(till.data, place / "shop.backup", may_replace=True))

    def look(self, place: Path) -> dict[str, Any]:
        till = sample(place)
        manifest = try_backup(place / "shop.backup", till.key(), progress=silent)
        return {"good": till.finding() is None and manifest.events == 2}


class RestoreDeed:
    """Restore a backup into a new folder, with a known code."""

    def prepare(self, place: Path) -> None:
        till = sample(place, seed=5)
        back_up = BackUpHandler(till.keys, clock=till.clock, ids=till.ids, progress=silent)
        done = back_up(BackUp(till.data, place / "shop.backup"))
        (place / "code").write_text(done.recovery_code, encoding="ascii")

    def before(self) -> None:
        pass

    def do(self, place: Path) -> None:
        code = (place / "code").read_text(encoding="ascii")
        keys = FileKeys(place / "new" / "keys")
        restore = RestoreTillHandler(keys, silent)
        restore(RestoreTill(place / "shop.backup", place / "new" / "data", code))

    def look(self, place: Path) -> dict[str, Any]:
        """After a kill the same command again works, or the till is there already."""
        try:
            self.do(place)
            again = ""
        except LoyaltyError as error:
            again = error.code.value
        sample(place / "new").open().close()
        whole = tables(place / "new") == tables(place)
        return {"good": whole and again in {"", "E-RESTORE-TARGET"}, "again": again}


class MigrationDeed:
    """Open with a program that has one more migration."""

    def prepare(self, place: Path) -> None:
        pass

    def before(self) -> None:
        add_migration()

    def do(self, place: Path) -> None:
        sample(place, seed=5).open().close()

    def look(self, place: Path) -> dict[str, Any]:
        """In a process of its own, for it changes the program: does the new one open it?"""
        reader, writer = os.pipe()
        process = os.fork()
        if process == 0:
            add_migration()
            sample(place).open().close()
            good = sample(place).finding() is None and len(tables(place)["event"]) == 2
            os.write(writer, b"1" if good else b"0")
            os._exit(0)
        os.waitpid(process, 0)
        os.close(writer)
        with os.fdopen(reader, "rb") as answer:
            return {"good": answer.read() == b"1"}


FILE_DEEDS: dict[str, BackupDeed | RestoreDeed | MigrationDeed] = {
    "backup": BackupDeed(),
    "restore": RestoreDeed(),
    "migrate": MigrationDeed(),
}


NOW = database.SCHEMA_VERSION
NEXT = NOW + 1


def be_version(number: int) -> None:
    """Let this process be the program whose newest schema has this number."""
    database.SCHEMA_VERSION = opening.SCHEMA_VERSION = unit_of_work.SCHEMA_VERSION = number


def add_migration() -> None:
    """Make this process the next version of the program, with one more migration."""
    be_version(NEXT)
    migrations(name="m900_test")(_next_step)


def _next_step(tables_of: Database) -> None:
    tables_of.conn.execute("ALTER TABLE member ADD COLUMN birthday TEXT NOT NULL DEFAULT ''")
    tables_of.conn.execute("UPDATE member SET birthday = '1990-01-01'")
    tables_of.conn.execute(f"PRAGMA user_version = {NEXT}")
