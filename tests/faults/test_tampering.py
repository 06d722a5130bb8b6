"""Somebody has the disk, the file, or even the key."""

import random
import shutil
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path

import pytest
from sqlcipher3 import dbapi2

from pos_loyalty.domain.error_catalog import Code
from pos_loyalty.domain.errors import CommandRefused, StoreUnavailable
from pos_loyalty.domain.ids import SaleId
from pos_loyalty.services.back_up import BackUp, BackUpHandler
from pos_loyalty.services.restore import RecoverKey, RecoverKeyHandler
from pos_loyalty.services.undo_sale import UndoSale
from pos_loyalty.store.database import Connection
from pos_loyalty.store.keys import FileKeys
from pos_loyalty.store.verification import verify
from tests.faults.prepared import silent
from tests.sample_till import SampleTill, blank_card, enroll, event_ids, sell

_EVENTS = 60
_SPARE_SEQ = 10**6
_CANARY_NAME = "Canarienvogel Zwitscher"
_CANARY_PHONE = "+491511234567"


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> SampleTill:
    """Return a till with some history."""
    sample = SampleTill(tmp_path_factory.mktemp("shop") / "data")
    with sample.open() as till:
        members = [enroll(till, f"Member {number}") for number in range(4)]
        for number in range(_EVENTS - 8):
            sell(till, members[number % 4], 1000 + number)
        for _ in range(4):
            till.undo_sale(UndoSale(SaleId(sell(till, members[0], 100).sale_id)))
    return sample


@contextmanager
def _tampering(sample: SampleTill) -> Generator[Connection]:
    """Give a connection whose changes are taken back at the end."""
    connection = sample.tool()
    connection.execute("BEGIN IMMEDIATE")
    yield connection
    connection.execute("ROLLBACK")
    connection.close()


def _found(connection: Connection) -> tuple[int, str]:
    finding = verify(connection).finding
    assert finding is not None
    return finding.seq, finding.what


def test_A26_each_altered_event_is_named(shop: SampleTill) -> None:
    chance = random.Random(26)
    with _tampering(shop) as connection:
        rows = connection.execute("SELECT seq, bytes FROM event ORDER BY seq").fetchall()
        for seq, data in rows:
            copy = bytearray(data)
            copy[chance.randrange(len(copy))] ^= 1 << chance.randrange(8)
            connection.execute("SAVEPOINT one")
            connection.execute("UPDATE event SET bytes = ? WHERE seq = ?", (bytes(copy), seq))
            assert _found(connection)[0] == seq
            connection.execute("ROLLBACK TO one")
        assert verify(connection).finding is None

    assert len(rows) >= _EVENTS


def test_A26_each_deleted_event_is_named(shop: SampleTill) -> None:
    with _tampering(shop) as connection:
        count = len(event_ids(connection))
        for seq in range(1, count + 1):
            connection.execute("SAVEPOINT one")
            connection.execute("DELETE FROM event WHERE seq = ?", (seq,))
            found, what = _found(connection)
            # A hole shows at the event after it, the missing end at its own place.
            assert found == (seq if seq == count else seq + 1)
            assert what
            connection.execute("ROLLBACK TO one")


def test_A26_each_reordered_pair_is_named(shop: SampleTill) -> None:
    with _tampering(shop) as connection:
        for seq in range(1, len(event_ids(connection))):
            connection.execute("SAVEPOINT one")
            for old, new in ((seq, _SPARE_SEQ), (seq + 1, seq), (_SPARE_SEQ, seq + 1)):
                connection.execute("UPDATE event SET seq = ? WHERE seq = ?", (new, old))
            assert _found(connection)[0] == seq
            connection.execute("ROLLBACK TO one")


@pytest.mark.parametrize(
    ("statement", "what"),
    [
        ("UPDATE event SET at_ms = at_ms + 1 WHERE seq = 9", "its index fields differ"),
        ("UPDATE event SET kind = 'undo' WHERE seq = 9", "its index fields differ"),
        ("UPDATE event SET hash = zeroblob(32) WHERE seq = 9", "do not fit the chain"),
        ("UPDATE stream SET last_seq = last_seq + 1", "ends before its recorded end"),
        ("UPDATE ledger_entry SET points = points + 1 WHERE seq = 9", "its ledger entries differ"),
        ("DELETE FROM ledger_entry WHERE seq = 9", "its ledger entries differ"),
        ("INSERT INTO ledger_entry VALUES ('m', 1, 9, 7, 'accrual', 5, 0)", "its ledger entries"),
        ("INSERT INTO ledger_entry VALUES ('m', 9, 9, 7, 'accrual', 5, 0)", "its ledger entries"),
        ("UPDATE points SET overlay_points = overlay_points + 100", "points cached"),
        ("UPDATE points SET overlay_earned = overlay_earned + 100", "points cached"),
        ("DELETE FROM points", "points cached"),
        ("UPDATE points SET used = used + 1", "spend rights differ"),
        ("UPDATE points SET earned = earned + 1000", "spend rights differ"),
        ("DELETE FROM reversed_sale", "whether it was undone"),
        ("INSERT INTO reversed_sale VALUES ('nobody', 'nothing')", "whether it was undone"),
    ],
)
def test_A26_altered_books_are_noticed(statement: str, what: str, shop: SampleTill) -> None:
    with _tampering(shop) as connection:
        connection.execute(statement)
        assert what in _found(connection)[1]


def test_A26_bytes_that_fit_the_chain_but_are_no_event_are_named(tmp_path: Path) -> None:
    from pos_loyalty.domain.event import chain_hash

    sample = SampleTill(tmp_path / "data")
    with sample.open() as till:
        enroll(till)
        with till.context.store.read() as work:
            stream = work.journal.stream()
    nonsense = b'{"kind":"nonsense"}'
    digest = chain_hash(stream.last_hash, nonsense)
    with _tampering(sample) as connection:
        connection.execute(
            "INSERT INTO event VALUES (1, 2, 'x', 'nonsense', 0, ?, ?)", (nonsense, digest)
        )
        connection.execute("UPDATE stream SET last_seq = 2, last_hash = ?", (digest,))
        assert _found(connection) == (2, "its bytes are not readable")


def test_A35_no_personal_value_is_readable_in_any_file(tmp_path: Path) -> None:
    sample = SampleTill(tmp_path / "data", keys=FileKeys(tmp_path / "keys"))
    target = tmp_path / "shop.backup"
    with sample.open() as till:
        card = blank_card(till.context.store, "c")
        member = enroll(till, _CANARY_NAME, _CANARY_PHONE)
        sell(till, member, 4711)
        back_up = BackUpHandler(sample.keys, clock=sample.clock, ids=sample.ids, progress=silent)
        back_up(BackUp(sample.data, target))
        shutil.copytree(sample.data, tmp_path / "stolen")
    files = [path for path in tmp_path.rglob("*") if path.is_file() and path.suffix != ".key"]
    words = [_CANARY_NAME, "Canarien", "zwitscher", _CANARY_PHONE, "1511234567", card, member]
    secrets = [word.encode(code) for word in words for code in ("utf-8", "utf-16-le")]
    secrets += [sample.key(), sample.key().hex().encode()]

    assert {"till.db", "till.db-wal", "shop.backup"} <= {path.name for path in files}
    found = [
        (path.name, secret) for path in files for secret in secrets if secret in path.read_bytes()
    ]
    assert found == []


def test_A35_stolen_folder_does_not_open(tmp_path: Path) -> None:
    with SampleTill(tmp_path / "data").open() as till:
        enroll(till)

    connection = dbapi2.connect(str(tmp_path / "data" / "till.db"))
    with pytest.raises(dbapi2.DatabaseError):
        connection.execute("SELECT * FROM member")
    connection.close()
    with pytest.raises(StoreUnavailable) as caught:
        SampleTill(tmp_path / "data").open()

    assert caught.value.code is Code.KEY_LOST


def test_F57_lost_key_comes_back_with_the_code_and_unsent_sales_are_kept(tmp_path: Path) -> None:
    sample = SampleTill(tmp_path / "data", keys=FileKeys(tmp_path / "config" / "keys"))
    with sample.open() as till:
        member = enroll(till)
        back_up = BackUpHandler(sample.keys, clock=sample.clock, ids=sample.ids, progress=silent)
        code = back_up(BackUp(sample.data, tmp_path / "shop.backup")).recovery_code
        unsent = sell(till, member, 1234).sale_id
    shutil.rmtree(tmp_path / "config")
    elsewhere = FileKeys(tmp_path / "other config" / "keys")
    recover = RecoverKeyHandler(elsewhere)

    with pytest.raises(StoreUnavailable) as lost:
        sample.open()
    with pytest.raises(CommandRefused) as refused:
        recover(RecoverKey(sample.data, "AAAA-" * 7 + "AAAA"))
    recover(RecoverKey(sample.data, code.lower().replace("-", " ")))

    again = SampleTill(tmp_path / "data", keys=elsewhere, seed=2)
    with again.open() as till, till.context.store.read() as work:
        assert unsent in event_ids(work.connection)
        assert work.journal.stream().pending == 2
    assert lost.value.code is Code.KEY_LOST
    assert refused.value.code is Code.RECOVERY_CODE


def test_F57_another_key_is_not_taken_for_damage(tmp_path: Path) -> None:
    sample = SampleTill(tmp_path / "data")
    sample.open().close()
    database_id = next(iter(vars(sample.keys)["keys"]))
    sample.keys.write(database_id, bytes(32))

    with pytest.raises(StoreUnavailable) as caught:
        sample.open()

    assert caught.value.code is Code.KEY_LOST
