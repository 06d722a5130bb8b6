"""Why an event gave or took points: rule, version, line and cap, in words.

Everything is computed again from what the events store, never remembered. Where the result is
not what the event says, the explanation says so: it never hides a difference.
"""

from collections.abc import Iterator

import msgspec

from pos_loyalty.domain.accrual import TraceStep
from pos_loyalty.domain.event import (
    ActivityRecorded,
    CardChanged,
    CardsIssued,
    Event,
    EventRescued,
    MemberEnrolled,
    PointsAdjusted,
    RightsReturned,
    SaleMoved,
    SaleRecorded,
    SaleRefunded,
    SaleReversed,
    StampsGiven,
    TierGranted,
    UnreadableEvent,
    VoucherClaimed,
    decode_event,
)
from pos_loyalty.domain.explanation_refund import move_story, refund_story
from pos_loyalty.domain.explanation_sale import reversal_story, sale_story, tier_name
from pos_loyalty.domain.explanation_story import ExplainedLine, Past, Story, local_time, step
from pos_loyalty.domain.ids import CardKey, EventId, MemberId, ProgramVersion
from pos_loyalty.domain.ledger import entries_of
from pos_loyalty.domain.program import LoyaltyProgram
from pos_loyalty.domain.trace import money_text, points_text

_RESCUES_MAX = 8


class ExplainedEntry(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One change of points by the event, and of whom."""

    kind: str
    points: int
    member: MemberId | None = None
    card_key: CardKey | None = None


class Explanation(msgspec.Struct, frozen=True, kw_only=True):
    """An event in words; see :class:`pos_loyalty.domain.explanation_story.Story`."""

    event: EventId
    kind: str
    at_ms: int
    tz_minutes: int
    program: ProgramVersion
    program_name: str
    what: str
    steps: tuple[TraceStep, ...] = ()
    lines: tuple[ExplainedLine, ...] = ()
    entries: tuple[ExplainedEntry, ...] = ()
    stamps: tuple[StampsGiven, ...] = ()
    stored: int = 0
    computed: int | None = None
    agrees: bool | None = None
    later: tuple["Explanation", ...] = ()
    """What became of a sale since: refunds, a move, its undoing; in the order they counted."""


def explain_with_later(event: Event, past: Past) -> Explanation:
    """Explain an event, and of a sale what became of it since."""
    fact = _inside(event)
    explanation = explain(fact, past)
    if not isinstance(fact, SaleRecorded):
        return explanation
    later = tuple(explain(each, past) for each in _later_of(fact, past))
    return msgspec.structs.replace(explanation, later=later)


def _later_of(sale: SaleRecorded, past: Past) -> Iterator[Event]:
    """Yield what changed a sale; a voucher that was used on it is part of the sale itself."""
    for each in past.referring_to(sale.id):
        fact = _inside(each)
        if isinstance(fact, SaleRefunded | SaleMoved | SaleReversed):
            yield fact


def explain(event: Event, past: Past) -> Explanation:
    """Explain an event; one that was carried over is explained as what it was."""
    fact = _inside(event)
    program = past.program(fact.program)
    story = _story(fact, program, past)
    return Explanation(
        event=fact.id,
        kind=str(fact.__struct_config__.tag),
        at_ms=fact.at_ms,
        tz_minutes=fact.tz_minutes,
        program=fact.program,
        program_name="" if program is None else program.name,
        what=story.what,
        steps=story.steps,
        lines=story.lines,
        entries=_entries(fact),
        stamps=story.stamps,
        stored=story.stored,
        computed=story.computed,
        agrees=story.agrees,
    )


def _inside(event: Event) -> Event:
    """Take an event out of its rescues."""
    for _ in range(_RESCUES_MAX):
        if not isinstance(event, EventRescued):
            break
        try:
            event = decode_event(event.original.encode())
        except UnreadableEvent:
            break
    return event


def _entries(event: Event) -> tuple[ExplainedEntry, ...]:
    return tuple(
        ExplainedEntry(
            kind=entry.kind.value,
            points=entry.points,
            member=entry.member,
            card_key=entry.card_key,
        )
        for entry in entries_of(event)
    )


def _story(event: Event, program: LoyaltyProgram | None, past: Past) -> Story:
    match event:
        case SaleRecorded():
            later = _later_of(event, past) if event.card_key is None else ()
            is_moved = any(isinstance(each, SaleMoved) for each in later)
            return sale_story(event, program, card_came_later=is_moved)
        case SaleReversed():
            return reversal_story(event, past)
        case SaleRefunded():
            return refund_story(event, past)
        case SaleMoved():
            return move_story(event, past)
        case _:
            return _other_story(event, program, past)


def _other_story(event: Event, program: LoyaltyProgram | None, past: Past) -> Story:
    match event:
        case MemberEnrolled():
            return _enrollment(event, program)
        case ActivityRecorded():
            return _activity(event, program)
        case PointsAdjusted():
            return _adjustment(event)
        case TierGranted():
            return _tier(event, program)
        case VoucherClaimed():
            return _voucher(event, past)
        case _:
            return Story(what=_without_points(event))


def _given(rule: str, text: str, points: int) -> TraceStep:
    """Return the first step of what gives points, or takes them by hand."""
    return step(rule, text, points, change=points)


def _enrollment(event: MemberEnrolled, program: LoyaltyProgram | None) -> Story:
    invited = "" if event.invited_by is None else f", invited by {event.invited_by}"
    what = f"Enrolled{invited}: {points_text(event.welcome)} of welcome."
    if program is None:
        return Story(what=what, stored=event.welcome)
    text = f"Welcome: {points_text(program.welcome_points)}"
    return Story(
        what=what,
        steps=(_given("welcome", text, program.welcome_points),),
        stored=event.welcome,
        computed=program.welcome_points,
        agrees=event.welcome == program.welcome_points,
    )


def _activity(event: ActivityRecorded, program: LoyaltyProgram | None) -> Story:
    """Say what the rule gives; its caps count what other tills did, which no event stores."""
    rules = () if program is None else program.activities
    rule = next((each for each in rules if each.id == event.activity), None)
    if rule is None:
        what = f"Activity {event.activity}: {points_text(event.points)}, by an unknown rule."
        return Story(what=what, stored=event.points)
    steps = [_given(f"activity {rule.id}", f"{rule.name}: {points_text(rule.points)}", rule.points)]
    if event.points < rule.points:
        text = f"its caps left {points_text(event.points)}"
        less = event.points - rule.points
        steps.append(step(f"activity {rule.id}", text, event.points, change=less))
    if event.approved_by:
        steps.append(step("approval", f"approved by {event.approved_by}", event.points))
    return Story(
        what=f"{rule.name}: {points_text(event.points)}.",
        steps=tuple(steps),
        stored=event.points,
        computed=rule.points,
        agrees=event.points <= rule.points,
    )


def _adjustment(event: PointsAdjusted) -> Story:
    verb = "given" if event.points >= 0 else "taken"
    text = f"by hand: {event.reason}; approved by {event.approved_by}"
    return Story(
        what=f"{points_text(abs(event.points))} {verb} by hand: {event.reason}.",
        steps=(_given("adjustment", text, event.points),),
        stored=event.points,
    )


def _tier(event: TierGranted, program: LoyaltyProgram | None) -> Story:
    name = tier_name(program, event.tier)
    until = local_time(event.until_ms, event.tz_minutes)
    how = f"for {event.price} minor units" if event.price else "by hand"
    if event.price and program is not None:
        how = f"for {money_text(event.price, program.currency)}"
    why = f", because: {event.reason}" if event.reason else ""
    return Story(what=f"Tier {name} given {how} until {until}{why}.")


def _voucher(event: VoucherClaimed, past: Past) -> Story:
    sale = past.event(event.sale_id)
    gives = points_text(event.points)
    if event.discount and isinstance(sale, SaleRecorded):
        gives = f"{money_text(event.discount, sale.sale.currency)} off"
    elif event.discount:
        gives = f"{event.discount} minor units off"
    return Story(
        what=f"Voucher {event.voucher} used on sale {event.sale_id}: {gives}.",
        steps=(_given("voucher", f"signed for {gives}", event.points),),
        stored=event.points,
        computed=event.points,
        agrees=True,
    )


def _without_points(event: Event) -> str:
    match event:
        case RightsReturned():
            to = "the server" if event.to_stream is None else "another till"
            return f"Spend rights of {points_text(event.points)} given to {to}; no points move."
        case CardsIssued():
            return f"{len(event.cards)} blank cards issued; no points move."
        case CardChanged():
            return f"Card {event.status}; no points move."
        case _:
            return "An event that was carried over and cannot be read; no points move."
