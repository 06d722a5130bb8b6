"""A document is a usable program, or everything that is wrong with it by name and place."""

import datetime as dt
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pos_loyalty.assets import assets_folder
from pos_loyalty.domain.earning_rule import Multiply, Weekday
from pos_loyalty.domain.errors import LoyaltyError
from pos_loyalty.domain.program_check import ProgramRefused, problems_of
from pos_loyalty.domain.program_fault import PROBLEMS_MAX, ProgramFault
from pos_loyalty.domain.reward import AmountOff
from pos_loyalty.wire.program_document import DRAFT, read_document
from tests.unit.wire.broken_documents import BROKEN, GOOD, Broken

GOLD = '[[tiers]]\nid = "gold"\nname = "Gold"\n'
TEMPLATES = sorted((assets_folder() / "programs").glob("*.toml"))


def refused(document: bytes | str) -> ProgramRefused:
    """Return the refusal of a document."""
    data = document if isinstance(document, bytes) else document.encode()
    with pytest.raises(ProgramRefused) as found:
        read_document(data)
    return found.value


def test_the_good_document_is_a_program() -> None:
    program = read_document(GOOD.encode())

    assert program.version == DRAFT
    assert program.earn.step_minor_units == 100
    assert program.rules[1].when.from_date == dt.date(2026, 12, 1)
    assert isinstance(program.rewards[0], AmountOff)
    assert program.rewards[0].amount == 300
    assert problems_of(program) == ()


@pytest.mark.parametrize("broken", BROKEN, ids=lambda broken: broken.name)
def test_a_broken_document_has_a_named_fault_with_its_path(broken: Broken) -> None:
    found = refused(broken.document)

    told = [(each.fault, each.path) for each in found.problems]
    assert (broken.fault, broken.path) in told
    assert len(told) == len(set(told))
    assert all(each.detail and not each.detail.endswith(".") for each in found.problems)


@pytest.mark.parametrize("broken", BROKEN, ids=lambda broken: broken.name)
def test_one_mistake_is_told_once_or_twice_and_not_ten_times(broken: Broken) -> None:
    """What follows from a mistake elsewhere is told when the mistake is gone."""
    if broken.name in {"600 rules", "the other currency at the top"}:
        return

    assert len(refused(broken.document).problems) <= 4


def test_the_broken_documents_are_many_and_each_fault_has_one() -> None:
    assert len(BROKEN) >= 60
    assert len({broken.name for broken in BROKEN}) == len(BROKEN)
    assert {broken.fault for broken in BROKEN} == set(ProgramFault)


def test_everything_wrong_is_told_at_once_in_the_order_of_its_lines() -> None:
    text = (
        GOOD.replace("welcome_points = 20", "welcome_points = -1")
        .replace("percent = 125", "persent = 125")
        .replace('"3.00 EUR"', '"3.00 USD"')
        .replace("[30, 7]", "[7, 30]")
    )

    problems = refused(text).problems

    assert [each.fault for each in problems] == [
        ProgramFault.NUMBER_NEGATIVE,
        ProgramFault.KEY_UNKNOWN,
        ProgramFault.CURRENCY_MIX,
        ProgramFault.WARNING_ORDER,
    ]
    lines = text.split("\n")
    named = ("welcome_points", "persent", "amount", "warnings_days")
    for problem, name in zip(problems, named, strict=True):
        assert lines[problem.line - 1].startswith(name)


def test_a_misspelled_key_is_told_what_was_probably_meant() -> None:
    found = refused(GOOD.replace("percent = 125", "persent = 125"))

    assert found.problems[0].detail == 'there is no "persent" here (did you mean "percent"?)'
    assert str(found) == (
        'The program is not usable at tiers[1].persent: there is no "persent" here'
        ' (did you mean "percent"?). (E-PROGRAM-RULES)'
    )


def test_lines_of_tables_in_a_list_are_found() -> None:
    tiers = 'tiers = [\n  { id = "a", name = "A" },\n  { id = "b", name = "B", treshold = 5 },\n]\n'
    text = 'name = "x"\ncurrency = "EUR"\n' + tiers
    text += 'earn = { step_minor_units = "1.00 EUR", points_per_step = 1 }\n'

    problem = refused(text).problems[0]

    assert (problem.path, problem.line) == ("tiers[1].treshold", 5)


def test_more_faults_than_anybody_reads_are_not_looked_for() -> None:
    text = GOOD + "".join(f"unknown_{at} = 1\n" for at in range(5_000))

    assert len(refused(text).problems) == PROBLEMS_MAX


def test_of_a_list_that_is_too_long_nothing_else_is_looked_for() -> None:
    # Each tier is compared with all below it: thousands of them would take minutes.
    tier = '[[tiers]]\nid = "a"\nname = "A"\nthreshold_points = 5\n'

    refusal = refused(GOOD + tier * 3_000)

    assert [(each.path, each.fault) for each in refusal.problems] == [
        ("tiers", ProgramFault.LIST_LONG)
    ]


def test_a_list_of_faults_is_not_read_to_its_end() -> None:
    numbers = "[" + ",\n".join("1" for _ in range(4_000)) + "]"

    assert len(refused(GOOD.replace('["fruit"]', numbers)).problems) == PROBLEMS_MAX


@pytest.mark.parametrize(
    "changes",
    [
        # Out of reach by sales alone, but activities or invitations go on for ever.
        [("caps = { sale = 500, month = 2000 }", "caps = { member = 50 }")],
        [
            ("caps = { sale = 500, month = 2000 }", "caps = { member = 50 }"),
            ("points = 10\n", "points = 10\ncaps = { member = 10 }\n"),
            ("limit = 3\n", ""),
        ],
        [
            ("caps = { sale = 500, month = 2000 }", "caps = { member = 200 }"),
            ("points = 10\n", "points = 10\ncaps = { member = 10 }\n"),
            ("referrer_points = 50\nlimit = 3\n", "referred_points = 50\n"),
        ],
        # A weekday that lies in a short window, and windows without an end.
        [("until_date = 2026-12-31", 'until_date = 2026-12-02, weekdays = ["tuesday"]')],
        [(", until_date = 2026-12-31", "")],
        # More of one thing is enough where all are needed.
        [
            ('window = "rolling"', 'match = "all"'),
            (
                "[tier_rules]",
                f'{GOLD}threshold_points = 500\nthreshold_spend = "1900.00 EUR"\n\n[tier_rules]',
            ),
        ],
        [('"rolling"', '"calendar_year"')],
        [('model = { kind = "after_earning", months = 12, round_to = "month" }', "")],
        [('kind = "after_earning", months = 12, round_to = "month"', 'kind = "at_tier_loss"')],
        [
            (
                'kind = "after_earning", months = 12, round_to = "month"',
                'kind = "fixed_date", month = 2, day = 29',
            )
        ],
        [('"clamp"', '"take_off_cash"\npoint_worth = "1.00 EUR"')],
        [('categories = ["fruit"]', "birthday_days = 0")],
        [
            (
                'kind = "reward_price"\nreward = "three-off"\ncost_points = 80',
                'kind = "bonus"\npoints = 9',
            )
        ],
        [('reward = "three-off"\ncost_points = 80', 'reward = "three-off"\ncost_points = 0')],
    ],
)
def test_what_is_unusual_is_usable(changes: list[tuple[str, str]]) -> None:
    text = GOOD
    for was, becomes in changes:
        assert was in text
        text = text.replace(was, becomes, 1)

    assert read_document(text.encode()).name == "Corner"


def test_what_an_editor_adds_to_a_file_is_no_fault() -> None:
    windows = b"\xef\xbb\xbf" + GOOD.replace("\n", "\r\n").encode()

    assert read_document(windows) == read_document(GOOD.encode())


@pytest.mark.parametrize(
    ("amount", "minor_units"),
    [("3 EUR", 300), ("3.5 EUR", 350), ("3,50 EUR", 350), (" 3.00EUR ", 300)],
)
def test_money_is_read_as_people_write_it(amount: str, minor_units: int) -> None:
    program = read_document(GOOD.replace('"3.00 EUR"', f'"{amount}"').encode())

    assert isinstance(program.rewards[0], AmountOff)
    assert program.rewards[0].amount == minor_units


@pytest.mark.parametrize("template", TEMPLATES, ids=lambda path: path.stem)
def test_every_template_is_usable(template: Path) -> None:
    program = read_document(template.read_bytes())

    assert program.rewards
    assert template.read_text("utf-8").startswith("# ")


def test_there_are_ten_templates_and_together_they_show_every_part() -> None:
    programs = [read_document(template.read_bytes()) for template in TEMPLATES]

    assert len(programs) == 10
    kinds = {type(rule.give).__name__ for program in programs for rule in program.rules}
    assert kinds == {"Rate", "Exclude", "PerItem", "PerVisit", "Bonus", "Multiply", "Stamps"}
    rewards = {type(reward).__name__ for program in programs for reward in program.rewards}
    assert len(rewards) == 8
    assert len({type(program.expiration.model) for program in programs}) >= 4
    assert any(program.referral for program in programs)
    assert any(program.offers for program in programs)
    assert any(tier.paid for program in programs for tier in program.tiers)


def test_words_become_what_they_name() -> None:
    text = next(each for each in TEMPLATES if each.stem == "cafe-stamps").read_bytes()

    rule = read_document(text).rules[1]

    assert rule.give == Multiply(percent=200)
    assert rule.when.weekdays == (Weekday.TUESDAY, Weekday.WEDNESDAY)


# ------------------------------------------------------------------- noise --


def _is_program_or_named(data: bytes) -> None:
    """Read it: a refusal names its faults, and anything else that is raised fails the test."""
    refusal: LoyaltyError | None = None
    try:
        assert problems_of(read_document(data)) == ()
    except LoyaltyError as error:
        refusal = error
    if refusal is not None:
        assert isinstance(refusal, ProgramRefused)
        assert refusal.problems
        assert all(each.path and each.detail for each in refusal.problems)


TEXTS = [template.read_bytes() for template in TEMPLATES] + [GOOD.encode()]


@given(
    text=st.sampled_from(TEXTS),
    at=st.floats(0, 1),
    length=st.integers(0, 40),
    noise=st.binary(max_size=40),
)
def test_mutated_bytes_are_a_program_or_a_named_fault(
    text: bytes, at: float, length: int, noise: bytes
) -> None:
    place = int(at * len(text))

    _is_program_or_named(text[:place] + noise + text[place + length :])


_PIECES = st.sampled_from(
    [
        "{",
        "}",
        "[",
        "]",
        '"',
        "=",
        "\n",
        "0",
        "-1",
        "true",
        "inf",
        "1e9",
        "kind",
        ".",
        "2026-02-30",
        "[[rewards]]\n",
        "''",
        "\\u0000",
        "EUR",
    ]
)


@given(text=st.sampled_from(TEXTS), at=st.floats(0, 1), length=st.integers(0, 8), piece=_PIECES)
def test_mutated_words_are_a_program_or_a_named_fault(
    text: bytes, at: float, length: int, piece: str
) -> None:
    words = text.decode()
    place = int(at * len(words))

    _is_program_or_named((words[:place] + piece + words[place + length :]).encode())


@given(text=st.sampled_from(TEXTS), lines=st.lists(st.integers(0, 200), max_size=6))
def test_lines_that_are_lost_or_doubled_are_a_program_or_a_named_fault(
    text: bytes, lines: list[int]
) -> None:
    kept = text.split(b"\n")
    for line in lines:
        at = line % len(kept)
        kept[at : at + 1] = [] if line % 2 else [kept[at]] * 2

    _is_program_or_named(b"\n".join(kept))


@given(st.binary(max_size=400))
def test_noise_is_a_named_fault(data: bytes) -> None:
    _is_program_or_named(data)
