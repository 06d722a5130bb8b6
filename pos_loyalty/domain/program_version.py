"""What publishing adds to a draft: the time from which it holds, and a name that never changes."""

import datetime as dt
import hashlib
from collections.abc import Iterable

import msgspec

from pos_loyalty.domain.ids import ProgramVersion
from pos_loyalty.domain.program import LoyaltyProgram, program_in_force
from pos_loyalty.domain.rounding import local_minutes

_DIGITS = 6
"""Of the content's hash: enough to tell versions of one day apart at a glance."""
_NO_VERSION = ProgramVersion("")


def dated(
    draft: LoyaltyProgram, known: Iterable[LoyaltyProgram], *, from_ms: int, day: str
) -> LoyaltyProgram:
    """Return the draft as the version that holds from a moment on.

    Of versions for the same moment the one published last holds: each begins a millisecond
    after the one before. Rules that hold then already are that version, and nothing is new.

    Args:
        draft: the rules.
        known: every version published so far.
        from_ms: when it begins (UTC milliseconds).
        day: that day on the shop's clock, for the name.
    """
    programs = list(known)
    taken = {program.effective_from_ms for program in programs}
    moment = from_ms
    while moment in taken:
        moment += 1
    if programs:
        holds = program_in_force(programs, moment)
        if is_same(holds, draft):
            return holds
    dated_draft = msgspec.structs.replace(draft, version=_NO_VERSION, effective_from_ms=moment)
    digest = hashlib.sha256(msgspec.json.encode(dated_draft)).hexdigest()
    version = ProgramVersion(f"{day}-{digest[:_DIGITS]}")
    if any(program.version == version for program in programs):
        version = ProgramVersion(f"{day}-{digest}")
    return msgspec.structs.replace(dated_draft, version=version)


def is_same(program: LoyaltyProgram, other: LoyaltyProgram) -> bool:
    """Tell whether two versions have the same rules."""
    return _rules(program) == _rules(other)


def _rules(program: LoyaltyProgram) -> LoyaltyProgram:
    return msgspec.structs.replace(program, version=_NO_VERSION, effective_from_ms=0)


def day_of(at_ms: int, offset_minutes: int) -> str:
    """Return a moment's day on the shop's clock, like ``2026-12-01``."""
    seconds = local_minutes(at_ms, offset_minutes) * 60
    return dt.datetime.fromtimestamp(seconds, dt.UTC).date().isoformat()
