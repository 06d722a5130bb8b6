"""Can everybody earn by this program, and by each of its rules?"""

from collections.abc import Iterator

from pos_loyalty.domain.did_you_mean import did_you_mean
from pos_loyalty.domain.earning_rule import (
    Approval,
    Bonus,
    Caps,
    Conditions,
    EarningRule,
    Exclude,
    Multiply,
    PerItem,
    PerVisit,
    Rate,
    ReferralEvent,
    Stamps,
    WeekdayMultiplier,
)
from pos_loyalty.domain.program import PERCENT_WHOLE, LoyaltyProgram
from pos_loyalty.domain.program_check_conditions import (
    check_conditions,
    hidden_by,
    is_unconditional,
)
from pos_loyalty.domain.program_fault import Findings, ProgramFault
from pos_loyalty.domain.rounding import DAYS_PER_WEEK

MULTIPLIER_PERCENT_MAX = 10_000
HOURS_BETWEEN_MAX = 24 * 365
PENDING_DAYS_MAX = 365
AUTOMATIC_ACTIVITIES = ("enrollment", "completed_profile", "birthday")
"""What the product records by itself."""
_NOT_BY_ITSELF = (
    f"only the ids {', '.join(AUTOMATIC_ACTIVITIES[:-1])} and {AUTOMATIC_ACTIVITIES[-1]} are"
    ' recorded without a person: write approval = "cashier"'
)


def check_earning(findings: Findings, program: LoyaltyProgram) -> None:
    """Note what keeps the program or one of its rules from giving anything."""
    for name in ("step_minor_units", "points_per_step"):
        if getattr(program.earn, name) == 0:
            findings.add(f"earn.{name}", ProgramFault.RATE_ZERO, "a rate of 0 earns nothing")
    _check_weekdays(findings, program.weekday_multipliers)
    _check_rules(findings, program)
    check_caps(findings, "caps", program.caps)
    if program.caps.sale is not None and program.sale_points_min > program.caps.sale:
        findings.add(
            "sale_points_min",
            ProgramFault.CAP_BELOW_MINIMUM,
            f"at least {program.sale_points_min} points and at most {program.caps.sale}",
        )
    if program.pending_days > PENDING_DAYS_MAX:
        findings.add("pending_days", ProgramFault.DAYS_RANGE, f"0 to {PENDING_DAYS_MAX} days")
    _check_stamp_cards(findings, program)
    _check_activities(findings, program)
    _check_referral(findings, program)


def check_multiplier(findings: Findings, path: str, percent: int) -> None:
    """Note a multiplier that takes points away or gives absurdly many."""
    if not PERCENT_WHOLE <= percent <= MULTIPLIER_PERCENT_MAX:
        findings.add(
            path,
            ProgramFault.PERCENT_RANGE,
            "a multiplier is 100 (once) to 10000 (a hundred times)",
        )


def check_caps(findings: Findings, path: str, caps: Caps) -> None:
    """Note caps of nothing."""
    for name in caps.__struct_fields__:
        if getattr(caps, name) == 0:
            findings.add(f"{path}.{name}", ProgramFault.CAP_ZERO, "a cap of 0 never gives anything")


def _check_weekdays(findings: Findings, multipliers: tuple[WeekdayMultiplier, ...]) -> None:
    taken: dict[int, str] = {}
    for index, rule in enumerate(multipliers):
        path = f"weekday_multipliers[{index}]"
        if not rule.weekdays:
            findings.add(f"{path}.weekdays", ProgramFault.LIST_EMPTY, "name at least one weekday")
        if any(not 0 <= day < DAYS_PER_WEEK for day in rule.weekdays):
            findings.add(
                f"{path}.weekdays",
                ProgramFault.WEEKDAY_RANGE,
                "weekdays are 0 (Monday) to 6 (Sunday)",
            )
        other = next((taken[day] for day in rule.weekdays if day in taken), "")
        if other:
            findings.add(
                f"{path}.weekdays",
                ProgramFault.WINDOW_OVERLAP,
                f'the same weekday stands in "{other}", and only the best one counts',
            )
        taken |= dict.fromkeys(rule.weekdays, rule.name)
        check_multiplier(findings, f"{path}.percent", rule.percent)


def _check_rules(findings: Findings, program: LoyaltyProgram) -> None:
    choosing: list[Conditions] = []
    names: list[str] = []
    for index, rule in enumerate(program.rules):
        path = f"rules[{index}]"
        check_conditions(findings, f"{path}.when", rule.when, program)
        check_caps(findings, f"{path}.caps", rule.caps)
        _check_value(findings, path, rule, program)
        if not isinstance(rule.give, Rate | Exclude):
            continue
        place = hidden_by(rule.when, choosing)
        if place is not None:
            findings.add(
                path,
                ProgramFault.RULE_HIDDEN,
                f'"{names[place]}" comes first and takes every line that this one would',
            )
        choosing.append(rule.when)
        names.append(rule.id)


def _check_value(findings: Findings, path: str, rule: EarningRule, program: LoyaltyProgram) -> None:
    give = rule.give
    for name, amount in _amounts(rule):
        if amount == 0:
            fault = ProgramFault.RATE_ZERO if isinstance(give, Rate) else ProgramFault.NUMBER_ZERO
            findings.add(f"{path}.give.{name}", fault, "0 gives nothing")
    match give:
        case Multiply():
            check_multiplier(findings, f"{path}.give.percent", give.percent)
        case PerVisit() if give.hours_between > HOURS_BETWEEN_MAX:
            findings.add(
                f"{path}.give.hours_between",
                ProgramFault.DAYS_RANGE,
                f"0 to {HOURS_BETWEEN_MAX} hours",
            )
        case Exclude() if is_unconditional(rule.when):
            findings.add(
                path,
                ProgramFault.NOTHING_EARNS,
                "without conditions it keeps every sale from earning",
            )
        case Stamps():
            known = [card.id for card in program.stamp_cards]
            if give.card not in known:
                findings.add(
                    f"{path}.give.card",
                    ProgramFault.STAMP_CARD_UNKNOWN,
                    f'no stamp card has the id "{give.card}"{did_you_mean(give.card, known)}',
                )
        case _:
            pass


def _amounts(rule: EarningRule) -> Iterator[tuple[str, int]]:
    """Yield what a rule gives by, each of which has to be above 0."""
    match rule.give:
        case Rate(step=step, points=points):
            yield "step", step
            yield "points", points
        case PerItem(points=points) | PerVisit(points=points) | Bonus(points=points):
            yield "points", points
        case Stamps(count=count):
            yield "count", count
        case _:
            pass


def _check_stamp_cards(findings: Findings, program: LoyaltyProgram) -> None:
    filled = {rule.give.card for rule in program.rules if isinstance(rule.give, Stamps)}
    used = {reward.stamp_card for reward in program.rewards}
    for index, card in enumerate(program.stamp_cards):
        path = f"stamp_cards[{index}]"
        if card.stamps == 0:
            findings.add(f"{path}.stamps", ProgramFault.NUMBER_ZERO, "a card has at least 1 stamp")
        if card.id not in filled:
            findings.add(
                path, ProgramFault.STAMP_CARD_UNUSED, f'no rule gives stamps on "{card.id}"'
            )
        if card.id not in used:
            findings.add(
                path, ProgramFault.STAMP_CARD_UNUSED, f'no reward takes the stamps of "{card.id}"'
            )


def _check_activities(findings: Findings, program: LoyaltyProgram) -> None:
    for index, rule in enumerate(program.activities):
        path = f"activities[{index}]"
        if rule.points == 0:
            findings.add(f"{path}.points", ProgramFault.NUMBER_ZERO, "0 gives nothing")
        check_caps(findings, f"{path}.caps", rule.caps)
        if rule.approval is Approval.AUTOMATIC and rule.id not in AUTOMATIC_ACTIVITIES:
            findings.add(
                f"{path}.approval",
                ProgramFault.ACTIVITY_NEVER,
                _NOT_BY_ITSELF,
            )


def _check_referral(findings: Findings, program: LoyaltyProgram) -> None:
    rule = program.referral
    if rule is None:
        return
    if rule.referrer_points == 0 and rule.referred_points == 0:
        findings.add(
            "referral", ProgramFault.REFERRAL_PAYS_NOTHING, "it pays nothing to either of the two"
        )
    if rule.pays_on is ReferralEvent.ENROLLMENT and rule.minimum:
        findings.add(
            "referral.minimum",
            ProgramFault.REFERRAL_MINIMUM,
            "an enrollment has no amount; the minimum is for purchases",
        )
    if rule.limit == 0:
        findings.add("referral.limit", ProgramFault.CAP_ZERO, "a limit of 0 never pays")
