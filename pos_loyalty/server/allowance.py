"""The allowance: how many points tills may redeem above their rights, and what it can cost.

It is an escrowed counter of its own. For each stream ``risk_granted`` is a total that
only the server raises, ``risk_used`` what ingested events took of it; the difference may
be spent on the till right now. What was spent comes back once, when the server finds the
redemption covered by the member's pool; what it does not find covered becomes an item of
the owner's list and counts until the member's next points repaid it or the owner accepted
the loss. So at every moment::

    sum of (risk_granted - risk_used) + what is not covered + released rights <= the total

as far as the server ever granted: it grants only what is left of the total.
"""

from pos_loyalty.domain.ids import MemberId, MerchantId, TillId
from pos_loyalty.server.books import Books, Changed, StreamState
from pos_loyalty.server.database.repository import Session
from pos_loyalty.server.inbox_state import item_id
from pos_loyalty.wire.messages import SyncRequest

NOT_COVERED = "allowance_used"
"""Kind of an item: a till redeemed from its allowance, and the points were not there."""
RELEASED = "rights_released"
"""Kind of an item: the owner freed the rights of a journal that nobody writes any more."""
WRITTEN_OFF = "allowance_written_off"
"""Kind of an item: the owner no longer counts what a closed journal may have spent."""
REPAID, ACCEPTED = "repaid", "accept"
STILL_OPEN = ("", "ask")
"""What stands in ``settled`` while an item still counts against the total."""


def charge(
    books: Books,
    stream: StreamState,
    *,
    seq: int,
    member: MemberId,
    points: int,
    is_carried_over: bool,
) -> None:
    """Book what a sale took above its rights; called before the sale changes the balance.

    The covered part is paid by the pool and comes back to the total at once. A sale that
    was carried over took from the allowance of the journal that was left; that one stays
    counted until the owner settles it.
    """
    covered = 0 if books.is_granting_frozen else min(points, max(0, books.pool_of(member)))
    missing = points - covered
    if stream.risk_granted and not is_carried_over:
        # Before the first grant a till had no allowance: it worked alone then, or the grant
        # was forgotten with books that were lost. Its own counter began later, too.
        before = max(0, _on_till(stream))
        stream.risk_used += points
        books.dirty_streams.add(stream.stream)
        books.budget.counted += max(0, _on_till(stream)) - before
    if missing:
        books.budget.counted += missing
        books.notice(
            NOT_COVERED,
            stream.stream,
            seq,
            f"redeemed={points} covered={covered}",
            member=member,
            points=missing,
        )


def top_up(books: Books, stream: StreamState, request: SyncRequest) -> None:
    """Fill a till's allowance up to its share, as far as the total goes.

    Nothing is given to a stream that has more events than it has sent: what these used
    without an allowance must not be taken for a use of this one.
    """
    budget = books.budget
    is_hub = stream.till in budget.hubs
    if is_hub or budget.left <= 0 or books.is_granting_frozen or request.top > stream.last:
        return
    missing = budget.per_till - max(0, _on_till(stream))
    given = min(missing, budget.left)
    if given <= 0:
        return
    # What was used above the total, as after books were lost, is made good first.
    stream.risk_granted = max(stream.risk_granted, stream.risk_used) + given
    budget.counted += given
    books.dirty_streams.add(stream.stream)


def _on_till(stream: StreamState) -> int:
    """Return what a till may still take, as far as the server knows; below 0 it took more."""
    return stream.risk_granted - stream.risk_used


def risk_total(stream: StreamState, per_till: int) -> int:
    """Return the total that a till is told; less than was granted where its share shrank."""
    return min(stream.risk_granted, stream.risk_used + per_till)


def note_repaid(books: Books) -> None:
    """Find members who were below zero and are not any more: what was missing came back."""
    if books.is_granting_frozen:
        return
    for member in books.in_debt:
        if books.pool_of(member) >= 0:
            books.budget.repaid.add(member)


def count_given(session: Session, merchant: MerchantId) -> int:
    """Return what of the total is given away: on tills, not covered, or released."""
    on_tills = session.fetch(
        "SELECT coalesce(sum(risk_granted - risk_used), 0) FROM stream"
        " WHERE merchant = ? AND risk_granted > risk_used",
        merchant,
    )
    return int(on_tills[0][0]) + sum(open_items(session, merchant).values())


def hubs_of(session: Session, merchant: MerchantId) -> frozenset[TillId]:
    """Return the shops' hubs, which redeem nothing: a share would only lie there."""
    rows = session.fetch("SELECT till FROM till WHERE merchant = ? AND hub_pin <> ''", merchant)
    return frozenset(TillId(row[0]) for row in rows)


def open_items(session: Session, merchant: MerchantId) -> dict[str, int]:
    """Return the points of the items that count against the total, for each kind."""
    rows = session.fetch(
        "SELECT kind, sum(points) FROM attention WHERE merchant = ? AND kind IN (?, ?)"
        " AND settled IN (?, ?) GROUP BY kind",
        merchant,
        NOT_COVERED,
        RELEASED,
        *STILL_OPEN,
    )
    return {str(kind): int(points) for kind, points in rows}


def save_repaid(session: Session, books: Books) -> None:
    """Settle the items of members whose next points repaid what was missing."""
    merchant = books.merchant.merchant
    for member in sorted(books.budget.repaid):
        rows = session.fetch(
            "SELECT stream, seq FROM attention WHERE merchant = ? AND kind = ? AND member = ?"
            " AND settled IN (?, ?)",
            merchant,
            NOT_COVERED,
            member,
            *STILL_OPEN,
        )
        for stream, seq in rows:
            place = (merchant, NOT_COVERED, stream, seq)
            settle_item(session, place, how=REPAID, now_ms=books.now_ms)
            books.changed.add(Changed("attention", "", item_id(NOT_COVERED, stream, seq)))


def settle_item(
    session: Session, place: tuple[MerchantId, str, str, int], *, how: str, now_ms: int
) -> None:
    """Settle one item by its place (merchant, kind, stream, seq); it counts no more."""
    session.execute(
        "UPDATE attention SET settled = ?, settled_ms = ?, settled_by = 'server'"
        " WHERE merchant = ? AND kind = ? AND stream = ? AND seq = ?",
        how,
        now_ms,
        *place,
    )
