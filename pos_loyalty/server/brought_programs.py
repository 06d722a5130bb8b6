"""Versions that a till published while it worked alone: it brings them along when it joins.

Its events name them, so without them nothing that it sold could be computed again: stamps would
be lost, and every sale would differ. They are known here and never in force.
"""

import re
from collections.abc import Sequence

import msgspec

from pos_loyalty.domain.error_catalog import Code
from pos_loyalty.domain.errors import CommandRefused
from pos_loyalty.domain.program import LoyaltyProgram, put_aside
from pos_loyalty.domain.program_check import check_program
from pos_loyalty.server.database import statements, tables
from pos_loyalty.server.database.repository import Session
from pos_loyalty.server.keep_anew import Ahead, keep_anew
from pos_loyalty.server.reading import printable
from pos_loyalty.wire.messages import PROGRAMS_BYTES_MAX

_is_version = re.compile(r"[A-Za-z0-9._-]{1,80}").fullmatch
_SHOWN_MAX = 12


def keep_brought(
    session: Session,
    programs: Sequence[LoyaltyProgram],
    ahead: Ahead | None,
    *,
    v: int,
    now_ms: int,
) -> None:
    """Keep the versions that these books do not know; the caller holds version ``v``.

    ``ahead`` is the past as it was folded beforehand, where it was asked for.

    Raises:
        ProgramRefused: one is not usable.
        CommandRefused: too large, another currency, or a name that no version has.
        PastIsAsked: they ask for more than is kept; nothing is written, the past is folded first.
    """
    if not programs:
        return
    merchant = statements.load_merchant(session)
    assert merchant is not None
    if len(msgspec.json.encode(programs)) > PROGRAMS_BYTES_MAX:
        raise CommandRefused(Code.BODY_LARGE, limit_bytes=PROGRAMS_BYTES_MAX)
    brought: dict[str, LoyaltyProgram] = {}
    for program in programs:
        _ensure_usable(program, merchant.currency)
        if program.version in merchant.programs or program.version in brought:
            continue
        kept = brought[program.version] = put_aside(program)
        body = msgspec.json.encode(kept)
        session.add(tables.PROGRAM, [(merchant.merchant, kept.version, body, v)])
        session.put(tables.CHANGE, [(merchant.merchant, "program", kept.version, "", v)])
    keep_anew(session, merchant, tuple(brought.values()), ahead, v=v, now_ms=now_ms)


def _ensure_usable(program: LoyaltyProgram, currency: str) -> None:
    if not _is_version(program.version):
        raise CommandRefused(Code.BODY_SHAPE, detail="a program's version is out of range")
    check_program(program)
    if program.currency != currency:
        raise CommandRefused(
            Code.PROGRAM_CURRENCY,
            currency=printable(program.currency)[:_SHOWN_MAX],
            shop_currency=currency,
        )
