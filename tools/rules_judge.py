"""What must hold at the end of a seed of the rules drill, in the books and on the tills."""

from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import msgspec
from rules_shop import OffError, Shop

from pos_loyalty.domain.event import (
    Event,
    SaleMoved,
    SaleRecorded,
    SaleRefunded,
    SaleReversed,
    decode_event,
)
from pos_loyalty.domain.explained_member import MemberExplained
from pos_loyalty.domain.ids import EventId, MemberId
from pos_loyalty.domain.program import program_in_force
from pos_loyalty.server.database.repository import Found, Session
from pos_loyalty.server.explain import explain_subject
from pos_loyalty.server.keeping_state import SaleState
from pos_loyalty.server.refold import refold
from pos_loyalty.server.setup import read_merchant
from pos_loyalty.server.verify import verify_books
from pos_loyalty.store.verification import verify

_GOOD = ("applied", "held", "unknown_card")
_CHANGES = ("refund_id", "move_id", "activity_id", "adjustment_id", "grant_id")
_SHARED_KINDS = ("ActivityRecorded", "PointsAdjusted", "VoucherClaimed", "TierGranted")
"""Changes whose limits or partners several tills can exceed without knowing of each other."""
_SHOWN = ("tier", "balance_points", "pending_points", "pending_until", "ends_points", "ends")
_NO_RIGHTS = (0, 0, 0, 0, 0)


@dataclass(frozen=True)
class _Row:
    """An event as the server holds it; ``counted`` is False for one that was set aside."""

    stream: str
    verdict: str
    reason: str
    event: Event
    counted: bool


def judge(shop: Shop) -> None:
    """Judge the books of a shop that came to rest.

    Raises:
        OffError: the first thing that does not hold.
    """
    # Nobody asks for points any more: that would move them while they are compared.
    shop.offline |= {till.name for till in shop.tills}
    _verify(shop)
    before = _fingerprint(shop)
    refold(shop.server.database, clock=shop.server.clock)
    if _fingerprint(shop) != before:
        raise OffError("refold: changes the books")
    with shop.server.database.read() as session:
        rows = _rows(session)
        _check_once(shop, rows)
        _check_verdicts(shop, rows)
        _check_refunds(session, rows)
        _check_invitations(shop, session, rows)
        _check_spent(shop, session)
        _check_tills(shop, session)
    _check_explanations(shop, rows)


def _rows(session: Session) -> Sequence[_Row]:
    found = session.fetch(
        "SELECT stream, verdict, reason, data, event FROM event ORDER BY v, stream, seq"
    )
    return [
        _Row(row[0], row[1], row[2], decode_event(bytes(row[3])), row[4] is not None)
        for row in found
    ]


def _verify(shop: Shop) -> None:
    report = verify_books(shop.server.database)
    if report.faults:
        raise OffError(f"verify: {report.faults[0]}")
    for till in shop.tills:
        with till.till.context.store.read() as read:
            finding = verify(read.connection).finding
        if finding is not None:
            raise OffError(f"verify {till.name}: {finding}")


def _fingerprint(shop: Shop) -> list[list[Found]]:
    with shop.server.database.read() as session:
        return [
            session.fetch("SELECT member, balance, tier, sheet FROM member ORDER BY member"),
            session.fetch("SELECT count(*), sum(points) FROM entry"),
            session.fetch("SELECT stream, seq, verdict FROM event ORDER BY stream, seq"),
        ]


def _check_once(shop: Shop, rows: Sequence[_Row]) -> None:
    """Whatever a till said yes to is in the books once."""
    times: dict[str, int] = defaultdict(int)
    for row in rows:
        times[row.event.id] += row.verdict != "duplicate"
    said = [sold.sale for sold in shop.sold]
    said += [
        str(command[name]) for _, command, _ in shop.asked for name in _CHANGES if name in command
    ]
    for event in said:
        if times[event] != 1:
            raise OffError(f"once: {event} is {times[event]} times in the books")


def _check_verdicts(shop: Shop, rows: Sequence[_Row]) -> None:
    """Honest tills are not judged, but where two did not know of each other, or of new rules."""
    shared = _shared(rows)
    programs = tuple(read_merchant(shop.server.database).programs.values())
    for row in rows:
        event, kind = row.event, type(row.event).__name__
        shop.counts[f"verdict {kind} {row.verdict}"] += 1
        if row.verdict in _GOOD or kind in _SHARED_KINDS:
            continue
        if isinstance(event, SaleRecorded):
            in_force = program_in_force(programs, event.at_ms).version
            if row.verdict == "differs" and event.program != in_force:
                continue
        elif isinstance(event, SaleRefunded | SaleReversed | SaleMoved) and shared(event):
            continue
        raise OffError(f"verdict {kind} {row.verdict}: {row.reason} {event}")


def _shared(rows: Sequence[_Row]) -> Callable[[SaleRefunded | SaleReversed | SaleMoved], bool]:
    """Return what tells whether several tills changed the sale of a change."""
    streams: dict[str, set[str]] = defaultdict(set)
    for row in rows:
        event = row.event
        if isinstance(event, SaleRefunded | SaleReversed | SaleMoved):
            is_claim = isinstance(event, SaleRefunded) and event.claim
            streams[event.sale_id] |= {row.stream, *(("claim",) if is_claim else ())}

    def is_shared(event: SaleRefunded | SaleReversed | SaleMoved) -> bool:
        names = [name for name in streams if event.sale_id.endswith(name)]
        return len({stream for name in names for stream in streams[name]}) > 1

    return is_shared


def _check_refunds(session: Session, rows: Sequence[_Row]) -> None:
    """No more comes back of a sale than it was, and all its points with all its money."""
    sales = {row.event.id: row.event for row in rows if isinstance(row.event, SaleRecorded)}
    for sale_id, body in session.fetch("SELECT sale, body FROM sale_state"):
        state, sale = msgspec.json.decode(body, type=SaleState), sales.get(sale_id)
        if sale is None or state.returned is None:
            continue
        back, total = state.returned, sale.sale.total
        if back.amount > total:
            raise OffError(f"refunds: {back.amount} of {total} of {sale_id}")
        if state.move is not None:
            continue
        is_whole = back.amount == total > 0
        if back.earned > sale.earned or (is_whole and back.earned != sale.earned):
            raise OffError(f"refunds: {back.earned} of {sale.earned} points of {sale_id}")


def _check_invitations(shop: Shop, session: Session, rows: Sequence[_Row]) -> None:
    """What a sale paid for an invitation went with it, and nobody got it twice."""
    sales = {row.event.id: row.event for row in rows if isinstance(row.event, SaleRecorded)}
    of_sale = {str(sale): str(sale) for sale in sales}
    for row in rows:
        event = row.event
        if isinstance(event, SaleRefunded | SaleReversed | SaleMoved):
            ends = (sale for sale in sales if sale.endswith(event.sale_id))
            of_sale[event.id] = next(ends, "")
    paid: dict[str, int] = defaultdict(int)
    for event, points in session.fetch("SELECT event, points FROM entry WHERE kind = 'referral'"):
        shop.counts["invitation paid" if points > 0 else "invitation taken back"] += 1
        paid[of_sale.get(event, "")] += points
    left, undone = _left(session, sales), _undone(session)
    programs = read_merchant(shop.server.database).programs
    for sale_id, points in paid.items():
        sale = sales.get(EventId(sale_id))
        rule = None if sale is None else programs[sale.program].referral
        if sale is None or rule is None:
            continue  # an enrollment paid, and that stays
        most = rule.referrer_points + rule.referred_points
        is_gone = left[sale_id] < rule.minimum or left[sale_id] == 0 < sale.sale.total
        if not 0 <= points <= (0 if is_gone or sale_id in undone else most):
            raise OffError(f"invitation: {points} points stay of {sale_id}, left {left[sale_id]}")


def _left(session: Session, sales: Mapping[EventId, SaleRecorded]) -> dict[str, int]:
    """Return what of each sale did not come back, in minor units."""
    left = {str(sale.id): sale.sale.total for sale in sales.values()}
    for sale_id, body in session.fetch("SELECT sale, body FROM sale_state"):
        state = msgspec.json.decode(body, type=SaleState)
        if state.returned is not None and sale_id in left:
            left[sale_id] -= state.returned.amount
    return left


def _undone(session: Session) -> set[str]:
    return {str(row[0]) for row in session.fetch("SELECT sale FROM reversed_sale")}


def _check_spent(shop: Shop, session: Session) -> None:
    """Nobody used more than was there, but for debits that nothing could refuse, and allowance."""
    person, _ = _people(session)
    forced: dict[str, int] = defaultdict(int)
    taken = "SELECT member, points FROM entry WHERE points < 0"
    for member, points in session.fetch(f"{taken} AND kind NOT IN ('redemption', 'expiration')"):
        forced[person(member)] -= points
    left: dict[str, int] = defaultdict(int)
    for member, balance, held in session.fetch("SELECT member, balance, outstanding FROM member"):
        left[person(member)] += balance - held
    missing = {member: max(0, -pool - forced[member]) for member, pool in left.items()}
    if sum(missing.values()) > shop.allowance and not shop.merged:
        raise OffError(f"spent: {missing} above what was forced, allowance {shop.allowance}")


def _people(session: Session) -> tuple[Callable[[str], str], dict[str, int]]:
    """Return who a member is, and each person's points."""
    rows = session.fetch("SELECT member, alias_of, balance FROM member")
    older = {str(row[0]): row[1] for row in rows}

    def person(member: str) -> str:
        return person(str(older[member])) if older.get(member) else member

    points: dict[str, int] = defaultdict(int)
    for member, _, balance in rows:
        points[person(str(member))] += int(balance)
    return person, points


def _check_tills(shop: Shop, session: Session) -> None:
    """All tills show the same of everybody, and the server's points and rights."""
    person, points = _people(session)
    rights = {
        (row[0], row[1]): tuple(row[2:])
        for row in session.fetch(
            "SELECT member, stream, granted, earned, used, returned, lent FROM rights"
        )
    }
    for member in shop.members:
        shown_before: object = None
        for till in shop.tills:
            answer = shop.ask(till, do="member", id=member)
            if not answer["ok"] or answer["member"]["balance_points"] != points[person(member)]:
                raise OffError(f"shown: {till.name} {answer}, server {points[person(member)]}")
            with till.till.context.store.read() as read:
                held = read.journal.rights(MemberId(member))
            counters = (held.granted, held.earned, held.used, held.returned, held.lent)
            if counters != rights.get((member, till.stream), _NO_RIGHTS):
                raise OffError(f"rights: {member} at {till.name} {counters}, not the server's")
            shown = {name: answer["member"][name] for name in _SHOWN}
            if till.clock.skew_ms:
                continue
            if shown_before not in (None, shown):
                raise OffError(f"shown: {till.name} {shown}, another {shown_before}")
            shown_before = shown


def _check_explanations(shop: Shop, rows: Sequence[_Row]) -> None:
    """What is counted as it was said can be explained, and every point of a member."""
    shared, database = _shared(rows), shop.server.database
    for row in rows:
        event = row.event
        if not row.counted or row.verdict != "applied":
            continue
        if isinstance(event, SaleRefunded | SaleReversed | SaleMoved) and shared(event):
            continue
        why = explain_subject(database, event.id, now_ms=shop.time.ms)
        if isinstance(why, MemberExplained) or why.agrees is False:
            raise OffError(f"why: {event} {why}")
    for member in shop.members:
        whole = explain_subject(database, member, now_ms=shop.time.ms)
        if not isinstance(whole, MemberExplained):
            raise OffError(f"why: {member} is no member")
        if sum(entry.points for entry in whole.entries) != whole.balance:
            raise OffError(f"why: the entries of {member} are not its balance")
