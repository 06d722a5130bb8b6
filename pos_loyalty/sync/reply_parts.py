"""Parts of an exchange that need nothing of it: slices of rows, clocks, what is kept of it."""

from collections.abc import Sequence

import msgspec

from pos_loyalty.domain.ids import MemberId
from pos_loyalty.store.sync_state import ROWS_PER_TRANSACTION
from pos_loyalty.wire.messages import RightsRow, Row, SyncReply, SyncRequest


class Memory(msgspec.Struct, frozen=True, kw_only=True):
    """What an exchange knows of the server's side, to be kept between two packets by hand."""

    have: int | None = None
    seen_have: int = 0
    lost_ack: int = 0
    report_after: MemberId | None = None


def slices_of(rows: Sequence[Row]) -> list[Sequence[Row]]:
    """Cut rows for transactions; one empty slice where there are none.

    Rights come with the last one, which moves the cursor: whoever holds granted rights can
    prove by its cursor which books granted them.
    """
    others = [row for row in rows if not isinstance(row, RightsRow)]
    rights = [row for row in rows if isinstance(row, RightsRow)]
    starts = range(0, max(1, len(others)), ROWS_PER_TRANSACTION)
    slices: list[Sequence[Row]] = [others[at : at + ROWS_PER_TRANSACTION] for at in starts]
    return [*slices[:-1], [*slices[-1], *rights]]


def offset_ms(request: SyncRequest, reply: SyncReply, now_ms: int) -> int:
    """Return how far this till's clock is ahead of the server's; the trip is halved away."""
    return (request.now_ms + now_ms) // 2 - reply.server_now
