"""Points for something else: one key for most, a second name where the program asks for one."""

import msgspec
import pytest

from pos_loyalty.domain.earning_rule import ActivityRule, Approval
from pos_loyalty.domain.error_catalog import Code
from pos_loyalty.domain.errors import RuleViolation, StoreUnavailable
from pos_loyalty.ui.presenters.counter_screen import ListPanel
from tests.unit.ui.presenters.counter_fakes import AYSE, Counter, FakeClock, FakeServices

ACTIVITIES = (
    ActivityRule(id="enrollment", name="Joined", points=10, approval=Approval.AUTOMATIC),
    ActivityRule(id="review", name="Review", points=20),
    ActivityRule(id="event", name="Street party", points=200, approval=Approval.OWNER),
)


@pytest.fixture
def counter() -> Counter:
    services = FakeServices(FakeClock())
    services.rules = msgspec.structs.replace(services.rules, activities=ACTIVITIES)
    return Counter(services)


def open_list(counter: Counter) -> ListPanel:
    counter.press("F10", "2")
    assert isinstance(counter.screen.left, ListPanel)
    return counter.screen.left


def test_the_menu_has_the_line_only_where_the_program_has_activities(counter: Counter) -> None:
    def titles(of: Counter) -> list[str]:
        of.press("F10")
        assert isinstance(of.screen.left, ListPanel)
        return [row.title for row in of.screen.left.rows]

    assert "Points for something else" in titles(counter)
    assert "Points for something else" not in titles(Counter())


def test_what_is_counted_by_itself_is_not_on_the_list(counter: Counter) -> None:
    counter.scan(AYSE)

    panel = open_list(counter)

    assert [(row.title, row.trailing, row.detail) for row in panel.rows] == [
        ("Review", "+20", ""),
        ("Street party", "+200", "needs a second name"),
    ]
    assert counter.strip == "Choose what Ayşe gets points for, then press Enter."
    assert counter.screen.primary.label == "Give +20 points"


def test_one_enter_gives_the_points_and_goes_back_to_the_sale(counter: Counter) -> None:
    counter.scan(AYSE)
    counter.type("2100")
    open_list(counter)
    counter.press("Enter")

    (order,) = counter.services.changes.activities
    assert (order.member_id, order.activity, order.approved_by) == (AYSE, "review", "")
    assert counter.strip == "Review: +20 points for Ayşe. Usable once the server has them."
    assert counter.member.points == "1,260"
    assert counter.services.orders == []


def test_a_till_that_works_alone_waits_for_no_server(counter: Counter) -> None:
    counter.services.changes.waits_for_server = False
    counter.scan(AYSE)
    open_list(counter)
    counter.press("Enter")

    assert counter.strip == "Review: +20 points for Ayşe. Usable at once."


def test_enters_in_a_burst_give_points_once_and_complete_nothing(counter: Counter) -> None:
    counter.scan(AYSE)
    counter.type("2100")
    open_list(counter)
    counter.clock.at_ms += 700
    for _ in range(5):
        counter.presenter.key_pressed("Enter")
        counter.settle()
        counter.clock.at_ms += 50

    assert len(counter.services.changes.activities) == 1
    assert counter.services.orders == []


def test_the_owners_ones_ask_for_a_second_name(counter: Counter) -> None:
    counter.scan(AYSE)
    open_list(counter)
    counter.press("Down", "Enter")
    assert counter.strip == ("Street party needs a second person. Type the name, then press Enter.")
    assert counter.screen.letters_open
    assert counter.screen.amount.title == "Who approves?"
    assert not counter.screen.primary.enabled

    counter.type("Sam O")
    assert counter.screen.amount.text == "Sam O"
    counter.press("Enter")

    (order,) = counter.services.changes.activities
    assert (order.activity, order.approved_by) == ("event", "Sam O")
    assert counter.strip.startswith("Street party: +200 points for Ayşe.")
    assert not counter.screen.letters_open


def test_the_second_name_is_typed_on_the_letter_board_too(counter: Counter) -> None:
    counter.scan(AYSE)
    open_list(counter)
    counter.press("Down", "Enter")
    for letter in ("S", "A", "N", "\b", "M"):
        counter.presenter.board_letter_pressed(letter)
        counter.settle()

    assert counter.screen.amount.text == "Sam"
    counter.press("Delete")
    assert counter.screen.amount.text == "Name"
    counter.type("7")
    assert counter.services.orders == []


@pytest.mark.parametrize("leave", ["Esc", "letters"])
def test_one_step_back_from_the_name_is_the_list(counter: Counter, leave: str) -> None:
    counter.scan(AYSE)
    before = open_list(counter)
    counter.press("Down", "Enter")
    if leave == "Esc":
        counter.press("Esc")
    else:
        counter.presenter.action_pressed("letters")
        counter.settle()

    assert isinstance(counter.screen.left, ListPanel)
    assert counter.screen.left.title == before.title
    assert not counter.screen.letters_open
    assert counter.services.changes.activities == []


def test_without_a_member_it_asks_for_the_card(counter: Counter) -> None:
    panel = open_list(counter)

    assert panel.rows == ()
    assert counter.strip == "Scan the member's card first; then choose what the points are for."
    counter.press("Enter")
    assert counter.services.changes.activities == []


def test_a_limit_that_is_reached_is_said_and_the_list_stays(counter: Counter) -> None:
    counter.scan(AYSE)
    open_list(counter)
    refusal = RuleViolation(Code.ACTIVITY_CAP, activity="Review", reason="at most 20 a month")
    counter.services.refusals = [refusal]
    counter.press("Enter")

    assert counter.strip == "Review gives this member nothing more for now: at most 20 a month."
    assert isinstance(counter.screen.left, ListPanel)


def test_points_that_cannot_be_written_are_not_given(counter: Counter) -> None:
    counter.scan(AYSE)
    open_list(counter)
    counter.services.refusals = [StoreUnavailable(Code.DISK_FULL)]
    counter.press("Enter")

    assert counter.strip == "This is NOT saved; nothing can be written. Call Mia."


def test_another_card_over_the_name_drops_it(counter: Counter) -> None:
    counter.scan(AYSE)
    open_list(counter)
    counter.press("Down", "Enter")
    counter.type("Sam")
    counter.scan("JONAS")

    assert counter.member.name == "Jonas Keller"
    assert not counter.screen.letters_open
    assert counter.services.changes.activities == []
