"""Derives what is kept of members again, where a new program asks for more than was kept.

From the moment at which the program is there, the counts and the lots of every member are what
they were had they been kept from the start. A long past takes minutes to fold, and nobody is
to wait for that: it is folded beforehand, in snapshots, while tills and server go on. The
transaction that publishes folds only what came meanwhile, and writes. Killed at any moment it
leaves the books as they were.
"""

import dataclasses
import gc
from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeVar

import msgspec

from pos_loyalty.domain.error_catalog import Code
from pos_loyalty.domain.errors import StoreUnavailable
from pos_loyalty.domain.program import LoyaltyProgram, put_aside
from pos_loyalty.server.books import Books, MemberState, Merchant, Programs
from pos_loyalty.server.database import statements, tables
from pos_loyalty.server.database.repository import Database, Session
from pos_loyalty.server.due_times import due_ms_of
from pos_loyalty.server.group_write import transact
from pos_loyalty.server.keeping import withhold
from pos_loyalty.server.keeping_state import needs_of
from pos_loyalty.server.past_fold import PastFold, count_events
from pos_loyalty.server.tier_keeping import tier_ends_ms

_PAGE = 2_000
TRIES_MAX = 4
"""So often the past is folded where others publish meanwhile."""

ResultT = TypeVar("ResultT")
Counted = Callable[[str, int, int], None]
"""Told the stage, how many units of it are through, and of how many."""
COUNTING, WRITING = "counting", "writing"
"""Stages: events are folded while tills go on; members are written, and tills wait."""


def silent(_stage: str, _done: int, _total: int) -> None:
    """Tell nobody."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Ahead:
    """The past as versions ask for it together, folded up to some moment.

    ``before`` are the versions that were known before, ``programs`` the new ones.
    """

    before: frozenset[str]
    programs: tuple[LoyaltyProgram, ...]
    past: PastFold

    def fits(self, merchant: Merchant, programs: tuple[LoyaltyProgram, ...]) -> bool:
        """Tell whether this is the past of these books, as these programs ask for it."""
        known = merchant.programs
        asked = needs_of([*known.values(), *programs])
        return self.before == frozenset(known) and asked == self.past.books.needs


class PastIsAsked(Exception):
    """Leaves a transaction that needs the past: nothing is written, and it is folded first."""

    def __init__(self, merchant: Merchant, programs: tuple[LoyaltyProgram, ...]) -> None:
        super().__init__("the past has to be folded first")
        self.merchant = merchant
        self.programs = programs


def transact_with_past(
    database: Database,
    work: Callable[[Session, Ahead | None], ResultT],
    counted: Counted = silent,
) -> ResultT:
    """Run work in the write transaction; where it asks for the past, fold that first.

    Raises:
        StoreUnavailable: as :func:`.transact`; or others publish programs all the time.
    """
    ahead: Ahead | None = None
    for _ in range(TRIES_MAX):
        try:
            return transact(database, lambda session, past=ahead: work(session, past))
        except PastIsAsked as asked:
            ahead = fold_ahead(database, asked, counted)
    raise StoreUnavailable(Code.SERVER_BUSY)


def fold_ahead(database: Database, asked: PastIsAsked, counted: Counted = silent) -> Ahead:
    """Fold everything up to now, page by page, each in a snapshot of its own."""
    merchant = asked.merchant
    # What is about to be published was never in force: the past is folded by what was known.
    programs = tuple(put_aside(program) for program in asked.programs)
    past = PastFold(_with(merchant, programs))
    with database.read() as session:
        total = count_events(session, merchant.merchant)
    is_last = False
    try:
        while not is_last:
            counted(COUNTING, past.events, max(total, past.events))
            with database.read() as session:
                is_last = past.fold_page(session)
            # All of it stays: to look for garbage there again and again is a quarter of the work.
            gc.freeze()
    finally:
        gc.unfreeze()
    return Ahead(before=frozenset(merchant.programs), programs=programs, past=past)


def keep_anew(
    session: Session,
    merchant: Merchant,
    programs: tuple[LoyaltyProgram, ...],
    ahead: Ahead | None,
    *,
    v: int,
    now_ms: int,
    counted: Counted = silent,
) -> int:
    """Keep for every member what all versions ask for, the new ones included; return how many.

    The caller holds version ``v``, so that nobody writes beside this.

    Args:
        session: the transaction.
        merchant: with the versions that were known before.
        programs: the new ones, as they are published.
        ahead: what was folded beforehand.
        v: the version of the books that publishes.
        now_ms: the server's time.
        counted: told how many are written.

    Raises:
        PastIsAsked: nothing was folded beforehand that fits.
    """
    everything = [*merchant.programs.values(), *programs]
    if needs_of(everything) == needs_of(merchant.programs.values()):
        return 0
    if ahead is None or not ahead.fits(merchant, programs):
        raise PastIsAsked(merchant, programs)
    while not ahead.past.fold_page(session, before_v=v):
        pass
    again = ahead.past.books_for(_with(merchant, programs))
    again.begin_version(v, now_ms=now_ms)
    withhold(again, again.members.values())
    written = _write_members(session, again, counted)
    for page in ahead.past.sale_pages():
        session.put(tables.SALE_STATE, [(merchant.merchant, *row) for row in page])
    return written


def _with(merchant: Merchant, programs: tuple[LoyaltyProgram, ...]) -> Merchant:
    everything = Programs(merchant.programs)
    everything.update((program.version, program) for program in programs)
    return dataclasses.replace(merchant, programs=everything)


def _write_members(session: Session, again: Books, counted: Counted) -> int:
    key, v = again.merchant.merchant, again.v
    changed = sorted(member for member, state in again.members.items() if state.kept is not None)
    for start in range(0, len(changed), _PAGE):
        counted(WRITING, start, len(changed))
        page = changed[start : start + _PAGE]
        books = Books(merchant=again.merchant, v=v, epoch=again.epoch, now_ms=again.now_ms)
        books.members = statements.load_members(session, key, page)
        for member, state in books.members.items():
            _take_over(again, state, again.members[member])
            books.touch_member(state)
        statements.save(session, books)
    return len(changed)


def _take_over(again: Books, state: MemberState, derived: MemberState) -> None:
    """Take counts and lots from the derived member; name, tier and balance stay as stored."""
    # A copy: should the database refuse to commit, the past goes on as it was folded.
    whole = msgspec.structs.replace(
        derived,
        tier=state.tier,
        status=state.status,
        birthday=state.birthday,
        alias_of=state.alias_of,
    )
    state.kept = whole.kept
    if state.kept is not None:
        state.kept.tier_until_ms = tier_ends_ms(again, whole)
    state.due_ms = due_ms_of(again, whole)
