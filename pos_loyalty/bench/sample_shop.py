"""A till of the benchmark: joined by hand to a server that is not there, with many members."""

import random
import shutil
import tempfile
from collections.abc import Generator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Final

from pos_loyalty.bench.figure import Progress
from pos_loyalty.bench.own_process import in_own_process
from pos_loyalty.bench.sample_members import SampleMembers
from pos_loyalty.domain.ids import MerchantId, ShopId, TillId
from pos_loyalty.services.system_sources import SystemClock, SystemIds
from pos_loyalty.store.data_folder import DataFolder
from pos_loyalty.store.database import connect_writer
from pos_loyalty.store.joining import Joining, Membership
from pos_loyalty.store.keys import FileKeys
from pos_loyalty.store.opening import read_key
from pos_loyalty.till import open_till

MERCHANT: Final = MerchantId("0" * 31 + "1")
_NOBODY: Final = "http://127.0.0.1:9"
_BULK_CACHE_KIB: Final = 64 * 1024


class DayClock(SystemClock):
    """A clock of a busy counter's day: it moves on from sale to sale."""

    def __init__(self, seed: int = 1) -> None:
        super().__init__()
        self._chance = random.Random(seed)
        self._passed_ms = 0

    def next_sale(self) -> None:
        """Let 15 seconds to 3 minutes pass."""
        self._passed_ms += self._chance.randrange(15_000, 180_000)

    def now_ms(self) -> int:
        """Return the day's time in milliseconds since 1970."""
        return _OPENING_MS + self._passed_ms

    def monotonic_ms(self) -> int:
        """Return the same walk on the machine's other clock."""
        return _BOOT_MS + self._passed_ms


_OPENING_MS: Final = 1_790_000_000_000
_BOOT_MS: Final = 3_600_000


class SampleFolder:
    """A till's data folder that can be copied, with its key."""

    def __init__(self, path: Path, keys_path: Path) -> None:
        self.folder = DataFolder(path)
        self.keys_path = keys_path

    @property
    def keys(self) -> FileKeys:
        """Where the key is kept: never beside the person's own ones."""
        return FileKeys(self.keys_path)

    @property
    def key(self) -> bytes:
        """The key of the database."""
        return read_key(self.folder, self.keys)

    def copy(self, name: str) -> "SampleFolder":
        """Copy the closed folder beside this one."""
        target = self.folder.path.with_name(name)
        shutil.copytree(self.folder.path, target)
        return SampleFolder(target, self.keys_path)


@contextmanager
def sample_folder(members: SampleMembers, progress: Progress) -> Generator[SampleFolder]:
    """Make a till that knows the members, on the disk of temporary files; removed at the end."""
    with tempfile.TemporaryDirectory(prefix="pos-bench-") as scratch:
        sample = SampleFolder(Path(scratch) / "till", Path(scratch) / "keys")
        with open_till(sample.folder.path, keys=sample.keys) as till:
            context = till.context
            Joining(context.store, context.clock, context.ids).belong(_membership())
        in_own_process(_write, sample.folder.database, sample.key, members, progress)
        yield sample


def _write(path: Path, key: bytes, members: SampleMembers, progress: Progress) -> None:
    with closing(connect_writer(path, key)) as connection:
        connection.execute(f"PRAGMA cache_size = -{_BULK_CACHE_KIB}")
        members.write(connection, MERCHANT, progress)


def _membership() -> Membership:
    ids = SystemIds(SystemClock())
    return Membership(
        server_url=_NOBODY,
        merchant=MERCHANT,
        merchant_name="Corner Café",
        country="DE",
        shop=ShopId(ids.next_id()),
        shop_name="Main street",
        till=TillId(ids.next_id()),
        till_name="Till 1",
        epoch=1,
        token=ids.next_id(),
    )
