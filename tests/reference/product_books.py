"""A server's books in memory, by the product's fold, and what they hold in plain values."""

from collections.abc import Sequence

import msgspec

from pos_loyalty.domain.event import Event, encode_event, first_hash
from pos_loyalty.domain.ids import MemberId, MerchantId, StreamId, TillId
from pos_loyalty.domain.member_facts import Tally
from pos_loyalty.domain.program import LoyaltyProgram
from pos_loyalty.server.books import Books, Merchant, StreamState
from pos_loyalty.server.ingest import fold_group
from pos_loyalty.server.keeping_state import Needs
from pos_loyalty.server.reading import prepare
from pos_loyalty.wire.messages import SyncRequest
from pos_loyalty.wire.version import PROTOCOL_NEWEST
from tests.reference.product import View


class BooksInMemory:
    """Books of a program, with journals of several tills."""

    def __init__(
        self, program: LoyaltyProgram, streams: Sequence[StreamId], *, now_ms: int
    ) -> None:
        merchant = Merchant(
            merchant=MerchantId("a" * 32),
            name="Café Linde",
            currency=program.currency,
            country="DE",
            programs={program.version: program},
        )
        self._program = program
        self.books = Books(merchant=merchant, v=1, epoch=1, now_ms=now_ms)
        self.books.keeping.open_streams = len(streams)
        for stream in streams:
            self.books.streams[stream] = StreamState(
                stream=stream,
                till=TillId(stream),
                join_nonce="n",
                last=0,
                last_hash=first_hash(stream, "n"),
            )

    def take(self, stream: StreamId, events: Sequence[Event], *, now_ms: int) -> list[str]:
        """Fold what a till sends, as one group; return the verdicts."""
        books, state = self.books, self.books.streams[stream]
        books.begin_version(books.v + 1, now_ms=now_ms)
        request = SyncRequest(
            req="r",
            proto=PROTOCOL_NEWEST,
            stream=stream,
            from_seq=state.last + 1,
            prev_hash=state.last_hash.hex(),
            top=state.last + len(events),
            epoch=books.epoch,
            now_ms=0,
            events=tuple(msgspec.Raw(encode_event(event)) for event in events),
        )
        before = len(books.events)
        fold_group(books, [prepare(request, state.last_hash)], tokens=["t"])
        return [str(row.verdict) for row in books.events[before:]]

    def above_shares(self) -> list[str]:
        """Return what the owner's list says of tills that gave away more than their share."""
        listed = (item.detail for item in self.books.attention if item.kind == "stock_above")
        return [detail for detail in listed if "limit=in_all" in detail]

    def share(self, stream: StreamId, reward: str) -> int:
        """Return how many of a reward a till may give away in all."""
        shares = self.books.keeping.shares.items()
        return sum(one.granted for (of, name), one in shares if (of, name) == (stream, reward))

    def away(self, reward: str) -> int:
        """Return how many of a reward all tills gave away."""
        shares = self.books.keeping.shares.items()
        return sum(one.used for (_, name), one in shares if name == reward)

    def view(self, member: MemberId) -> View:
        """What is kept of a member."""
        state = self.books.members[member]
        view: View = {"balance": state.balance, "tier": state.tier or self._program.tiers[0].id}
        if state.kept is not None:
            view["last visit"] = state.kept.visit_ms
            view["lots"] = {lot.ends_ms: lot.points for lot in state.kept.book.lots}
            view["debt"] = state.kept.book.debt
        return view

    def tally(self, member: MemberId) -> Tally:
        """What is counted of a member."""
        kept = self.books.members[member].kept
        return {} if kept is None else {name: n for name, n in kept.tally.items() if n}

    @property
    def needs(self) -> Needs:
        """What the program asks the books to keep."""
        return self.books.needs
