"""Product and reference agree, and the comparer sees it when they do not."""

import json
import os
from collections.abc import Callable

import msgspec
import pytest

from pos_loyalty.domain.earning_rule import Caps, Rounding
from pos_loyalty.domain.program import AlreadySpent, LoyaltyProgram, RefundRules
from pos_loyalty.domain.rounding import local_day
from pos_loyalty.server import fold_sale
from pos_loyalty.services import claim_voucher, undo_sale
from tests.reference import compare, product

PARTS = 4
ROUNDS = int(os.environ.get("POS_ROUNDS", "1"))
HISTORIES = 240 * ROUNDS
SHARED = {"till": 30 * ROUNDS, "server": 50 * ROUNDS}
"""How many histories of what members and tills share."""
SEEN_WITHIN = 150


@pytest.mark.parametrize("part", range(PARTS))
def test_product_and_reference_agree_over_drawn_histories(part: int) -> None:
    count = HISTORIES // PARTS

    found, deeds = compare.compare(range(part * count, (part + 1) * count), ("account",))

    assert [(one["seed"], one["what"], one["expected"], one["got"]) for one in found] == []
    assert {"sale", "refund", "move", "undoing", "rewards had", "expiration"} <= set(deeds)


@pytest.mark.parametrize("kind", SHARED)
def test_product_and_reference_agree_on_vouchers_stock_and_caps(kind: str) -> None:
    found, deeds = compare.compare(range(SHARED[kind]), (kind,))

    assert [(one["seed"], one["what"], one["expected"], one["got"]) for one in found] == []
    compared = {
        "till": {"voucher taken", "voucher no more", "stock taken", "activity cut"},
        "server": {"claim applied", "claim quarantined", "stock taken", "activity cut"},
    }
    assert all(deeds[f"{kind}: {what}"] > 0 for what in compared[kind])


def with_program(name: str, **changes: object) -> Callable[..., object]:
    """Return a function of the product that works by another program than it is given."""
    right: Callable[..., object] = getattr(product, name)

    def wrong(program: LoyaltyProgram, *rest: object, **named: object) -> object:
        return right(msgspec.structs.replace(program, **changes), *rest, **named)

    return wrong


def with_argument(name: str, **changes: object) -> Callable[..., object]:
    """Return a function of the product that is deaf to one of its arguments."""
    right: Callable[..., object] = getattr(product, name)

    def wrong(*given: object, **named: object) -> object:
        return right(*given, **(named | changes))

    return wrong


PLANTS: dict[str, tuple[str, Callable[[], Callable[..., object]]]] = {
    "caps of the program are forgotten": ("earn", lambda: with_program("earn", caps=Caps())),
    "half a step is rounded down": (
        "earn",
        lambda: with_program("earn", rounding=Rounding.FLOOR),
    ),
    "offers are forgotten without words": (
        "earned_points",
        lambda: with_program("earned_points", offers=()),
    ),
    "counts are forgotten": ("known_for", lambda: with_argument("known_for", sheet_tally={})),
    "birthdays are forgotten": ("known_for", lambda: with_argument("known_for", birthday="")),
    "points end at midnight in Greenwich": (
        "ends_at",
        lambda: with_argument("ends_at", tz_minutes=0),
    ),
    "pending points can be used": ("accrue", lambda: with_argument("accrue", usable_ms=0)),
    "points given back live for ever": (
        "give_back",
        lambda: with_argument("give_back", grace_days=100_000),
    ),
    "every refund makes a debt": (
        "refund_effect",
        lambda: with_program(
            "refund_effect", refunds=RefundRules(already_spent=AlreadySpent.ALLOW_NEGATIVE)
        ),
    ),
    "a refund forgets the least of a sale": (
        "refund_effect",
        lambda: with_program("refund_effect", sale_points_min=0),
    ),
    "rewards are had by anybody": (
        "take_rewards",
        lambda: with_program("take_rewards", offers=(), stamp_cards=()),
    ),
}


def wrong_points(*_: object) -> int:
    return -1


def unreadable(_: object) -> int:
    raise ZeroDivisionError


@pytest.mark.parametrize("plant", PLANTS)
def test_a_planted_bug_is_found_within_few_histories(
    plant: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    name, wrong = PLANTS[plant]
    monkeypatch.setattr(product, name, wrong())

    assert any(compare.compare([seed], ("account",))[0] for seed in range(SEEN_WITHIN))


def nothing(*_: object, **__: object) -> None:
    """Do nothing where the product does something."""


def a_day_early(at_ms: int, tz_minutes: int) -> int:
    return local_day(at_ms, tz_minutes) - 1


SHARED_PLANTS: dict[str, tuple[str, object, str, object]] = {
    "a voucher counts a day longer": ("till", claim_voucher, "local_day", a_day_early),
    "a till keeps the stock of an undone sale": ("till", undo_sale, "count_rewards", nothing),
    "books keep the stock of an undone sale": ("server", fold_sale, "note_back", nothing),
    "an undone sale stays the last visit": ("server", fold_sale, "forget_visit", nothing),
}


@pytest.mark.parametrize("plant", SHARED_PLANTS)
def test_a_planted_bug_of_what_is_shared_is_found_within_few_histories(
    plant: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    kind, module, name, wrong = SHARED_PLANTS[plant]
    monkeypatch.setattr(module, name, wrong)

    assert any(compare.compare([seed], (kind,))[0] for seed in range(SEEN_WITHIN))


def test_the_command_counts_on_its_last_line_and_names_the_seed(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    assert compare.main(["--seeds", "3", "--json"]) == 0
    assert json.loads(capsys.readouterr().out.splitlines()[-1])["differences"] == 0

    monkeypatch.setattr(product, "earned_points", wrong_points)
    code = compare.main(["--seeds", "3", "--start", "5", "--json"])

    lines = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert (code, lines[0]["what"], lines[-1]["differences"]) == (1, "points without words", 3)
    assert lines[-1]["first"] == [one["seed"] for one in lines[:-1]]


def test_what_is_raised_is_a_difference_with_its_seed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(product, "balance", unreadable)

    found, _ = compare.compare([1])

    assert found[0]["what"] == "raised"
    assert "ZeroDivisionError" in found[0]["got"]
