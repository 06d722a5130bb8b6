"""Publish a program in the books: tills get it with their next rows.

A version never changes and is never taken away: sales name the version by which they were
computed. A wrong one is followed by another.
"""

from dataclasses import dataclass

import msgspec

from pos_loyalty.domain.clock import Clock
from pos_loyalty.domain.error_catalog import Code
from pos_loyalty.domain.errors import CommandRefused
from pos_loyalty.domain.program import LoyaltyProgram
from pos_loyalty.domain.program_check import check_program
from pos_loyalty.domain.program_check_conditions import unknown_shops
from pos_loyalty.domain.program_version import dated, day_of
from pos_loyalty.server.database import statements, tables
from pos_loyalty.server.database.repository import Database, Session
from pos_loyalty.server.keep_anew import Ahead, Counted, keep_anew, silent, transact_with_past
from pos_loyalty.server.setup import read_merchant


@dataclass(frozen=True, slots=True, kw_only=True)
class Published:
    """The version, and whether it is a new one: the same rules are published once.

    ``unknown_shops`` are named by its rules, and none is called so yet.
    """

    program: LoyaltyProgram
    is_new: bool
    unknown_shops: tuple[str, ...] = ()


def publish_program(
    database: Database,
    draft: LoyaltyProgram,
    *,
    from_ms: int | None,
    clock: Clock,
    counted: Counted = silent,
) -> Published:
    """Let a draft's rules hold from a moment on (UTC milliseconds); None is now.

    Where they ask for counts or lots that were not kept, the whole past is folded first, while
    tills and server go on. A moment that passes meanwhile becomes the moment of publishing: what
    was sold keeps its points.

    Args:
        database: the books.
        draft: the rules.
        from_ms: when they begin.
        clock: the server's.
        counted: told how far the folding is, where the past is folded.

    Raises:
        ProgramRefused: it is not usable.
        CommandRefused: no books, another currency, or the moment is over.
    """
    check_program(draft)
    merchant = read_merchant(database)
    if draft.currency != merchant.currency:
        raise CommandRefused(
            Code.PROGRAM_CURRENCY, currency=draft.currency, shop_currency=merchant.currency
        )
    if from_ms is not None and from_ms < clock.now_ms():
        raise CommandRefused(Code.PROGRAM_PAST)

    def work(session: Session, ahead: Ahead | None) -> Published:
        # The version first: whoever has it is alone.
        v, _ = statements.take_version(session, merchant.merchant)
        newest = statements.load_merchant(session)
        assert newest is not None
        now_ms = clock.now_ms()
        moment = max(now_ms, from_ms or now_ms)
        known = list(newest.programs.values())
        day = day_of(moment, clock.offset_minutes(moment))
        program = dated(draft, known, from_ms=moment, day=day)
        rows = session.fetch("SELECT name FROM shop WHERE merchant = ?", merchant.merchant)
        strange = unknown_shops(program, [str(row[0]) for row in rows])
        if program in known:
            return Published(program=program, is_new=False, unknown_shops=strange)
        body = msgspec.json.encode(program)
        session.add(tables.PROGRAM, [(merchant.merchant, program.version, body, v)])
        session.put(tables.CHANGE, [(merchant.merchant, "program", program.version, "", v)])
        keep_anew(session, newest, (program,), ahead, v=v, now_ms=now_ms, counted=counted)
        return Published(program=program, is_new=True, unknown_shops=strange)

    return transact_with_past(database, work, counted)
