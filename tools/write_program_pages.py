"""Write docs/programs/: whom each template suits, and what it costs at typical sales.

Nothing on these pages is made up: the words come from the template, the figures from a till
that sells a year by it (tools/program_year.py), to the member of tools/typical_sales.toml.
"""

import re
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from program_year import Year, live, typical

from pos_loyalty.assets import assets_folder
from pos_loyalty.domain.program import LoyaltyProgram
from pos_loyalty.domain.program_words import money_words, offer_words, value_words
from pos_loyalty.domain.reward import BuySomeGetSome, PointsForMoney, Reward, worth_of
from pos_loyalty.wire.program_document import read_document

FOLDER = Path(__file__).parent.parent / "docs" / "programs"
_PROGRAMS = assets_folder() / "programs"
_KINDS = {
    "AmountOff": "an amount off",
    "PercentOff": "a percentage off, at most",
    "FreeItem": "a free item",
    "BuySomeGetSome": "some bought, some free",
    "PointsForMoney": "points for money",
    "Gift": "a gift",
    "Access": "access before others",
    "Donation": "a donation",
}


def names() -> list[str]:
    """Return all templates by name."""
    return sorted(path.stem for path in _PROGRAMS.glob("*.toml"))


def page(name: str) -> str:
    """Return the page of a template as it must be."""
    text = (_PROGRAMS / f"{name}.toml").read_text("utf-8")
    program = read_document(text.encode())
    member = typical()[name]
    year = live(program, member)
    parts = [
        f"# {member['title']}",
        "\n\n".join(_introduction(text)),
        _start(name),
        "## What it gives",
        *_gives(program),
        "## What a reward costs a member",
        _reward_table(program),
        "## What it costs the shop",
        _assumption(member),
        _year_table(program, year),
        _words_of(program, year),
        _FOOT,
    ]
    return "\n\n".join(part for part in parts if part) + "\n"


_FOOT = (
    "Counted by a till that sold this year by the template (`tools/write_program_pages.py`), at the"
    " prices in the shop: what a reward costs you is less. Nothing ends within a first year, and"
    " activities, invitations and bought tiers are not part of it. Your own sales tell better:"
    " `./pos program replay FILE`. How to go on: [program.md](../program.md)."
)


def _introduction(text: str) -> Iterator[str]:
    """Yield the paragraphs of the comment at the top."""
    comment = re.match(r"(?:#.*\n)+", text)
    assert comment is not None
    lines = [line.removeprefix("#").strip() for line in comment[0].splitlines()]
    yield from (" ".join(part.split("\n")) for part in "\n".join(lines).split("\n\n"))


def _start(name: str) -> str:
    return f"    ./pos program new {name} mine.toml"


def _gives(program: LoyaltyProgram) -> Iterator[str]:
    step = money_words(program, program.earn.step_minor_units)
    points = program.earn.points_per_step
    lines = [f"{points} point{'s' if points > 1 else ''} for each {step}."]
    if program.welcome_points:
        lines[0] += f" {program.welcome_points} points for joining."
    yield lines[0]
    given = [f"- {rule.name}: {value_words(program, rule.give)}" for rule in program.rules]
    given += [f"- {offer.name}: {offer_words(offer)}" for offer in program.offers]
    given += [f"- {rule.name}: {rule.points} points" for rule in program.activities]
    if program.referral is not None:
        given.append(
            f"- Invitations: {program.referral.referrer_points} points for who invites,"
            f" {program.referral.referred_points} for who comes"
        )
    yield "\n".join(given)
    if len(program.tiers) > 1:
        yield "Tiers: " + ", ".join(tier.name for tier in program.tiers) + "."


def _table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines)


def _reward_table(program: LoyaltyProgram) -> str:
    head = ("Reward", "Kind", "Costs", "Worth", "At the base rate after sales of", "That is")
    return _table(head, [_reward_row(program, reward) for reward in program.rewards])


def _reward_row(program: LoyaltyProgram, reward: Reward) -> Sequence[str]:
    worth = worth_of(reward)
    name, kind = reward.name, _KINDS[type(reward).__name__]
    if isinstance(reward, BuySomeGetSome):
        kind = f"of each {reward.buy + reward.get} items {reward.get} free"
    if isinstance(reward, PointsForMoney):
        kind = f"each step, up to {reward.share_percent_max} % of a sale"
    shown = money_words(program, worth) if worth else "–"
    if reward.stamp_card:
        card = next(card for card in program.stamp_cards if card.id == reward.stamp_card)
        return name, kind, f"{card.stamps} stamps", shown, "–", "–"
    if not reward.cost_points:
        return name, kind, "nothing", shown, "–", "–"
    earn = program.earn
    steps = -(-reward.cost_points // earn.points_per_step)
    sales = steps * earn.step_minor_units
    share = f"{100 * worth / sales:.1f} %" if worth else "–"
    return name, kind, f"{reward.cost_points} points", shown, money_words(program, sales), share


def _assumption(member: dict[str, Any]) -> str:
    return f"A typical member: {member['member'][0].lower()}{member['member'][1:]}"


def _year_table(program: LoyaltyProgram, year: Year) -> str:
    taken = ", ".join(f"{count} × {_name(program, name)}" for name, count in year.taken.items())
    rows = [
        ("Visits", f"{year.visits}"),
        ("Sales", money_words(program, year.turnover)),
        ("Points for joining", f"{year.welcome}"),
        ("Points earned by sales", f"{year.earned}"),
        ("Rewards taken", taken or "none"),
        ("Their worth", money_words(program, year.cost)),
        ("**Of the member's sales**", f"**{100 * year.cost / year.turnover:.1f} %**"),
        ("Points left at the end", f"{year.balance}"),
    ]
    if len(program.tiers) > 1:
        rows.append(("Tier at the end", year.tier))
    return _table(("In a year", ""), rows)


def _name(program: LoyaltyProgram, reward_id: str) -> str:
    reward = program.reward(reward_id)
    assert reward is not None
    return reward.name


def _words_of(program: LoyaltyProgram, year: Year) -> str:
    """Say what the points that are left are worth at the best reward of the member's kind."""
    rates = [
        worth_of(reward) / reward.cost_points for reward in program.rewards if reward.cost_points
    ]
    owed = int(year.balance * max(rates, default=0))
    return (
        f"What is left is worth at most {money_words(program, owed)}: that is owed, not paid."
        if owed
        else ""
    )


if __name__ == "__main__":
    FOLDER.mkdir(exist_ok=True)
    for each in names():
        (FOLDER / f"{each}.md").write_text(page(each), encoding="utf-8")
        sys.stdout.write(f"{each}.md\n")
