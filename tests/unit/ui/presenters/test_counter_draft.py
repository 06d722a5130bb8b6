"""F62: what is being typed is kept aside, and comes back at the next start, said plainly."""

import msgspec
import pytest

from pos_loyalty.domain.error_catalog import Code
from pos_loyalty.domain.errors import RuleViolation, StoreUnavailable
from pos_loyalty.ui.presenters.counter_screen import IdlePanel, Tone
from tests.unit.ui.presenters.counter_fakes import (
    AYSE,
    JONAS,
    NEW,
    NUMBER,
    Counter,
    FakeClock,
    FakeServices,
)

BACK = "The sale from before is back. "
READY = "Ready. Scan a member card, or type an amount."


@pytest.fixture
def counter() -> Counter:
    return Counter()


def crash_and_start(counter: Counter) -> Counter:
    """Return the next counter on the same till; whatever was not kept is gone."""
    return Counter(counter.services)


def rest(counter: Counter) -> None:
    counter.wait(1_000)


def test_F62_a_sale_in_hand_is_back_after_a_crash(counter: Counter) -> None:
    counter.scan(AYSE)
    counter.type("1250")
    rest(counter)
    id_before = counter.services.draft_writes[-1]

    again = crash_and_start(counter)

    assert again.strip == f"{BACK}Press Enter to complete."
    assert again.screen.strip.tone is Tone.WARN
    assert again.member.name.startswith("Ay")
    assert again.screen.amount.text == "€ 12.50"
    assert again.screen.primary.label == "Complete · +24 points"
    again.press("Enter")
    assert again.strip == "Saved. +24 points for Ayşe."
    (order,) = again.services.orders
    assert id_before is not None
    assert order.sale_id == id_before.sale_id
    assert order.found_by == "card"


def test_F62_lines_rewards_and_the_point_come_back_as_typed(counter: Counter) -> None:
    counter.scan(AYSE)
    counter.type("500+")
    counter.type("300+")
    counter.type("12.5")
    counter.press("Alt+1")
    rest(counter)
    before, member = counter.screen, counter.member

    again = crash_and_start(counter)

    assert again.screen.amount == before.amount
    assert again.member.rewards == member.rewards
    assert again.screen.primary == before.primary
    again.press("Enter")
    (order,) = again.services.orders
    assert order.lines == (500, 300, 1250)
    assert len(order.rewards) == 1


@pytest.mark.parametrize(
    ("card", "keys", "said"),
    [
        ("", ["1", "2", "5", "0"], "Scan a card, or press F6."),
        (AYSE, [], "Type the amount."),
        ("", ["F6"], "Type the amount."),
        (NEW, ["5"], "Press Enter to complete."),
    ],
)
def test_F62_the_strip_says_the_next_step(
    counter: Counter, card: str, keys: list[str], said: str
) -> None:
    if card:
        counter.scan(card)
    counter.press(*keys)
    rest(counter)

    assert crash_and_start(counter).strip == BACK + said


def test_F62_a_card_that_is_new_to_the_till_is_still_on_the_sale(counter: Counter) -> None:
    counter.scan(NEW)
    counter.type("500")
    rest(counter)

    again = crash_and_start(counter)
    again.press("Enter")

    (order,) = again.services.orders
    assert order.member_id is None
    assert order.card_key == "c" * 32


def test_F62_a_typed_number_opens_no_rewards_after_a_crash_either(counter: Counter) -> None:
    counter.scan(NUMBER)
    counter.type("2100")
    rest(counter)

    again = crash_and_start(counter)

    assert not any(reward.enabled for reward in again.member.rewards)
    again.press("Enter")
    assert again.services.orders[0].found_by == "number"


def test_F62_it_is_written_once_when_nothing_changes_for_a_moment(counter: Counter) -> None:
    counter.presenter.card_scanned((AYSE,))
    counter.settle()
    for digit in "1250":
        counter.clock.at_ms += 100
        counter.window.call_due()
        counter.presenter.text_typed(digit)
        counter.settle()
    counter.clock.at_ms += 299
    counter.window.call_due()
    counter.settle()
    assert counter.services.draft_writes == []

    counter.clock.at_ms += 1
    counter.window.call_due()
    counter.settle()

    (kept,) = counter.services.draft_writes
    assert kept is not None
    assert kept.typed == "1250"
    rest(counter)
    assert len(counter.services.draft_writes) == 1


def test_F62_a_fast_sale_writes_no_draft_at_all(counter: Counter) -> None:
    counter.presenter.card_scanned((AYSE,))
    counter.presenter.text_typed("5")
    counter.settle()
    counter.presenter.key_pressed("Enter")
    counter.settle()
    rest(counter)

    assert counter.strip.startswith("Saved.")
    assert counter.services.draft_writes == []


def test_F62_a_saved_sale_is_neither_written_nor_taken_away(counter: Counter) -> None:
    counter.scan(AYSE)
    counter.type("1250")
    rest(counter)
    writes = len(counter.services.draft_writes)
    counter.press("Enter")
    rest(counter)
    counter.press("Esc")
    rest(counter)

    assert counter.screen.strip.text == READY
    assert len(counter.services.draft_writes) == writes


def test_F62_the_next_sale_is_kept_under_its_own_id(counter: Counter) -> None:
    for _ in range(2):
        counter.scan(AYSE)
        counter.type("5")
        rest(counter)
        counter.press("Enter")

    ids = {kept.sale_id for kept in counter.services.draft_writes if kept is not None}
    assert ids == {order.sale_id for order in counter.services.orders}
    assert len(ids) == 2


def test_F62_a_sale_that_was_given_up_does_not_come_back(counter: Counter) -> None:
    counter.scan(AYSE)
    counter.type("5")
    rest(counter)
    counter.press("Esc", "Esc")
    rest(counter)

    again = crash_and_start(counter)

    assert counter.services.draft_writes[-1] is None
    assert again.strip == READY
    assert isinstance(again.screen.left, IdlePanel)


def test_F62_a_sale_that_is_back_is_kept_again_and_gets_no_younger(counter: Counter) -> None:
    counter.scan(AYSE)
    counter.type("1250")
    rest(counter)
    first = counter.services.draft
    again = crash_and_start(counter)
    assert again.services.draft is None, "taken: what brings the program down does it once"
    again.wait(1_000)

    assert again.services.draft == first
    assert crash_and_start(again).strip == f"{BACK}Press Enter to complete."


def test_F62_esc_lets_go_of_a_sale_that_is_back(counter: Counter) -> None:
    counter.scan(AYSE)
    counter.type("1250")
    rest(counter)

    again = crash_and_start(counter)
    assert again.screen.strip.buttons[0].key == "Esc"
    again.press("Esc", "Esc")

    assert again.strip == READY
    rest(again)
    assert again.services.draft is None


def test_F62_an_enter_that_was_on_its_way_completes_nothing(counter: Counter) -> None:
    counter.scan(AYSE)
    counter.type("1250")
    rest(counter)

    again = crash_and_start(counter)
    again.presenter.key_pressed("Enter")
    again.settle()

    assert again.services.orders == []
    again.press("Enter")
    assert len(again.services.orders) == 1


def test_F62_without_its_member_the_amount_comes_back_and_says_so(counter: Counter) -> None:
    counter.scan(JONAS)
    counter.type("1250")
    rest(counter)
    del counter.services.people[JONAS]

    again = crash_and_start(counter)

    assert again.strip == ("The sale from before is back, without its member. Scan the card again.")
    assert isinstance(again.screen.left, IdlePanel)
    assert again.screen.amount.text == "€ 12.50"
    assert not again.screen.primary.enabled


def test_F62_a_reward_that_is_no_more_is_left_out(counter: Counter) -> None:
    counter.scan(AYSE)
    counter.type("2100")
    counter.press("Alt+1")
    rest(counter)
    draft = counter.services.draft
    assert draft is not None
    (reward, _), *_rest = draft.sale.rewards
    rules = counter.services.rules
    left = tuple(one for one in rules.rewards if one.id != reward)
    counter.services.rules = msgspec.structs.replace(rules, rewards=left)

    again = crash_and_start(counter)
    again.press("Enter")

    assert again.services.orders[0].rewards == ()


@pytest.mark.parametrize("key", ["7", "F2", "F3", "scan"])
def test_F62_who_begins_before_the_answer_keeps_the_new_sale(counter: Counter, key: str) -> None:
    counter.scan(AYSE)
    counter.type("1250")
    rest(counter)
    before = counter.services.take_draft()
    again = crash_and_start(counter)
    if key == "scan":
        again.presenter.card_scanned((JONAS,))
    else:
        again.press(key)

    again.presenter._inputs.draft._taken(before)
    again.settle()

    assert BACK not in again.strip
    assert again.presenter._desk.state.draft.total == (7 if key == "7" else 0)


def test_F62_a_refused_sale_stays_kept(counter: Counter) -> None:
    counter.scan(AYSE)
    counter.type("2100")
    counter.services.refusals = [
        RuleViolation(Code.POINTS_SHORT, short_points=60, reward="Free pastry")
    ]
    counter.presenter.key_pressed("Enter")
    counter.settle()
    rest(counter)

    assert crash_and_start(counter).screen.amount.text == "€ 21.00"


def test_F62_a_disk_that_refuses_the_draft_stops_nobody(
    counter: Counter, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(_sale: object, _changed_ms: int) -> None:
        raise StoreUnavailable(Code.DISK_FULL)

    monkeypatch.setattr(counter.services, "keep_draft", refuse)
    counter.scan(AYSE)
    counter.type("1250")
    rest(counter)

    assert counter.strip == "Ayşe is on this sale. Press Enter to complete."
    counter.press("Enter")
    assert counter.strip.startswith("Saved.")


def test_F62_a_draft_that_cannot_be_read_is_done_without(monkeypatch: pytest.MonkeyPatch) -> None:
    services = FakeServices(FakeClock())

    def refuse() -> None:
        raise StoreUnavailable(Code.DISK_READ_ONLY)

    monkeypatch.setattr(services, "take_draft", refuse)
    counter = Counter(services)
    assert counter.strip == READY

    counter.scan(AYSE)
    rest(counter)
    assert services.draft is not None
