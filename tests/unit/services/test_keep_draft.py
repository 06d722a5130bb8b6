"""F62: the sale in hand outlives the till that it was typed at, once, and never beside itself."""

from collections.abc import Callable
from pathlib import Path

import msgspec
import pytest

from pos_loyalty.domain.ids import CardKey, MemberId, RewardId, SaleId
from pos_loyalty.services.back_up import BackUp, BackUpHandler
from pos_loyalty.services.keep_draft import DRAFT_MS_MAX, KeepDraft, SaleInHand, TakeDraft
from pos_loyalty.services.record_sale import RecordSale
from pos_loyalty.services.restore import RestoreTill, RestoreTillHandler
from pos_loyalty.services.undo_sale import UndoSale
from pos_loyalty.store.settings import Setting
from pos_loyalty.till import Till
from tests.sample_till import SAMPLE_START_MS, SampleTill

SALE = SaleInHand(
    sale_id=SaleId("01" * 16),
    typed="12.5",
    lines=(450, 300),
    member_id=MemberId("02" * 16),
    card_key=CardKey("03" * 16),
    card_hint="4417",
    found_by="card",
    rewards=((RewardId("free-pastry"), None), (RewardId("pay-with-points"), 250)),
)


def keep(till: Till, sale: SaleInHand | None = SALE, *, at_ms: int = SAMPLE_START_MS) -> None:
    till.keep_draft(KeepDraft(sale, at_ms))


def record(till: Till, sale_id: SaleId = SALE.sale_id) -> None:
    till.record_sale(RecordSale(total=2000, sale_id=sale_id))


def stored(till: Till) -> str:
    with till.context.store.read() as work:
        return work.settings.text(Setting.SALE_DRAFT)


def silent(_stage: str, _done: int, _total: int) -> None:
    """Show nothing."""


def test_F62_a_kept_sale_comes_back_whole_at_the_next_opening(sample: SampleTill) -> None:
    with sample.open() as till:
        keep(till)

    with sample.open() as till:
        taken = till.take_draft(TakeDraft())

    assert taken is not None
    assert taken.sale == SALE
    assert taken.changed_ms == SAMPLE_START_MS


def test_F62_it_comes_back_once(till: Till) -> None:
    keep(till)

    assert till.take_draft(TakeDraft()) is not None
    assert till.take_draft(TakeDraft()) is None


def test_F62_the_newest_state_counts_and_nothing_is_a_state(till: Till) -> None:
    keep(till)
    keep(till, msgspec.structs.replace(SALE, typed="99"))
    taken = till.take_draft(TakeDraft())
    assert taken is not None
    assert taken.sale.typed == "99"

    keep(till)
    keep(till, None)
    assert till.take_draft(TakeDraft()) is None


@pytest.mark.parametrize("undone", [False, True])
def test_F62_a_saved_sale_never_comes_back_undone_or_not(till: Till, *, undone: bool) -> None:
    keep(till)
    record(till)
    if undone:
        till.undo_sale(UndoSale(SALE.sale_id))

    assert till.take_draft(TakeDraft()) is None
    assert stored(till) == ""


def test_F62_a_sale_is_not_kept_after_it_was_saved(till: Till) -> None:
    record(till)
    keep(till)

    assert stored(till) == ""


def test_F62_another_sale_leaves_the_one_in_hand_alone(till: Till) -> None:
    keep(till)
    record(till, SaleId("04" * 16))

    assert till.take_draft(TakeDraft()) is not None


@pytest.mark.parametrize(
    ("minutes", "comes_back"), [(0, True), (14, True), (16, False), (-16, False), (600_000, False)]
)
def test_F62_is_over_after_a_quarter_of_an_hour(
    sample: SampleTill, minutes: int, *, comes_back: bool
) -> None:
    with sample.open() as till:
        keep(till, at_ms=sample.clock.time_ms)
        sample.clock.time_ms += minutes * 60_000
        assert (till.take_draft(TakeDraft()) is not None) is comes_back
        assert stored(till) == ""


def test_the_limit_is_fifteen_minutes() -> None:
    assert DRAFT_MS_MAX == 15 * 60 * 1000


@pytest.mark.parametrize(
    "text",
    [
        "{",
        "[]",
        '{"changed_ms":1}',
        '{"changed_ms":1790000000000,"sale":{"sale_id":"0123"}}',
        '{"changed_ms":1790000000000,"sale":{"sale_id":"ID","of_tomorrow":1}}',
        '{"changed_ms":1790000000000,"sale":{"sale_id":"ID","lines":[-5]}}',
        '{"changed_ms":1790000000000,"sale":{"sale_id":"ID","typed":"1e9"}}',
        '{"changed_ms":1790000000000,"sale":{"sale_id":"ID","typed":"1\\n"}}',
    ],
)
def test_a_draft_that_is_not_of_this_program_is_dropped(till: Till, text: str) -> None:
    with till.context.store.write() as work:
        work.settings.put(Setting.SALE_DRAFT, text.replace("ID", SALE.sale_id))
        work.commit()

    assert till.take_draft(TakeDraft()) is None
    assert stored(till) == ""


def test_keeping_wakes_nobody_and_a_sale_does(till: Till) -> None:
    told: list[str] = []
    till.context.store.after_write = lambda: told.append("news")

    keep(till)
    till.take_draft(TakeDraft())
    assert told == []

    record(till)
    assert told == ["news"]


def test_a_start_without_a_draft_writes_nothing(
    till: Till, monkeypatch: pytest.MonkeyPatch
) -> None:
    def no_write() -> None:
        raise AssertionError("nothing to write")

    monkeypatch.setattr(till.context.store, "write", no_write)

    assert till.take_draft(TakeDraft()) is None


def test_a_sale_touches_no_draft(till: Till, statements: Callable[[Till], list[str]]) -> None:
    """The bench counts one flush for a sale; the draft adds not even a page to it."""
    keep(till)
    seen = statements(till)
    record(till)

    written = [one for one in seen if one.startswith(("INSERT", "UPDATE", "DELETE"))]
    assert written
    assert not any("sale_draft" in one for one in seen)
    assert [one for one in seen if one == "COMMIT"] == ["COMMIT"]


@pytest.fixture
def statements() -> Callable[[Till], list[str]]:
    """Return what notes every statement of a till's writer from now on."""

    def begin(till: Till) -> list[str]:
        seen: list[str] = []
        till.context.store._writer.set_trace_callback(seen.append)
        return seen

    return begin


def test_F62_a_backup_brings_no_sale_back(sample: SampleTill, tmp_path: Path) -> None:
    """Meanwhile it was saved in a journal that the backup does not know."""
    backup = tmp_path / "till.backup"
    with sample.open() as till:
        keep(till)
        handler = BackUpHandler(sample.keys, clock=sample.clock, ids=sample.ids, progress=silent)
        code = handler(BackUp(sample.data, backup)).recovery_code
        record(till)

    again = SampleTill(tmp_path / "again", keys=sample.keys)
    RestoreTillHandler(again.keys, silent)(RestoreTill(backup, again.data, code))

    with again.open() as till:
        assert stored(till) == ""
        assert till.take_draft(TakeDraft()) is None
