"""What a sale adds to the counts of its member, and the limits that several tills exceeded."""

from collections.abc import Iterator, Mapping

from pos_loyalty.domain import lot as lots
from pos_loyalty.domain.earning_rule import Caps, Stamps
from pos_loyalty.domain.event import SaleRecorded
from pos_loyalty.domain.expiration import Inactivity
from pos_loyalty.domain.ids import MemberId, StreamId
from pos_loyalty.domain.program import LoyaltyProgram
from pos_loyalty.domain.reward import Stock
from pos_loyalty.domain.tally import POINTS, reward_name, rule_name, tally_of, without
from pos_loyalty.server.books import Books, MemberState
from pos_loyalty.server.due_times import inactive_ms
from pos_loyalty.server.fold_place import Place
from pos_loyalty.server.keeping import above_limits, count, keep, program_of, tally_of_person
from pos_loyalty.server.stamp_keeping import tell_short_cards
from pos_loyalty.server.stock import note_taken
from pos_loyalty.server.tier_keeping import raise_tier

CAP_ABOVE = "cap_above"
"""Kind of an item: tills together gave more than a cap allows; nothing is taken back."""
STOCK_ABOVE = "stock_above"
"""Kind of an item: tills together gave away more of a reward than there are."""
_ENOUGH = 10**15


def note_active(member: MemberState, *, at_ms: int, tz_minutes: int) -> None:
    """Remember when and on which clock a member was active last."""
    kept = keep(member)
    if at_ms >= kept.active_ms:
        kept.active_ms, kept.tz_minutes = at_ms, tz_minutes


def end_if_inactive(books: Books, member: MemberState, *, at_ms: int) -> None:
    """Let points end that had ended by inactivity before this event, whoever looked meanwhile."""
    if not isinstance(books.program.expiration.model, Inactivity):
        return
    everyone = [(state, state.kept) for state in books.class_of(member.member) if state.kept]
    ends_ms = max((inactive_ms(books, kept) for _, kept in everyone), default=0)
    if not 0 < ends_ms <= at_ms:
        return
    for state, kept in everyone:
        if kept.ended_ms < ends_ms:
            kept.book, _ = lots.expire_all(kept.book, at_ms=ends_ms, keep=_ENOUGH)
            kept.ended_ms = ends_ms
            # The event is of one account; the points of all that are merged with it end.
            books.touch_member(state)


def keep_sale(place: Place, event: SaleRecorded, owner: MemberId) -> None:
    """Add a sale to what is kept of its member; told of what exceeds a limit by it."""
    books, member = place.books, place.books.member(owner)
    end_if_inactive(books, member, at_ms=event.at_ms)
    note_active(member, at_ms=event.at_ms, tz_minutes=event.tz_minutes)
    kept = keep(member)
    kept.visit_ms = max(kept.visit_ms, event.at_ms)
    program = program_of(books, event)
    added = tally_of(program, event, books.needs.tally)
    count(books, member, added, tz_minutes=event.tz_minutes)
    raise_tier(books, member)
    books.touch_member(member)
    tally = tally_of_person(books, owner)
    if event.rewards:
        before = without(tally, added)
        tell_short_cards(place, event, program, owner=owner, before=before)
    for kind, words, above, points in _exceeded(program, event, tally, added):
        books.notice(
            kind,
            place.stream.stream,
            place.incoming.seq,
            f"{words} above={above}",
            member=owner,
            points=points,
        )


def forget_visit(books: Books, owner: MemberId, sale: SaleRecorded) -> None:
    """Let a sale that was undone be no visit: the one before it is the last one again."""
    member = books.member(owner)
    kept = keep(member)
    if books.needs.has_last_visit and kept.visit_ms == sale.at_ms:
        kept.visit_ms = sale.known.last_visit_ms
        books.touch_member(member)


def keep_stock(books: Books, stream: StreamId, seq: int, event: SaleRecorded) -> None:
    """Count rewards of which there are only so many; told of what was given without a share."""
    for taken in event.rewards:
        if taken.reward in books.needs.stock and note_taken(books, stream, taken.reward):
            words = f"reward={taken.reward} limit=in_all above=1"
            books.notice(STOCK_ABOVE, stream, seq, words, member=event.member, points=taken.points)


def _exceeded(
    program: LoyaltyProgram,
    event: SaleRecorded,
    tally: Mapping[str, int],
    added: Mapping[str, int],
) -> Iterator[tuple[str, str, int, int]]:
    """Yield kind, words, how much is above, and its points, for every limit exceeded."""
    limits: list[tuple[str, str, Caps | Stock, str, bool]] = [
        (CAP_ABOVE, "rule=all", program.caps, POINTS, True)
    ]
    limits += [
        (CAP_ABOVE, f"rule={rule.id}", rule.caps, rule_name(rule.id), not _gives_stamps(rule.give))
        for rule in program.rules
    ]
    for taken in event.rewards:
        reward = program.reward(taken.reward)
        if reward is not None:
            name = reward_name(reward.id)
            limits.append(
                (STOCK_ABOVE, f"reward={reward.id} limit=member", reward.stock, name, False)
            )
    for kind, words, limit, name, is_points in limits:
        above = above_limits(
            limit,
            name,
            tally=tally,
            added=added,
            at_ms=event.at_ms,
            tz_minutes=event.tz_minutes,
        )
        if above > 0:
            yield kind, words, above, above if is_points else 0


def _gives_stamps(give: object) -> bool:
    return isinstance(give, Stamps)
