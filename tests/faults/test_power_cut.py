"""The power goes: what was promised is there, whatever the disk had in its cache."""

import random
import shutil
import sys
from pathlib import Path

import pytest

from pos_loyalty.domain.errors import LoyaltyError, StoreUnavailable
from pos_loyalty.store.verification import verify
from tests.faults.disk_images import ACKS, Change, Disk, read_log
from tests.faults.disk_shim import run_child
from tests.faults.prepared import prepare, sample
from tests.sample_till import event_ids, sell

linux_only = pytest.mark.skipif(sys.platform != "linux", reason="needs LD_PRELOAD")
ID_LENGTH = 32


class Cuts:
    """Cuts the power after each recorded change and looks at what is left."""

    def __init__(self, start: Path, log: Path, place: Path) -> None:
        self._start = start
        self._changes = read_log(log)
        self._place = place
        self.cuts = 0
        self.lost: list[str] = []
        self.damaged: list[str] = []

    def make(self, seed: int, *, every: int = 1) -> None:
        """Cut after every n-th change; count promises that are lost, and files that are bad."""
        chance = random.Random(seed)
        disk = Disk.of_folder(self._start)
        promised: list[str] = []
        for number, change in enumerate(self._changes):
            if change.name == ACKS:
                promised += _ids_in(change)
            else:
                disk.apply(change)
            if number % every == 0:
                self._cut(disk, chance, promised, f"seed {seed}, change {number}")

    def _cut(self, disk: Disk, chance: random.Random, promised: list[str], where: str) -> None:
        self.cuts += 1
        shutil.rmtree(self._place, ignore_errors=True)
        disk.write_image(self._place, chance)
        try:
            with sample(self._place, seed=9).open() as till, till.context.store.read() as work:
                there = set(event_ids(work.connection))
                finding = verify(work.connection).finding
        except LoyaltyError as error:
            self.damaged.append(f"{where}: {error}")
            return
        if finding is not None:
            self.damaged.append(f"{where}: {finding.what}")
        self.lost += [f"{where}: {one}" for one in promised if one not in there]


def _ids_in(change: Change) -> list[str]:
    text = change.data.decode()
    return [text[at : at + ID_LENGTH] for at in range(0, len(text), ID_LENGTH)]


def _recorded(tmp_path: Path, library: Path, *, deed: str, words: tuple[object, ...] = ()) -> Cuts:
    log = tmp_path / "disk.log"
    run_child(deed, tmp_path / "till", log, *words, library=library)
    return Cuts(tmp_path / "disk.start", log, tmp_path / "image")


@linux_only
def test_F02_power_cut_at_each_change_loses_no_promised_sale(
    tmp_path: Path, library: Path, rounds: int
) -> None:
    cuts = _recorded(tmp_path, library, deed="record-sales", words=("FULL", 12))

    for seed in range(rounds):
        cuts.make(seed)

    assert cuts.cuts > 150
    assert cuts.damaged == []
    assert cuts.lost == []


@linux_only
def test_F02_without_a_flush_at_each_commit_this_very_test_finds_lost_sales(
    tmp_path: Path, library: Path
) -> None:
    cuts = _recorded(tmp_path, library, deed="record-sales", words=("NORMAL", 12))

    cuts.make(1, every=3)

    assert cuts.lost


@linux_only
def test_F03_power_cut_while_a_till_is_made_opens_or_begins_again(
    tmp_path: Path, library: Path, rounds: int
) -> None:
    cuts = _recorded(tmp_path, library, deed="record-creation")

    for seed in range(2 * rounds):
        cuts.make(seed)

    assert cuts.damaged == []
    assert cuts.lost == []


def test_S19_F08_a_wal_cut_at_any_byte_opens_at_a_commit(tmp_path: Path, rounds: int) -> None:
    member = prepare(tmp_path / "till")
    sample_till = sample(tmp_path / "till", seed=2)
    counts: list[int] = []
    with sample_till.open() as till:
        sales = [sell(till, member, 1500).sale_id for _ in range(3)]
        crashed = tmp_path / "crashed"
        shutil.copytree(tmp_path / "till", crashed, ignore=shutil.ignore_patterns("*-shm"))
    wal = crashed / "data" / "till.db-wal"
    whole = wal.read_bytes()
    chance = random.Random(8)
    cuts = {0, len(whole), *(chance.randrange(len(whole)) for _ in range(60 * rounds))}

    for size in sorted(cuts):
        place = tmp_path / "cut"
        shutil.rmtree(place, ignore_errors=True)
        shutil.copytree(crashed, place)
        (place / "data" / "till.db-wal").write_bytes(whole[:size])
        with sample(place).open() as till, till.context.store.read() as work:
            assert verify(work.connection).finding is None
            there = [sale for sale in sales if sale in event_ids(work.connection)]
        assert there == sales[: len(there)]
        counts.append(len(there))

    assert counts == sorted(counts)
    assert counts[-1] == len(sales)


def test_F03_a_draft_without_its_label_is_begun_again(tmp_path: Path) -> None:
    till = sample(tmp_path)
    (tmp_path / "data").mkdir()
    till.folder.draft.write_bytes(b"half a database")

    with till.open() as opened:
        assert opened.created


def test_F03_a_labeled_draft_is_finished(tmp_path: Path) -> None:
    till = sample(tmp_path)
    prepare(tmp_path)
    till.folder.database.rename(till.folder.draft)

    with till.open() as opened:
        assert not opened.created

    assert till.finding() is None


@pytest.mark.parametrize("missing", ["till.db", "till.json"])
def test_F03_half_a_till_is_never_taken_for_a_new_one(missing: str, tmp_path: Path) -> None:
    prepare(tmp_path)
    others = {
        path.name: path.read_bytes()
        for path in (tmp_path / "data").iterdir()
        if path.name != missing
    }
    (tmp_path / "data" / missing).unlink()

    with pytest.raises(StoreUnavailable):
        sample(tmp_path).open()

    assert {path.name: path.read_bytes() for path in (tmp_path / "data").iterdir()} == others
