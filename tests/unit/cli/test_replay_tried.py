"""`program replay` says beside the figures what of the draft the past could not try."""

import json
from collections.abc import Callable
from pathlib import Path

import msgspec
import pytest

from pos_loyalty.cli import main
from pos_loyalty.cli.replay_page import page, picture
from pos_loyalty.cli.replay_table import terminal_lines, untried_lines
from pos_loyalty.domain.earning_rule import Conditions, EarningRule, PerItem, StampCard, Stamps
from pos_loyalty.domain.event import SaleLine
from pos_loyalty.domain.replay_tried import Absent, Tried, Untried
from pos_loyalty.services.record_sale import RecordSale
from pos_loyalty.till import open_till
from tests.builders import sale
from tests.sample_till import enroll
from tests.unit.domain.replay_cases import BARE, replay, ruled

Run = Callable[..., tuple[int, str, str]]
CUP = EarningRule(
    id="cup",
    name="A <cup>",
    give=Stamps(card="cups", per_item=True),
    when=Conditions(categories=("coffee",)),
)
CUPS = msgspec.structs.replace(
    ruled(CUP), stamp_cards=(StampCard(id="cups", name="Cups", stamps=9),)
)
DRAFT = """\
name = "Mine"
currency = "EUR"

[earn]
step_minor_units = "1.00 EUR"
points_per_step = 1

[[tiers]]
id = "all"
name = "All"

[[rules]]
id = "fresh"
name = "Fresh"
give = { kind = "per_item", points = 5 }
when = { categories = ["Fruit", "tobaco"] }
"""


@pytest.fixture
def run(capsys: pytest.CaptureFixture[str]) -> Run:
    def run(*words: object) -> tuple[int, str, str]:
        capsys.readouterr()
        code = main([str(word) for word in words])
        printed = capsys.readouterr()
        return code, printed.out, printed.err

    return run


def test_words_that_no_sale_has_stand_above_the_figures_and_on_the_page(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, run: Run
) -> None:
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    folder, chart, draft = tmp_path / "till", tmp_path / "replay.html", tmp_path / "mine.toml"
    draft.write_text(DRAFT, encoding="utf-8")
    lines = (SaleLine(amount=600, category="fruit"), SaleLine(amount=1400, category="tobacco"))
    with open_till(folder) as till:
        ann = enroll(till, "Ann Example")
        till.record_sale(RecordSale(total=2000, member_id=ann, found_by="card", lines=lines))
    words = ("program", "replay", draft, "--since", "2020-01-01", "--data", folder)

    code, out, _ = run(*words, "--chart", chart)
    _, answer, _ = run(*words, "--json")

    assert code == 0
    told = out.splitlines()
    mistyped = 'The category "tobaco" occurs in no sale; "tobacco" does.'
    assert 'The category "Fruit" occurs in no sale; "fruit" does.' in out
    assert mistyped in out
    assert "Never held: rule Fresh." in out
    assert out.index("Never held") < out.index("liability")
    assert told[1:3] == ["", "What these sales could not try:"]
    html = chart.read_text(encoding="utf-8")
    assert mistyped.replace('"', "&quot;") in html
    assert "Never held: rule Fresh." in html
    assert json.loads(answer)["tried"]["absent"] == [
        {"kind": "category", "name": "Fruit", "near": "fruit"},
        {"kind": "category", "name": "tobaco", "near": "tobacco"},
    ]
    assert json.loads(answer)["tried"]["cards"] == []
    assert json.loads(answer)["tried"]["never_held"] == [
        {"kind": "rule", "id": "fresh", "name": "Fresh", "needs_lines": True}
    ]


def test_a_stamp_card_that_got_nothing_for_want_of_lines_does_not_look_free() -> None:
    found = replay(CUPS, sale())
    told = "\n".join(terminal_lines(found))
    drawn = picture(found)

    assert "No member's sale has lines, so rule A <cup> was never tried." in told
    assert "an amount typed at the till has none" in told
    assert "Nobody got a stamp for the card Cups: what it costs is NOT in the figures." in told
    assert "stamps (not tried: Cups)" in told
    assert "cost (without Cups)" in told
    assert "liability (without Cups)" in told
    assert "Never held" not in told
    for text in (page(found), drawn):
        assert "the draft without Cups" in text
    assert "A &lt;cup&gt;" in page(found)


def test_where_everything_was_tried_nothing_is_said() -> None:
    found = replay(BARE, sale())

    assert untried_lines(found) == ()
    assert "could not try" not in "\n".join(terminal_lines(found))
    assert "could not try" not in page(found)
    assert "without" not in picture(found)


def test_few_sales_with_lines_and_long_lists_are_told_in_short() -> None:
    some = Tried(
        needs_lines=("rule A", "rule B", "offer C"),
        member_sales=1000,
        member_sales_with_lines=1,
        absent=tuple(Absent(kind="SKU", name=str(number)) for number in range(14)),
        never_held=tuple(
            Untried(kind="rule", id=str(number), name=f"R{number}", needs_lines=False)
            for number in range(12)
        ),
    )
    found = msgspec.structs.replace(replay(BARE, sale()), tried=some)

    told = untried_lines(found)

    assert told[0] == (
        "Only 1 of 1,000 members' sales has lines, so rule A, rule B, offer C were tried on"
        " no other."
    )
    assert sum("occurs in no sale" in line for line in told) == 10
    assert "4 more categories or SKUs of the draft occur in no sale." in told
    assert told[-1].endswith("rule R9 and 2 more.")
    none = msgspec.structs.replace(some, member_sales_with_lines=0, absent=())
    without = untried_lines(msgspec.structs.replace(found, tried=none))
    assert "so 3 rules were never tried: rule A, rule B, offer C." in without[0]
    every = msgspec.structs.replace(some, member_sales_with_lines=1000, absent=(), never_held=())
    assert untried_lines(msgspec.structs.replace(found, tried=every)) == ()


def test_a_rule_for_items_is_named_once_where_no_sale_has_lines() -> None:
    items = EarningRule(
        id="i", name="Items", give=PerItem(points=1), when=Conditions(skus=("4711",))
    )
    big = EarningRule(
        id="b", name="Big", give=PerItem(points=1), when=Conditions(basket_min=99_999)
    )

    told = untried_lines(replay(ruled(items, big), sale()))

    assert [line.count("Items") for line in told] == [1, 0]
    assert told[1] == "Never held: rule Big."
