"""Programs for the rules drill: drawn ones and templates, now and then with more kinds of rules."""

import random

import msgspec

from pos_loyalty.domain.earning_rule import ActivityRule, Approval, ReferralEvent, ReferralRule
from pos_loyalty.domain.program import LoyaltyProgram
from pos_loyalty.domain.program_check import problems_of
from pos_loyalty.domain.reward import FreeItem, Reward, Stock
from pos_loyalty.services.program_templates import template_text, templates
from pos_loyalty.wire.program_document import read_document
from tests.reference.draw_program import ProgramDrawer

_SHOP = "Market Street"
"""What the simulator's shop is called: rules of drawn programs ask for it."""
_TEMPLATES = tuple(read_document(template_text(each.id).encode()) for each in templates())


def chance(dice: random.Random, share: float) -> bool:
    """Say yes so often."""
    return dice.random() < share


def draw_program(dice: random.Random) -> LoyaltyProgram:
    """Draw a program, or take one of the templates; now and then with more kinds of rules."""
    program = dice.choice(_TEMPLATES) if chance(dice, 0.2) else ProgramDrawer(dice).program()
    body = msgspec.json.encode(program).replace(b'"north"', f'"{_SHOP}"'.encode())
    program = msgspec.json.decode(body, type=LoyaltyProgram)
    known = {rule.id for rule in program.activities}
    more = tuple(
        ActivityRule(id=name, name=name, points=dice.randint(1, 30), approval=Approval.AUTOMATIC)
        for name in ("enrollment", "completed_profile", "birthday")
        if name not in known and chance(dice, 0.4)
    )
    richer = msgspec.structs.replace(
        program,
        activities=program.activities + more,
        rewards=tuple(_scarcer(reward, dice) for reward in program.rewards),
    )
    return program if problems_of(richer) else richer


def with_friends(program: LoyaltyProgram, dice: random.Random) -> LoyaltyProgram:
    """Let a program pay for what guests buy."""
    rule = ReferralRule(
        pays_on=dice.choice((ReferralEvent.FIRST_PURCHASE, ReferralEvent.EVERY_PURCHASE)),
        referrer_points=dice.choice((0, 30, 100)),
        referred_points=dice.choice((10, 25)),
        minimum=dice.choice((0, 500, 1000)),
        limit=dice.choice((None, None, 1, 3)),
    )
    return msgspec.structs.replace(program, referral=rule)


def _scarcer(reward: Reward, dice: random.Random) -> Reward:
    if chance(dice, 0.15):
        reward = msgspec.structs.replace(reward, stock=Stock(in_all=dice.randint(1, 6)))
    if isinstance(reward, FreeItem) and chance(dice, 0.4):
        reward = msgspec.structs.replace(reward, item="", choices=("Tea", "Cake"))
    return reward
