"""Every kind of item has words that fit, and choices that can be read at a glance."""

import re
from pathlib import Path

import pytest

import pos_loyalty
from pos_loyalty.domain.attention_catalog import (
    KINDS,
    Kind,
    Where,
    choice_of,
    choices_of,
    facts_of,
    kind_of,
    owners_choices,
    sentence,
    tell,
    till_choices_of,
)
from pos_loyalty.wire.verdicts import Verdict

SERVER = Path(pos_loyalty.__file__).parent / "server"
CONSEQUENCE_LENGTH_MAX = 46
"""As much as stands below a choice on the narrowest screen."""
HERE = Where(till="Till 2", shop="Main street", member="Leyla Arslan")


@pytest.mark.parametrize(("kind", "words"), KINDS.items())
def test_every_kind_has_a_title_words_and_choices(kind: str, words: Kind) -> None:
    told = tell(kind, detail="events=3 field=name reason=unreadable", where=HERE, points=40)

    assert told.title
    assert "{" not in told.happened + told.cost
    assert told.happened.endswith(".")
    assert choices_of(kind)
    for choice in words.choices:
        assert choice.label
        assert 0 < len(choice.consequence) <= CONSEQUENCE_LENGTH_MAX, choice.consequence


@pytest.mark.parametrize("kind", KINDS)
def test_words_fit_where_nothing_is_known(kind: str) -> None:
    told = tell(kind, detail="", where=Where(), points=0)

    assert told.cost == ""
    assert "  " not in told.happened
    assert " ." not in told.happened
    assert told.happened[0].isupper()


def test_every_item_that_the_server_makes_has_words() -> None:
    found = {verdict.value for verdict in Verdict} - {"applied", "held", "duplicate"}
    for path in SERVER.rglob("*.py"):
        text = path.read_text(encoding="utf-8")
        found |= set(re.findall(r'notice\(\s*"([a-z_]+)"', text))
        found |= set(re.findall(r'= "([a-z_]+)"\n"""Kind of (?:an|the) item', text))
    found |= {"merged", "same_phone"}

    assert found - KINDS.keys() == set()


def test_what_frees_points_or_allowance_is_no_choice_of_a_till() -> None:
    owners = {
        (kind, choice)
        for kind in KINDS
        for choice in choices_of(kind)
        if choice not in till_choices_of(kind)
    }

    assert owners == {
        ("activity_above", "give"),
        ("allowance_used", "accept"),
        ("rights_left", "release"),
        ("rights_released", "accept"),
    }
    assert owners_choices("rights_left") == "Free them"
    assert owners_choices("fork") == ""


def test_a_kind_of_a_newer_server_is_shown_in_words_that_always_fit() -> None:
    told = tell("rights_on_fire", detail="reason unknown", where=HERE, points=3)

    assert told.happened == "Till 2 in Main street: rights on fire. reason unknown"
    assert choices_of("rights_on_fire") == ("seen",)
    assert choice_of("rights_on_fire", "put_out").label == "Put out"
    assert kind_of("rights_on_fire").title


@pytest.mark.parametrize(
    "kind", ["overdraft", "rights_released", "refund_above", "cap_above", "card_window"]
)
def test_what_points_above_a_bound_are_worth_is_said_in_money(kind: str) -> None:
    told = tell(kind, detail="", where=HERE, points=1200, money="EUR 6.00")

    assert told.cost.startswith("1,200 points ")
    assert told.cost.endswith(" At most EUR 6.00 by the program.")


def test_money_is_named_where_points_were_lost() -> None:
    told = tell("allowance_used", detail="", where=HERE, points=1200, money="EUR 6.00")

    assert told.cost == "1,200 points are not covered. At most EUR 6.00 by the program."
    assert "Leyla Arslan" in told.happened


def test_facts_are_read_from_the_detail_and_a_text_is_its_own_reason() -> None:
    assert facts_of("card=ab has=cd") == {"card": "ab", "has": "cd"}
    assert facts_of("no such sale") == {"reason": "no such sale"}
    assert sentence("{nobody} did {deed} .", {"deed": "it"}) == "Did it."
