"""Rows of members as tills get them: a person's points are one sum, whatever accounts there are."""

from collections.abc import Iterable, Mapping, Sequence

from pos_loyalty.domain.ids import MemberId, MerchantId, TierId
from pos_loyalty.server.books import MemberState, earned_window
from pos_loyalty.server.database import inbox_statements, statements
from pos_loyalty.server.database.repository import Session
from pos_loyalty.server.member_sheet import sheet_of
from pos_loyalty.wire.messages import MemberRow

States = dict[MemberId, MemberState]


def member_rows(
    session: Session, merchant: MerchantId, versions: Mapping[str, int], *, now_ms: int
) -> Sequence[MemberRow]:
    """Return the rows of these members at these versions of the feed.

    The row of an account that was merged says so and has no points; the one that stayed
    has the sum. Beside a merged account the one that stayed is always sent, and before it,
    so that no till ever shows fewer points in between.
    """
    asked = [MemberId(key) for key in versions]
    states = statements.load_members(session, merchant, asked)
    rows = [states[member] for member in asked if member in states]
    _load_above(session, merchant, states)
    merged = _load_below(session, merchant, states)
    roots = {
        state.member: _root(states, state).member for state in rows if state.alias_of is not None
    }
    newest = _versions_of(session, merchant, set(roots.values()) - versions.keys())
    answers: list[MemberRow] = []
    for state in rows:
        v = versions[state.member]
        if state.member not in roots:
            answers.append(_row(state, _class_of(states, merged, state), v=v, now_ms=now_ms))
            continue
        root = states[roots[state.member]]
        if root.member in newest:
            v_of_root = newest.pop(root.member)
            everyone = _class_of(states, merged, root)
            answers.append(_row(root, everyone, v=v_of_root, now_ms=now_ms))
        answers.append(_merged_row(state, root, v=v))
    return answers


def class_of(session: Session, merchant: MerchantId, member: MemberId) -> list[MemberState]:
    """Return the accounts that are one person's; nobody where the member is not known."""
    states = statements.load_members(session, merchant, [member])
    if not states:
        return []
    _load_above(session, merchant, states)
    merged = _load_below(session, merchant, states)
    return _class_of(states, merged, _root(states, states[member]))


def _row(state: MemberState, everyone: Sequence[MemberState], *, v: int, now_ms: int) -> MemberRow:
    return MemberRow(
        v=v,
        member=state.member,
        balance=sum(each.balance for each in everyone),
        tier=TierId(state.tier),
        earned_window=sum(earned_window(each.months, now_ms) for each in everyone),
        name=_first(state.name, (each.name for each in everyone)),
        phone=_first(state.phone, (each.phone for each in everyone)),
        status=state.status,
        enrolled_ms=state.enrolled_ms,
        sheet=sheet_of(everyone, now_ms),
    )


def _merged_row(state: MemberState, root: MemberState, *, v: int) -> MemberRow:
    return MemberRow(
        v=v,
        member=state.member,
        tier=TierId(root.tier),
        name=state.name,
        phone=state.phone,
        status=state.status,
        enrolled_ms=state.enrolled_ms,
        alias_of=root.member,
    )


def _first(own: str, others: Iterable[str]) -> str:
    return own or next((other for other in others if other), "")


def _root(states: States, state: MemberState) -> MemberState:
    while state.alias_of is not None:
        state = states[state.alias_of]
    return state


def _class_of(
    states: States, merged: Mapping[MemberId, Sequence[MemberId]], root: MemberState
) -> list[MemberState]:
    found, place = [root], 0
    while place < len(found):
        found += [states[member] for member in merged.get(found[place].member, ())]
        place += 1
    return found


def _load_above(session: Session, merchant: MerchantId, states: States) -> None:
    while (
        above := {state.alias_of for state in states.values() if state.alias_of is not None}
        - states.keys()
    ):
        states.update(statements.load_members(session, merchant, above))


def _load_below(
    session: Session, merchant: MerchantId, states: States
) -> dict[MemberId, list[MemberId]]:
    """Load what was merged into these accounts; returns for each account which those are."""
    merged: dict[MemberId, list[MemberId]] = {}
    frontier = set(states)
    while frontier:
        pairs = inbox_statements.children_of(session, merchant, frontier)
        for member, older in pairs:
            merged.setdefault(older, []).append(member)
        frontier = {member for member, _ in pairs} - states.keys()
        states.update(statements.load_members(session, merchant, frontier))
    return merged


def _versions_of(
    session: Session, merchant: MerchantId, members: set[MemberId]
) -> dict[MemberId, int]:
    rows = session.fetch_among(
        "SELECT id, v FROM chg WHERE merchant = ? AND type = 'member' AND id {among}",
        merchant,
        sorted(members),
    )
    return {MemberId(member): int(v) for member, v in rows}
