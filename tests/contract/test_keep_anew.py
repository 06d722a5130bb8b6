"""A program asks for what was not counted yet: the past is counted while tills go on."""

import signal
import subprocess
import sys
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from typing import Any

import msgspec
import pytest

from pos_loyalty.domain.clock import Clock
from pos_loyalty.domain.earning_rule import Caps, EarningRule, StampCard, Stamps
from pos_loyalty.domain.expiration import AfterEarning, ExpirationRules
from pos_loyalty.domain.ids import MemberId, ProgramVersion, RewardId
from pos_loyalty.domain.program import LoyaltyProgram
from pos_loyalty.domain.reward import FreeItem
from pos_loyalty.server import keep_anew, past_fold, routes
from pos_loyalty.server.keep_anew import Ahead, Counted, PastIsAsked, fold_ahead
from pos_loyalty.server.owner_commands import merge_members, unmerge_member
from pos_loyalty.server.past_fold import PastFold
from pos_loyalty.server.publish_program import Published, publish_program
from pos_loyalty.server.setup import read_merchant
from tests.contract.ruled_books import adjustment, claim, move, new_till, refund, sell, voucher
from tests.contract.running_server import CLOCK, RunningServer
from tests.contract.simple_till import (
    PROGRAM,
    SimpleTill,
    enrollment,
    new_member,
    reversal,
    sale,
)

MORE = msgspec.structs.replace(
    PROGRAM,
    version=ProgramVersion("draft"),
    weekday_multipliers=(),
    caps=Caps(month=100_000),
    rules=(EarningRule(id="cups", name="Cups", give=Stamps(card="cups")),),
    stamp_cards=(StampCard(id="cups", name="Cups", stamps=9),),
    rewards=(
        *PROGRAM.rewards,
        FreeItem(id=RewardId("cup"), name="A cup", item="Coffee", worth=250, stamp_card="cups"),
    ),
    expiration=ExpirationRules(model=AfterEarning(months=12)),
)
"""It asks for counts of months and for lots; the starting program asks for nothing."""


@pytest.fixture(params=[3, 2_000], ids=["pages of 3", "one page"])
def page(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Let a long past be one of few events."""
    monkeypatch.setattr(past_fold, "PAGE", request.param)


class _LateClock:
    """A clock that goes on a minute each time it is asked."""

    def __init__(self) -> None:
        self._now_ms = CLOCK.now_ms()

    def now_ms(self) -> int:
        self._now_ms += 60_000
        return self._now_ms

    def monotonic_ms(self) -> int:
        return self._now_ms

    def offset_minutes(self, at_ms: int) -> int:
        return CLOCK.offset_minutes(at_ms)


def publish(
    server: RunningServer,
    draft: LoyaltyProgram = MORE,
    counted: Counted | None = None,
    *,
    from_ms: int | None = None,
    clock: Clock = CLOCK,
) -> Published:
    with closing(server.open()) as database:
        if counted is None:
            return publish_program(database, draft, from_ms=from_ms, clock=clock)
        return publish_program(database, draft, from_ms=from_ms, clock=clock, counted=counted)


def sheets(server: RunningServer) -> dict[str, str]:
    """Return what is kept of each member that has counts."""
    rows = server.fetch("SELECT member, sheet FROM member")
    return {member: sheet for member, sheet in rows if "tally" in sheet}


def once(work: Callable[[], object]) -> Counted:
    """Do something the first time that one is told of progress."""
    waiting = [work]

    def counted(_stage: str, _done: int, _total: int) -> None:
        if waiting:
            waiting.pop()()

    return counted


def lived(server: RunningServer) -> tuple[SimpleTill, SimpleTill, MemberId]:
    """Let two tills sell, refund, undo, move, merge, adjust and take vouchers."""
    here, away = new_till(server), new_till(server)
    ana, ben, eva = sorted((new_member(), new_member(), new_member()))
    bought, undone, moved = sale(ana, total=5_000), sale(ben, total=900), sale(ben, total=2_000)
    part, _ = refund(PROGRAM, bought, 1_500)
    here.exchange(enrollment(ana), enrollment(ben), enrollment(eva), bought, undone)
    here.exchange(reversal(undone, 5), moved, part, move(PROGRAM, moved, 7, ana))
    away.exchange(claim(PROGRAM, bought.id, 500), adjustment(PROGRAM, ana, 7))
    with_voucher, coming = sell(PROGRAM, eva, 3_000), sale(eva, total=4_000)
    on_receipt = msgspec.structs.replace(claim(PROGRAM, coming.id[-8:], 1_000), member=ana)
    with closing(server.open()) as database:
        merge_members(database, ana, eva, clock=CLOCK)
    away.exchange(voucher(PROGRAM, with_voucher, "spring", points=30), with_voucher, on_receipt)
    here.exchange(*(sale(ben) for _ in range(4)), coming)
    named = msgspec.structs.replace(claim(PROGRAM, with_voucher.id[-8:], 700), member=ana)
    away.exchange(*(sale(ben) for _ in range(4)), named)
    with closing(server.open()) as database:
        unmerge_member(database, eva, clock=CLOCK)
    here.append_bytes(b"null")
    here.exchange(sale(ana), claim(PROGRAM, coming.id, 500))
    return here, away, ana


@pytest.mark.usefixtures("page")
def test_counts_and_lots_are_as_if_they_had_been_kept_from_the_start(
    own_server: RunningServer,
) -> None:
    here, away, ana = lived(own_server)
    balance = here.member(ana).balance
    assert sheets(own_server) == {}

    done = publish(own_server)

    assert done.is_new
    assert ana in sheets(own_server)
    assert own_server.verified().faults == [], "which folds everything once more"
    here.exchange()
    assert here.member(ana).balance == balance
    by_new = sell(done.program, ana, 2_000)
    given_back, _ = refund(done.program, by_new, 500)
    assert here.exchange(by_new, given_back).verdicts == ()
    assert away.exchange(claim(done.program, by_new.id, 100)).verdicts == ()
    assert own_server.verified().faults == []


@pytest.mark.usefixtures("page")
def test_a_sale_that_comes_while_the_past_is_counted_is_taken_at_once_and_counted(
    own_server: RunningServer,
) -> None:
    here, away, ana = lived(own_server)
    replies: list[int] = []

    def sell_meanwhile() -> None:
        replies.append(away.exchange(sale(ana), sale(ana)).have)

    publish(own_server, counted=once(sell_meanwhile))

    assert replies == [12], "answered before the counting went on"
    assert own_server.verified().faults == []
    here.exchange()


@pytest.mark.usefixtures("page")
def test_what_comes_just_before_the_program_is_written_is_counted_too(
    own_server: RunningServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    _, away, ana = lived(own_server)
    bought = sale(ana, total=3_000)

    def slow(*words: Any) -> Ahead:  # noqa: ANN401 - as it was called
        ahead = fold_ahead(*words)
        away.exchange(sale(ana), bought, claim(PROGRAM, bought.id, 1_000), sale(new_member()))
        return ahead

    monkeypatch.setattr(keep_anew, "fold_ahead", slow)
    publish(own_server)

    assert own_server.verified().faults == []


def test_where_another_program_is_published_meanwhile_it_is_counted_by_both(
    own_server: RunningServer,
) -> None:
    _, _, ana = lived(own_server)
    other = msgspec.structs.replace(PROGRAM, welcome_points=3, caps=Caps(week=1_000))

    done = publish(own_server, counted=once(lambda: publish(own_server, other)))

    assert done.is_new
    assert own_server.fetch("SELECT count(*) FROM program") == [(3,)]
    assert "@2" in sheets(own_server)[ana]
    assert own_server.verified().faults == []


def test_a_moment_that_passes_while_the_past_is_counted_is_not_in_the_past_of_sales(
    own_server: RunningServer,
) -> None:
    lived(own_server)
    clock = _LateClock()
    at_ms = clock.now_ms() + 90_000

    done = publish(own_server, from_ms=at_ms, clock=clock)

    assert done.program.effective_from_ms > at_ms


def test_progress_counts_every_event_and_every_member(own_server: RunningServer) -> None:
    lived(own_server)
    told: list[tuple[str, int, int]] = []

    def tell(stage: str, done: int, total: int) -> None:
        told.append((stage, done, total))

    publish(own_server, counted=tell)

    (events,) = own_server.fetch("SELECT count(*) FROM event")[0]
    assert told == [("counting", 0, events), ("writing", 0, 3)]
    told.clear()
    publish(own_server, msgspec.structs.replace(MORE, name="Same"), tell)
    assert told == [], "nothing more is asked for, nothing is counted"


@pytest.mark.usefixtures("page")
def test_of_events_nothing_stays_in_memory(own_server: RunningServer) -> None:
    lived(own_server)
    with closing(own_server.open()) as database:
        merchant = read_merchant(database)
        past = PastFold(merchant)
        is_last = False
        while not is_last:
            with database.read() as session:
                is_last = past.fold_page(session)

    books = past.books
    assert past.events == own_server.fetch("SELECT count(*) FROM event")[0][0]
    held = (books.facts, books.hashes, books.events, books.entries, books.attention, books.changed)
    assert [len(each) for each in (*held, books.rights, books.keeping.sales)] == [0] * 8
    assert {state.balance for state in books.members.values()} == {
        int(row[0]) for row in own_server.fetch("SELECT balance FROM member")
    }


_KILLED = """
import os, signal, sys
from contextlib import closing
import msgspec
from pos_loyalty.server.publish_program import publish_program
from pos_loyalty.server.setup import open_database
from tests.contract.running_server import CLOCK
from tests.contract.test_keep_anew import MORE

def counted(stage, done, total):
    if stage == sys.argv[2]:
        os.kill(os.getpid(), signal.SIGKILL)

with closing(open_database(sys.argv[1])) as database:
    publish_program(database, MORE, from_ms=None, clock=CLOCK, counted=counted)
"""


@pytest.mark.parametrize("stage", ["counting", "writing"])
def test_killed_in_the_middle_the_old_program_holds_and_it_can_be_done_again(
    own_server: RunningServer, stage: str
) -> None:
    here, _, ana = lived(own_server)

    killed = subprocess.run(
        [sys.executable, "-c", _KILLED, own_server.database, stage], check=False, timeout=60
    )

    assert killed.returncode == -signal.SIGKILL
    assert own_server.fetch("SELECT version FROM program") == [(PROGRAM.version,)]
    assert sheets(own_server) == {}
    assert here.exchange(sale(ana)).verdicts == ()
    assert own_server.verified().faults == []
    assert publish(own_server).is_new
    assert own_server.verified().faults == []


def test_a_till_whose_own_program_asks_for_more_joins_while_the_others_go_on(
    own_server: RunningServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    here, away, ana = lived(own_server)
    began, may_end, folded = threading.Event(), threading.Event(), list[PastIsAsked]()

    def slow(database: object, asked: PastIsAsked) -> Ahead:
        del database
        folded.append(asked)
        began.set()
        assert may_end.wait(20)
        with closing(own_server.open()) as own:
            return fold_ahead(own, asked)

    monkeypatch.setattr(routes, "fold_ahead", slow)
    till, code = SimpleTill(own_server.url), own_server.till_code()
    with ThreadPoolExecutor(2) as pool:
        first = pool.submit(till.join, code, programs=(MORE,))
        assert began.wait(20)
        again = pool.submit(till.join, code, programs=(MORE,))
        reply = away.exchange(sale(ana))
        may_end.set()
        joined = {first.result(20).till, again.result(20).till}

    assert reply.have == 11, "an exchange is answered while the past is counted"
    assert len(joined) == len(folded) == 1, "who asks again because no answer came finds it done"
    assert own_server.verified().faults == []
    here.exchange()
