"""Real tills: what the server could not decide alone is shown, settled and forgotten."""

import json
from contextlib import closing
from pathlib import Path
from typing import Any

import msgspec
import pytest

from pos_loyalty.counter import CounterSession
from pos_loyalty.domain.errors import CommandRefused, RuleViolation
from pos_loyalty.domain.event import SaleRecorded, decode_event
from pos_loyalty.domain.ids import EventId, MemberId, SaleId
from pos_loyalty.server.owner_commands import erase_member, merge_members, unmerge_member
from pos_loyalty.services.attention import AttentionItem, ReadAttention, SettleItem
from pos_loyalty.services.history import ReadHistory
from pos_loyalty.services.look_up_member import FindMembers, LookUpMember
from pos_loyalty.services.record_sale import RecordSale, SaleDone
from pos_loyalty.services.undo_sale import UndoSale
from pos_loyalty.till import Till
from pos_loyalty.wire.messages import ProfileChange
from tests.contract.running_server import CLOCK
from tests.sample_till import enroll, sell
from tests.sync.shop import Shop, assert_sound, balance, spendable, sync, view, wait_until

PHONE = "030 901820"
CANARY = "Canaria Kanarek"


def twins(shop: Shop, *names: str) -> tuple[Till, Till, MemberId, MemberId]:
    """Sign one phone number up at two offline tills; returns tills and accounts, older first."""
    one, two = shop.joined_till("one"), shop.joined_till("two")
    one.sync.stop()
    two.sync.stop()
    members = [enroll(till, name, PHONE) for till, name in zip((one, two), names, strict=True)]
    assert members[0] < members[1]
    return one, two, members[0], members[1]


def make_one(shop: Shop, till: Till, older: MemberId, younger: MemberId) -> None:
    """Say at the server that two accounts are one person's, and let a till hear of it."""
    with closing(shop.server.open()) as database:
        merge_members(database, older, younger, clock=CLOCK)
    sync(till)


def asked(till: Till) -> list[AttentionItem]:
    """Return the items that ask whether two accounts are one person's."""
    return [item for item in till.attention(ReadAttention()).items if item.kind == "same_phone"]


def open_items(till: Till) -> list[AttentionItem]:
    return list(till.attention(ReadAttention(only_open=True)).items)


def test_S37_one_phone_at_two_offline_tills_is_one_member_at_both(shop: Shop) -> None:
    one, two, older, younger = twins(shop, "Ana Ruiz", "Ana Ruiz")
    sell(one, older)
    sell(two, younger, 20_000)

    sync(one)
    seen = [balance(two, younger)]
    sync(two)
    seen.append(balance(two, younger))
    make_one(shop, two, older, younger)
    seen.append(balance(two, younger))
    sync(one)
    sync(two)

    assert seen == sorted(seen), "nobody sees fewer points on the way"
    for till in (one, two):
        assert view(till, younger).id == view(till, older).id == older
        assert balance(till, younger) == balance(till, older) == 50 + 21 + 50 + 200
        assert till.look_up_member(LookUpMember(phone=PHONE)).id == older
        assert [found.id for found in till.find_members(FindMembers("ana"))] == [older]
        assert_sound(till)
    assert spendable(two, younger) == 0, "the rights of the merged account went back"
    assert shop.server.verified().faults == []


def test_S37_a_sale_for_the_merged_account_is_written_for_the_one_that_stayed(shop: Shop) -> None:
    one, two, older, younger = twins(shop, "Ana Ruiz", "Ana Ruiz")
    sync(one)
    sync(two)
    make_one(shop, two, older, younger)

    done = sell(two, younger)
    again = sell_again(two, done.sale_id, younger)

    with two.context.store.read() as work:
        event = decode_event(work.journal.newest("sale", 1)[0].data)
    assert isinstance(event, SaleRecorded)
    assert event.member == older
    assert again.already
    assert [line.points for line in two.history(ReadHistory(younger))][-1] == done.earned_points


def sell_again(till: Till, sale_id: SaleId, member: MemberId) -> SaleDone:

    return till.record_sale(
        RecordSale(total=2100, member_id=member, found_by="card", sale_id=sale_id)
    )


def test_S37_a_sale_from_before_the_merge_can_still_be_undone(shop: Shop) -> None:
    one, two, older, younger = twins(shop, "Ana Ruiz", "Ana Ruiz")
    done = sell(two, younger)
    sync(one)
    sync(two)
    make_one(shop, two, older, younger)
    before = balance(two, older)

    undone = two.undo_sale(UndoSale(done.sale_id))
    sync(two)
    sync(two)
    sync(one)

    assert undone.balance_points == before - done.earned_points
    assert balance(one, older) == balance(two, older) == before - done.earned_points
    assert shop.server.verified().faults == []


def test_S37_taken_apart_both_accounts_are_found_again(shop: Shop) -> None:
    one, two, older, younger = twins(shop, "Ana Ruiz", "Ana Ruiz")
    sync(one)
    sync(two)
    make_one(shop, two, older, younger)
    with closing(shop.server.open()) as database:
        unmerge_member(database, younger, clock=CLOCK)

    sync(two)

    assert view(two, younger).id == younger
    assert (balance(two, older), balance(two, younger)) == (50, 50)
    assert len(two.find_members(FindMembers("ana"))) == 2


def test_F36_rights_that_a_basket_counts_on_go_back_after_the_sale_and_after_a_restart(
    shop: Shop,
) -> None:
    one, two, older, younger = twins(shop, "Ana Ruiz", "Ana Ruiz")
    sell(two, younger, 20_000)
    two.sync.reserve_rights(younger, 150)
    sync(one)
    sync(two)
    make_one(shop, two, older, younger)
    assert spendable(two, younger) == 150

    shop.close(two)
    two = shop.open_till("two")
    sync(two)
    sync(two)

    assert spendable(two, younger) == 0
    wait_until(lambda: two.context.ask_rights(older, 250))
    assert spendable(two, older) >= 250


def test_an_item_is_shown_and_settled_without_a_line(shop: Shop) -> None:
    one, two, older, younger = twins(shop, "Ana Ruiz", "Eva Ruiz")
    sync(one)
    sync(two)
    one.sync.stop()
    two.sync.stop()

    (item,) = open_items(two)
    answer = two.settle_item(SettleItem(item.item, "merge"))

    assert item.title == "One phone, two members"
    assert item.happened.startswith("Eva Ruiz and Ana Ruiz have the same phone number")
    assert answer.is_first
    assert answer.item.is_on_its_way
    assert two.count_attention() == 0
    assert balance(two, older) == 50, "only the server merges"
    again = two.settle_item(SettleItem(item.item, "apart"))
    assert not again.is_first
    assert again.item.chosen is not None
    assert again.item.chosen.id == "merge"

    sync(two)
    sync(one)
    assert balance(one, older) == balance(two, younger) == 100
    (settled,) = asked(one)
    assert [item.kind for item in open_items(one)] == ["merged"], "the owner reads of it"
    assert settled.chosen is not None
    assert (settled.chosen.id, settled.chosen_by, settled.is_on_its_way) == (
        "merge",
        two.shop.till_name,
        False,
    )
    with two.context.store.read() as work:
        assert work.attention.queued_count() == 0


def test_of_two_offline_choices_the_first_to_arrive_holds_at_both(shop: Shop) -> None:
    one, two, _, _ = twins(shop, "Ana Ruiz", "Eva Ruiz")
    sync(one)
    sync(two)
    sync(one)
    one.sync.stop()
    two.sync.stop()
    (item,) = open_items(one)
    one.settle_item(SettleItem(item.item, "apart"))
    two.settle_item(SettleItem(item.item, "merge"))

    sync(two)
    sync(one)
    sync(two)

    chosen = [asked(till)[0].chosen for till in (one, two)]
    assert [each.id for each in chosen if each] == ["merge", "merge"]


def test_what_cannot_be_chosen_is_refused_in_words(shop: Shop) -> None:
    one, two, _, _ = twins(shop, "Ana Ruiz", "Eva Ruiz")
    sync(one)
    sync(two)
    (item,) = open_items(two)

    with pytest.raises(CommandRefused, match="has no item nowhere"):
        two.settle_item(SettleItem("nowhere", "seen"))
    with pytest.raises(CommandRefused, match="apart, merge"):
        two.settle_item(SettleItem(item.item, "erase"))


def test_the_till_without_a_window_lists_and_settles(shop: Shop) -> None:
    one, two, _, _ = twins(shop, "Ana Ruiz", "Eva Ruiz")
    sync(one)
    sync(two)
    session = CounterSession(two)

    def ask(**command: Any) -> Any:  # noqa: ANN401 - JSON for an integration
        return json.loads(json.dumps(session.answer(json.dumps(command).encode())))

    listed = ask(do="attention")
    item = listed["items"][0]
    settled = ask(do="settle", item=item["item"], choice="apart")
    left = ask(do="attention", open=True)

    assert listed["open"] == 1
    assert [choice["id"] for choice in item["choices"]] == ["apart", "merge"]
    assert settled["ok"]
    assert settled["is_first"]
    assert (left["open"], left["items"]) == (0, [])
    assert not ask(do="settle", item="nowhere", choice="seen")["ok"]


def late_words(till: Till, member: MemberId) -> None:
    """Type a name at a till that is offline; it waits there for the server."""
    change = ProfileChange(
        change=EventId(till.context.ids.next_id()), member=member, at_ms=1, name=CANARY
    )
    with till.context.store.write() as work:
        work.members.queue_profile(change.change, member, msgspec.json.encode(change))
        work.commit()


def till_text(till: Till) -> str:
    """Return everything that stands in a till's tables."""
    with till.context.store.read() as work:
        tables = work.connection.execute(
            "SELECT name FROM sqlite_master WHERE type = 'table'"
        ).fetchall()
        rows = [
            work.connection.execute(f"SELECT * FROM {name}").fetchall()  # noqa: S608 - own tables
            for (name,) in tables
        ]
    return repr(rows)


def test_S33_F37_an_erased_person_is_nowhere_and_no_late_till_brings_one_back(
    shop: Shop, tmp_path: Path
) -> None:
    one, two = shop.joined_till("one"), shop.joined_till("two")
    member = enroll(one, CANARY, PHONE)
    sync(one)
    sync(two)
    two.sync.stop()
    late_words(two, member)
    sell(two, member)
    before = shop.balance_at_server(member)

    with closing(shop.server.open()) as database:
        assert erase_member(database, member, clock=CLOCK) == [member]
    sync(two)
    sync(one)
    sync(two)

    for till in (one, two):
        text = till_text(till)
        assert "Canaria" not in text
        assert "canaria" not in text
        assert "901820" not in text
        with pytest.raises(RuleViolation, match="No such member"):
            view(till, member)
        assert till.find_members(FindMembers("canaria")) == ()
    assert shop.balance_at_server(member) == before + 21, "the sale counts, without a name"
    assert shop.server.verified().faults == []
    with closing(shop.server.open()) as database:
        database.scrub()
    shop.server.stop()
    for path in tmp_path.glob("books.db*"):
        assert CANARY.encode() not in path.read_bytes(), path
        assert b"901820" not in path.read_bytes(), path


def test_S33_a_late_enrollment_of_the_erased_stays_without_a_name(shop: Shop) -> None:
    one = shop.joined_till("one")
    member = enroll(one, CANARY, PHONE)
    sync(one)
    with closing(shop.server.open()) as database:
        erase_member(database, member, clock=CLOCK)

    late_words(one, member)
    sync(one)
    sync(one)

    rows = shop.server.fetch("SELECT name, phone, status FROM member WHERE member = ?", member)
    assert rows == [("", "", "erased")]
    assert shop.server.fetch("SELECT * FROM profile_history") == []
    with one.context.store.read() as work:
        assert work.connection.execute("SELECT COUNT(*) FROM profile_change").fetchone() == (0,)


def test_S34_a_till_that_was_away_for_years_hears_of_the_erased(shop: Shop) -> None:
    """There is no horizon: the empty row stays, and the feed has it once, whatever the cursor."""
    one, away = shop.joined_till("one"), shop.joined_till("away")
    member = enroll(one, CANARY)
    sync(one)
    sync(away)
    away.sync.stop()
    for _ in range(30):
        sell(one, enroll(one))
    with closing(shop.server.open()) as database:
        erase_member(database, member, clock=CLOCK)
    sync(one)

    sync(away)

    assert "Canaria" not in till_text(away)
