"""What limits spending at this till beside the balance: the allowance, and days without contact.

After the day that the server named at the last contact rights count as nothing here, so
that a stolen till stops by itself. They stay reserved on the server: it may be that they
were spent before. The time is the latest of what this till can know, so that a clock that
is set back prolongs nothing.
"""

from collections.abc import Mapping

import msgspec

from pos_loyalty.domain.rounding import whole_steps
from pos_loyalty.domain.spend_rights import narrowed_allowance
from pos_loyalty.services.till_context import TillContext
from pos_loyalty.store.settings import Setting
from pos_loyalty.store.unit_of_work import Repositories

_MS_PER_DAY = 24 * 60 * 60 * 1000


class SpendLimits(msgspec.Struct, frozen=True):
    """The allowance that is left, in points, and whether spending has ended.

    ``silent_days`` are whole days since the last contact with the server.
    """

    allowance_points: int = 0
    is_ended: bool = False
    silent_days: int = 0


ALONE = SpendLimits()
"""A till that works alone needs nobody's leave."""


def heard_now_ms(context: TillContext, work: Repositories) -> int:
    """Return the server's last time plus what ran since; 0 where no server named any.

    A clock that was set back lies behind it. What this till wrote itself proves no time here: a
    clock that was once far ahead would end what an honest member holds.
    """
    return _heard_ms(context, work.settings.numbers(Setting.TRUSTED_MS, Setting.TRUSTED_BOOT_MS))


def spend_limits(context: TillContext, work: Repositories) -> SpendLimits:
    """Return what limits spending now, inside the caller's transaction."""
    if not context.identity.joined:
        return ALONE
    held = work.settings.numbers(
        Setting.RISK_TOTAL,
        Setting.RISK_USED,
        Setting.SPEND_UNTIL_MS,
        Setting.TRUSTED_MS,
        Setting.TRUSTED_BOOT_MS,
        Setting.SERVER_OFFSET_MS,
    )
    trusted_ms = held[Setting.TRUSTED_MS]
    if not trusted_ms:
        # No contact since the update: the server named no day, and no allowance either.
        left = held[Setting.RISK_TOTAL] - held[Setting.RISK_USED]
        return SpendLimits(allowance_points=max(0, left)) if left > 0 else ALONE
    offset_ms = held[Setting.SERVER_OFFSET_MS]
    now_ms = max(
        context.clock.now_ms() - offset_ms,
        context.newest_event_ms - offset_ms,
        _heard_ms(context, held),
    )
    silent_days = whole_steps(now_ms - trusted_ms, _MS_PER_DAY)
    until_ms = held[Setting.SPEND_UNTIL_MS]
    if until_ms and now_ms > until_ms:
        return SpendLimits(is_ended=True, silent_days=silent_days)
    left = held[Setting.RISK_TOTAL] - held[Setting.RISK_USED]
    return SpendLimits(
        allowance_points=narrowed_allowance(left, silent_days=silent_days) if left > 0 else 0,
        silent_days=silent_days,
    )


def _heard_ms(context: TillContext, held: Mapping[Setting, int]) -> int:
    trusted_ms = held[Setting.TRUSTED_MS]
    running_ms = context.clock.monotonic_ms() - held[Setting.TRUSTED_BOOT_MS]
    return trusted_ms + max(0, running_ms) if trusted_ms else 0
