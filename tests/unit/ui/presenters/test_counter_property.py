"""Whatever is pressed in whatever order: no exception, no doubled sale, always a next step."""

import msgspec
from hypothesis import given, settings
from hypothesis import strategies as st

from pos_loyalty.domain.earning_rule import ActivityRule, Approval
from pos_loyalty.domain.error_catalog import Code
from pos_loyalty.domain.errors import RuleViolation, StoreUnavailable
from pos_loyalty.services.program_news import ProgramNews
from pos_loyalty.ui.presenters import key_bindings
from pos_loyalty.ui.presenters.counter_screen import Action
from tests.unit.ui.presenters.change_fakes import INVITATION
from tests.unit.ui.presenters.counter_fakes import (
    AYSE,
    BLANK,
    FOREIGN,
    JONAS,
    NAMELESS,
    NEW,
    NUMBER,
    TWO_OFF,
    Counter,
    FakeClock,
    FakeServices,
)

STRIP_CHARACTERS_MAX = 90
_KEYS = [*key_bindings.ACTIONS, *key_bindings.REWARDS, *key_bindings.ROWS, "F11", "F9", "Up"]
_CARDS = [AYSE, JONAS, NAMELESS, BLANK, NEW, FOREIGN, NUMBER, "?", TWO_OFF, INVITATION]
_TEXTS = [*"0123456789.,+-?\u2212 JonasAy*", "\x12", "ß", "٣"]
_ROWS = ["0", "1", AYSE, JONAS, "theme", "last_sales", "activities", "review", "event"]

_PAGE = ["", "-", "- Enter", "5 -", "F3", "?", "F8", "- Alt+2", "- Alt+1 Enter", "- Alt+1 5"]
"""What is pressed on the page of a past sale."""

inputs = st.one_of(
    st.tuples(st.just("key"), st.sampled_from(_KEYS)),
    st.tuples(st.just("key"), st.just("Enter")),
    st.tuples(st.just("text"), st.sampled_from(_TEXTS)),
    st.tuples(st.just("scan"), st.sampled_from(_CARDS)),
    st.tuples(st.just("action"), st.sampled_from([action.value for action in Action])),
    st.tuples(st.just("row"), st.sampled_from([*_ROWS, "100", "x"])),
    st.tuples(st.just("sell"), st.sampled_from([AYSE, JONAS, NEW])),
    st.tuples(st.just("sell_lines"), st.sampled_from([AYSE, JONAS, NEW])),
    st.tuples(st.just("page"), st.sampled_from(_PAGE)),
    st.tuples(st.just("news"), st.sampled_from(["2", "3"])),
    st.tuples(st.just("refuse"), st.sampled_from(["full", "rule", "bug"])),
    st.tuples(st.just("settle"), st.just("")),
    st.tuples(st.just("wait"), st.sampled_from(["10", "300", "700", "2500", "21000", "310000"])),
)

_ERRORS = {
    "full": StoreUnavailable(Code.DISK_FULL),
    "rule": RuleViolation(Code.RIGHTS_SHORT, reward="X" * 200, cost_points=1),
    "bug": ValueError("a fault"),
}


def _do(counter: Counter, kind: str, what: str) -> None:
    presenter = counter.presenter
    match kind:
        case "key":
            presenter.key_pressed(what)
        case "text":
            presenter.text_typed(what)
        case "scan":
            presenter.card_scanned((what,))
        case "action":
            presenter.action_pressed(what)
        case "row":
            presenter.row_pressed(what)
        case "wait":
            counter.clock.at_ms += int(what)
            presenter.tick()
        case _:
            _happen(counter, kind, what)


def _happen(counter: Counter, kind: str, what: str) -> None:
    """Let something happen that is more than one input, or none."""
    services = counter.services
    match kind:
        case "refuse":
            services.refusals.append(_ERRORS[what])
        case "news":
            services.changes.news = ProgramNews(what, "Summer", counter.clock.at_ms)
        case "page" if services.sales:
            counter.presenter.sale_pressed(services.sales[0].sale_id)
            counter.settle()
            counter.press(*what.split())
        case "page":
            counter.presenter.sale_pressed("0" * 32)
        case "sell" | "sell_lines":
            counter.scan(what)
            counter.type("500+1600" if kind == "sell_lines" else "2100")
            counter.press("Enter")
        case _:
            counter.settle()


def _with_activities() -> FakeServices:
    services = FakeServices(FakeClock())
    activities = (
        ActivityRule(id="review", name="Review", points=20),
        ActivityRule(id="event", name="X" * 60, points=200, approval=Approval.OWNER),
    )
    services.rules = msgspec.structs.replace(services.rules, activities=activities)
    return services


def _names_left_out(text: str) -> str:
    return (
        text.replace("X" * 31, "")
        .replace("X" * 23, "")
        .replace("Jonas", "")
        .replace("Ay\u015fe", "")
    )


@settings(max_examples=300)
@given(st.lists(inputs, max_size=60))
def test_no_sequence_of_inputs_raises_doubles_or_leaves_the_cashier_alone(
    steps: list[tuple[str, str]],
) -> None:
    counter = Counter(_with_activities())

    for kind, what in steps:
        _do(counter, kind, what)

        strip = counter.screen.strip
        assert strip.text
        assert len(_names_left_out(strip.text)) <= STRIP_CHARACTERS_MAX, strip.text
        assert len(strip.buttons) <= 2
    counter.settle()

    ids = [sale.sale_id for sale in counter.services.sales]
    assert len(ids) == len(set(ids))
    assert all(order.total > 0 for order in counter.services.orders)
    changes = counter.services.changes
    made = [each.change_id for each in (*changes.refunds, *changes.moves, *changes.activities)]
    assert len(made) == len(set(made))
    tried = {order.sale_id for order in counter.services.orders}
    assert set(ids) <= tried


@settings(max_examples=100)
@given(st.integers(1, 12), st.integers(0, 59), st.sampled_from(["Enter", "F12", "tap"]))
def test_any_burst_of_enters_within_600_ms_is_one_sale(presses: int, gap_ms: int, key: str) -> None:
    counter = Counter()
    counter.scan(AYSE)
    counter.type("2100")
    counter.clock.at_ms += 1_000

    for number in range(presses):
        if number * gap_ms < 600:
            counter.clock.at_ms += gap_ms
            if key == "tap":
                counter.presenter.action_pressed(Action.COMPLETE)
            else:
                counter.presenter.key_pressed(key)
            if number % 2:
                counter.settle()
    counter.settle()

    assert len(counter.services.orders) == 1
