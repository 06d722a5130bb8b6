"""How many this till may still give of rewards with a stock in all.

The server hands out shares as absolute totals for a stream; what was taken is counted here in
the sale's own transaction. With a new stream both begin anew: its shares are the server's to
give. A till that works alone has the whole stock, whatever its streams.
"""

from collections.abc import Iterable, Mapping
from typing import Final

import msgspec

from pos_loyalty.domain.ids import RewardId, StreamId
from pos_loyalty.store.settings import Setting, SettingRepository


class _Shares(msgspec.Struct, omit_defaults=True):
    """What is kept: whose shares these are, and how many were taken."""

    stream: str = ""
    shares: dict[str, int] = {}
    taken: dict[str, int] = {}


_DECODER: Final = msgspec.json.Decoder(_Shares)


class RewardStock:
    """Reads and counts over one connection; the caller commits."""

    def __init__(self, settings: SettingRepository, stream: StreamId) -> None:
        self._settings = settings
        self._stream = stream
        self._is_joined = bool(settings.text(Setting.TILL))

    def left(self, limits: Mapping[RewardId, int]) -> dict[RewardId, int]:
        """Return how many of each may be given here; ``limits`` is the stock in all of each."""
        kept = self._kept()
        given = kept.shares if self._is_joined else limits
        return {reward: given.get(reward, 0) - kept.taken.get(reward, 0) for reward in limits}

    def count(self, rewards: Iterable[RewardId], by: int) -> None:
        """Count rewards that were taken (1), or given back (-1)."""
        kept, changed = self._kept(), False
        for reward in rewards:
            kept.taken[reward] = kept.taken.get(reward, 0) + by
            changed = True
        if changed:
            self._keep(kept)

    def share(self, totals: Iterable[tuple[RewardId, int]]) -> None:
        """Take the server's totals; what it does not name this till may not give."""
        kept = self._kept()
        kept.shares = {str(reward): total for reward, total in totals}
        self._keep(kept)

    def _kept(self) -> _Shares:
        text = self._settings.text(Setting.REWARD_STOCK)
        kept = _DECODER.decode(text) if text else _Shares(stream=self._stream)
        if self._is_joined and kept.stream != self._stream:
            return _Shares(stream=self._stream)
        return kept

    def _keep(self, kept: _Shares) -> None:
        kept.stream = self._stream
        self._settings.put(Setting.REWARD_STOCK, msgspec.json.encode(kept).decode())
