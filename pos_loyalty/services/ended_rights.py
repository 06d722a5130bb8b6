"""Before a till that worked alone joins a server: rights to points that ended here go back.

Alone, a till's balance decides what can be used; from joining on its rights do. The rights of
what it sold itself are there still when the points have ended, and the server would let them be
used as long as they are.
"""

from collections.abc import Sequence

from pos_loyalty.domain.ids import MemberId
from pos_loyalty.services.member_now import keeps_lots, member_now
from pos_loyalty.services.till_context import TillContext
from pos_loyalty.store.rights_return import give_away
from pos_loyalty.store.unit_of_work import UnitOfWork

MEMBERS_AT_ONCE = 200
"""So many in one write: a sale finds its turn between."""


def give_back_ended(context: TillContext) -> int:
    """Give back the rights to what ended at this till; return how many points.

    Done again it gives back nothing more. Where the program lets nothing end, nobody is read.
    """
    if context.identity.joined or not keeps_lots(context):
        return 0
    with context.store.read() as work:
        members = work.journal.members_with_rights()
    given = 0
    for start in range(0, len(members), MEMBERS_AT_ONCE):
        with context.store.write() as work:
            given += _give_back(context, work, members[start : start + MEMBERS_AT_ONCE])
            work.commit()
    return given


def _give_back(context: TillContext, work: UnitOfWork, members: Sequence[MemberId]) -> int:
    at_ms, given = context.clock.now_ms(), 0
    for member in members:
        record = work.members.record(member)
        now = None if record is None else member_now(context, work, record, at_ms=at_ms)
        if record is None or now is None or not now.gone:
            continue
        usable = max(0, now.shown(record).balance_points - now.unusable_points)
        points = work.journal.rights(member).spendable - usable
        if points > 0:
            give_away(work, context.clock, context.ids, member=member, points=points)
            given += points
    return given
