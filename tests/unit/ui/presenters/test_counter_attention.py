"""The owner's list in the window: quiet on the menu's key, read and settled beside the sale."""

from dataclasses import replace

import pytest

from pos_loyalty.domain.attention_catalog import KINDS
from pos_loyalty.domain.error_catalog import Code
from pos_loyalty.domain.errors import StoreUnavailable
from pos_loyalty.services.attention import AttentionItem
from pos_loyalty.ui.presenters.counter_screen import ListPanel
from tests.unit.ui.presenters.counter_fakes import AYSE, Counter

EVERY_DAY_MS = 24 * 3_600_000


def an_item(
    place: int, kind: str = "same_phone", *, cost: str = "", points: int = 0
) -> AttentionItem:
    words = KINDS[kind]
    return AttentionItem(
        item=f"{kind}.{place}",
        kind=kind,
        at_ms=1_700_000_000_000 - place * EVERY_DAY_MS,
        title=words.title,
        happened="It happened.",
        cost=cost,
        points=points,
        member=None,
        member_name="Leyla Arslan",
        till_name="Till 1",
        shop_name="Main street",
        choices=tuple(choice for choice in words.choices if not choice.is_owners),
    )


@pytest.fixture
def counter() -> Counter:
    counter = Counter()
    counter.services.items = [
        an_item(1, "allowance_used", cost="200 points are not covered.", points=200),
        an_item(2),
    ]
    counter.presenter.data_changed()
    counter.settle()
    return counter


def panel(counter: Counter) -> ListPanel:
    left = counter.screen.left
    assert isinstance(left, ListPanel)
    return left


def open_list(counter: Counter) -> None:
    counter.press("F10")
    counter.presenter.row_pressed("attention")
    counter.settle()


def test_what_is_open_is_a_figure_on_the_menu_and_nothing_else_on_the_sale(
    counter: Counter,
) -> None:
    assert counter.screen.menu_badge == "2"
    assert "list" not in counter.strip.lower()

    counter.services.items = [an_item(place) for place in range(12)]
    counter.presenter.data_changed()
    counter.settle()
    assert counter.screen.menu_badge == "9+"

    counter.services.items = []
    counter.presenter.data_changed()
    counter.settle()
    assert counter.screen.menu_badge == ""


def test_the_menu_leads_to_the_list(counter: Counter) -> None:
    counter.press("F10")
    row = next(row for row in panel(counter).rows if row.key == "attention")
    assert row.trailing == "2 open"

    counter.presenter.row_pressed("attention")
    counter.settle()

    shown = panel(counter)
    assert shown.title == "Owner's list \u00b7 2 open"
    assert [row.title for row in shown.rows] == [
        "Points were used twice",
        "One phone, two members",
    ]
    assert shown.rows[0].trailing == "200 pts"
    assert shown.rows[0].detail.endswith("\u00b7 Till 1")
    assert "Leyla" not in repr(shown), "whose it is stands in the item alone"


def test_an_item_says_what_happened_what_it_cost_and_what_follows(counter: Counter) -> None:
    open_list(counter)

    counter.press("Enter")

    shown = panel(counter)
    assert shown.title == "Points were used twice"
    assert shown.note.endswith(
        "It happened. 200 points are not covered. At the server only: Accept the loss."
    )
    assert [row.title for row in shown.rows] == ["Ask the member"]
    assert all(row.detail for row in shown.rows)
    assert counter.screen.primary.label == "Ask the member"


def test_one_press_settles_and_the_list_is_back(counter: Counter) -> None:
    open_list(counter)
    counter.presenter.row_pressed("allowance_used.1")
    counter.wait(700)

    counter.presenter.row_pressed("ask")
    counter.settle()

    assert counter.strip == "Chosen: Ask the member. It counts once the server has it."
    assert counter.screen.menu_badge == "1"
    settled = panel(counter).rows[-1]
    assert (settled.title, settled.icon) == ("Points were used twice", "check")


def test_an_item_that_only_the_owner_settles_says_so_and_has_no_choice(counter: Counter) -> None:
    counter.services.items = [an_item(1, "rights_released")]
    counter.presenter.data_changed()
    counter.settle()
    open_list(counter)

    counter.press("Enter")
    counter.press("Enter")

    assert panel(counter).rows == ()
    assert panel(counter).note.endswith("At the server only: Accept the risk.")
    assert counter.screen.primary.label == "At the server"
    assert not counter.screen.primary.enabled
    assert counter.screen.menu_badge == "1"


def test_pressing_twice_on_a_line_does_not_choose(counter: Counter) -> None:
    open_list(counter)

    for _ in range(3):
        counter.presenter.key_pressed("Enter")
    counter.presenter.row_pressed("ask")
    counter.settle()

    assert [item.chosen for item in counter.services.items] == [None, None]
    assert panel(counter).title == "Points were used twice"


def test_a_choice_that_came_too_late_is_told(counter: Counter) -> None:
    open_list(counter)
    counter.presenter.row_pressed("same_phone.2")
    counter.wait(700)
    item = counter.services.items[1]
    counter.services.items[1] = replace(item, chosen=item.choices[0])

    counter.presenter.row_pressed("merge")
    counter.settle()

    assert counter.strip == "It was settled before: Two people. Nothing changed."


def test_a_settled_item_can_be_read_and_not_settled_again(counter: Counter) -> None:
    item = counter.services.items[1]
    counter.services.items[1] = replace(item, chosen=item.choices[1], chosen_by="Till 2")
    open_list(counter)

    counter.presenter.row_pressed("same_phone.2")

    assert panel(counter).rows == ()
    assert panel(counter).note.endswith("Settled at Till 2: One person.")
    assert not counter.screen.primary.enabled
    counter.wait(700)
    counter.press("Enter")
    assert counter.services.items[1].chosen == item.choices[1]


def test_a_choice_on_its_way_says_so(counter: Counter) -> None:
    item = counter.services.items[1]
    counter.services.items[1] = replace(item, chosen=item.choices[1], is_on_its_way=True)
    open_list(counter)

    counter.presenter.row_pressed("same_phone.2")

    assert "It goes to the server with the next contact." in panel(counter).note


def test_a_choice_that_could_not_be_kept_is_told_and_open_again(counter: Counter) -> None:
    open_list(counter)
    counter.presenter.row_pressed("same_phone.2")
    counter.wait(700)
    counter.services.refusals = [StoreUnavailable(Code.DISK_FULL, saved=False, owner="Mia")]

    counter.presenter.row_pressed("merge")
    counter.settle()

    assert "Chosen" not in counter.strip
    assert counter.services.items[1].chosen is None
    assert panel(counter).title == "One phone, two members"


def test_escape_leads_from_the_item_to_its_line_and_then_to_the_sale(counter: Counter) -> None:
    open_list(counter)
    counter.press("Down", "Enter", "Esc")

    assert [row.selected for row in panel(counter).rows] == [False, True]

    counter.press("Esc")
    assert not isinstance(counter.screen.left, ListPanel)


def test_a_scan_or_a_digit_brings_the_sale_back_at_once(counter: Counter) -> None:
    open_list(counter)
    counter.press("Enter")

    counter.scan(AYSE)
    counter.settle()

    assert counter.member.name.startswith("Ay")
    open_list(counter)
    counter.type("5")
    assert counter.screen.amount.text == "\u20ac 0.05"


def test_an_item_that_is_gone_leaves_an_empty_panel(counter: Counter) -> None:
    open_list(counter)
    counter.presenter.row_pressed("same_phone.2")
    counter.services.items = []
    counter.presenter.data_changed()
    counter.settle()

    assert panel(counter).rows == ()
    assert panel(counter).empty
    counter.wait(700)
    counter.press("Enter", "Esc")
    assert panel(counter).title == "Owner's list"
    assert not counter.screen.primary.enabled
