"""A real server, with its database and its lines, keeps shared things as the reference does."""

import os
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path

import msgspec
import pytest

from pos_loyalty.domain.earning_rule import Caps
from pos_loyalty.domain.event import Event
from pos_loyalty.domain.expiration import ExpirationRules
from pos_loyalty.domain.ids import MemberId, StreamId
from pos_loyalty.domain.program import LoyaltyProgram
from pos_loyalty.server.publish_program import publish_program
from pos_loyalty.wire.version import PROTOCOL_NEWEST
from tests.contract.running_server import CLOCK, RunningServer, make_books, running_server
from tests.contract.simple_till import SimpleTill
from tests.reference import stock
from tests.reference.draw_sale import DAY_MS
from tests.reference.history_server import MEMBERS, ServerHistory
from tests.reference.test_books import LongAgo

SEEDS = range(2 * int(os.environ.get("POS_ROUNDS", "1")))


class TillsOnALine:
    """Tills of a running server; what it told each is what is known."""

    def __init__(self, server: RunningServer) -> None:
        self._server = server
        self._tills: dict[StreamId, SimpleTill] = {}
        self._shares: dict[StreamId, dict[str, int]] = {}

    def join(self) -> StreamId:
        till = self._server.joined_till()
        till.proto = PROTOCOL_NEWEST
        self._tills[till.stream] = till
        return till.stream

    def take(self, stream: StreamId, events: Sequence[Event]) -> list[str]:
        """Send events, and return the verdicts."""
        till = self._tills[stream]
        first = len(till.journal) + 1
        reply = till.exchange(*events)
        self._shares[stream] = {str(reward): total for reward, total in reply.stock}
        verdicts = dict(reply.verdicts)
        return [str(verdicts.get(seq, "applied")) for seq in range(first, first + len(events))]

    def share(self, stream: StreamId, reward: str) -> int:
        return self._shares[stream].get(reward, 0)

    def sheet(self, member: MemberId) -> tuple[int, str, dict[str, int]]:
        """Return balance, tier and counts, as the till says that was heard last."""
        till = next(iter(self._tills.values()))
        till.exchange()
        row = till.member(member)
        return row.balance, row.tier, dict(row.sheet.tally)


class HistoryOnALine(ServerHistory):
    """A history of the last days; activities are capped for ever, the server's day is today."""

    def __init__(self, seed: int, server: RunningServer) -> None:
        self.server = server
        self.line = TillsOnALine(server)
        self.today_ms = CLOCK.now_ms()
        super().__init__(seed)
        self.at_ms, self.tz = self.today_ms - 20 * DAY_MS, 0
        for till in self.tills:
            till.stream = self.line.join()

    def draw_program(self) -> LoyaltyProgram:
        program = super().draw_program()
        draft = msgspec.structs.replace(
            program,
            expiration=ExpirationRules(),
            tiers=tuple(
                msgspec.structs.replace(tier, expires_later_months=0) for tier in program.tiers
            ),
            tier_rules=msgspec.structs.replace(program.tier_rules, months=24),
            activities=tuple(
                msgspec.structs.replace(each, caps=Caps(member=each.caps.member or 20))
                for each in program.activities
            ),
        )
        with closing(self.server.open()) as database:
            return publish_program(database, draft, from_ms=None, clock=LongAgo()).program

    def server_now(self) -> int:
        return self.today_ms

    def go_on(self) -> None:
        super().go_on()
        self.at_ms = min(self.at_ms, self.today_ms)

    def take(self, stream: StreamId, events: Sequence[Event]) -> list[str]:
        return self.line.take(stream, events)

    def share(self, stream: StreamId, reward: str) -> int:
        return self.line.share(stream, reward)

    def check_stock(self) -> None:
        self.check_promises()

    def check_member(self, member: MemberId) -> None:
        account = self.expected.accounts[member]
        balance, tier, counted = self.line.sheet(member)
        self.agree("balance", account.book.balance(), balance)
        held = self.program.tiers[account.standing.held].id
        self.agree("tier", held, tier or self.program.tiers[0].id)
        tally = account.tally()
        self.agree("tally", {name: tally.get(name, 0) for name in counted}, counted)


@pytest.mark.parametrize("seed", SEEDS)
def test_what_tills_share_is_kept_by_a_server_as_the_reference_computes(
    seed: int, tmp_path: Path
) -> None:
    database_url = f"sqlite:///{tmp_path}/books.db"
    make_books(database_url)
    with running_server(database_url) as server:
        history = HistoryOnALine(seed, server)
        history.run()

        assert server.verified().faults == []

    assert history.events > len(MEMBERS)
    few = stock.counted(history.program)
    assert not few or any(history.line.share(till.stream, few[0].id) for till in history.tills)
