"""The exchange against a server in memory, over a line that loses, doubles and reorders."""

import random
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path

import pytest

from pos_loyalty.domain.ids import MemberId
from pos_loyalty.wire.messages import SyncReply, SyncRequest
from tests.unit.sync.model_server import ModelServer
from tests.unit.sync.sim_till import SimTill

MEMBERS = tuple(MemberId(f"{number:032x}") for number in range(1, 5))
STEPS = 200
TILLS = 3


class Line:
    """Requests and replies under way; each may be lost, doubled, or arrive in any order."""

    def __init__(self, seed: random.Random) -> None:
        self._random = seed
        self._drop = seed.random() * 0.6
        self._double = seed.random() * 0.4
        self.requests: list[tuple[SimTill, SyncRequest]] = []
        self.replies: list[tuple[SimTill, SyncReply]] = []

    def send(self, till: SimTill, request: SyncRequest) -> None:
        self.requests += [(till, request)] * self._copies()

    def answer(self, till: SimTill, reply: SyncReply) -> None:
        self.replies += [(till, reply)] * self._copies()

    def _copies(self) -> int:
        if self._random.random() < self._drop:
            return 0
        return 2 if self._random.random() < self._double else 1


@contextmanager
def a_shop(folder: Path, seed: random.Random) -> Generator[tuple[ModelServer, list[SimTill]]]:
    server = ModelServer(page=seed.randint(1, 4))
    tills = [SimTill(folder / f"till-{number}", seed) for number in range(TILLS)]
    try:
        for till in tills:
            till.join(server)
        yield server, tills
    finally:
        for till in tills:
            till.store.close()


def act(seed: random.Random, server: ModelServer, tills: list[SimTill], line: Line) -> None:
    """One thing happens, somewhere."""
    till = seed.choice(tills)
    member = seed.choice(seed.choice((MEMBERS, MEMBERS[:1])))
    match seed.randrange(6):
        case 0:
            till.sell(member, seed.randint(1, 50))
        case 1:
            till.sell(member, seed.randint(0, 5), redeem=seed.randint(1, 40))
        case 2:
            want = ((member, seed.randint(1, 150)),) if seed.random() < 0.8 else ()
            line.send(till, till.request(want=want))
        case 3 | 4 if line.requests:
            sender, request = line.requests.pop(seed.randrange(len(line.requests)))
            line.answer(sender, server.exchange(request))
        case _ if line.replies:
            asker, reply = line.replies.pop(seed.randrange(len(line.replies)))
            asker.take(reply, server)
        case _:
            return


def settle_all(server: ModelServer, tills: list[SimTill]) -> None:
    """The line is good: everybody exchanges until nobody has anything to say."""
    for _ in range(3):
        for till in tills:
            till.settle(server)


def true_balance(tills: list[SimTill], member: MemberId) -> int:
    sales = [sale for till in tills for sale in till.sold if sale.member == member]
    return sum(sale.earned - sale.redeemed for sale in sales)


def assert_books_agree(server: ModelServer, tills: list[SimTill]) -> None:
    for member in MEMBERS:
        truth = true_balance(tills, member)
        assert server.books.balances.get(member, 0) == truth
        assert [till.balance(member) for till in tills] == [truth] * len(tills)
    for till in tills:
        till.verify()
        position = till.state.position()
        assert position.acked_seq == position.last_seq


def assert_rights_agree(server: ModelServer, tills: list[SimTill]) -> None:
    for member in MEMBERS:
        assert true_balance(tills, member) >= 0
        assert server.pool(member) >= 0
        for till in tills:
            stream = till.state.position().stream
            assert till.rights(member).spendable == server.outstanding(member, stream)


def assert_nobody_was_accused(server: ModelServer) -> None:
    """No till said that the server lost something, no stream was closed as a second writer."""
    assert server.books.epoch == 1
    assert not any(stream.closed for stream in server.books.streams.values())


@pytest.mark.parametrize("number", range(40))
def test_a_bad_line_loses_nothing_doubles_nothing_and_overspends_nothing(
    tmp_path: Path, number: int
) -> None:
    seed = random.Random(number)
    with a_shop(tmp_path, seed) as (server, tills):
        line = Line(seed)

        for _ in range(STEPS):
            act(seed, server, tills, line)
        settle_all(server, tills)

        assert_books_agree(server, tills)
        assert_rights_agree(server, tills)
        assert_nobody_was_accused(server)


@pytest.mark.parametrize("number", range(12))
def test_S04_own_sales_stay_in_the_balance_at_every_page(tmp_path: Path, number: int) -> None:
    seed = random.Random(number)
    with a_shop(tmp_path, seed) as (server, tills):
        till, other = tills[0], tills[1]
        for member in MEMBERS:
            other.sell(member, 7)
            till.sell(member, 10)
        other.settle(server)

        shown: dict[MemberId, list[int]] = {member: [] for member in MEMBERS}
        for _ in range(20):
            till.take(server.exchange(till.request()), server)
            for member in MEMBERS:
                shown[member].append(till.balance(member))

        for balances in shown.values():
            assert balances == sorted(balances)
            assert {10, 17} >= set(balances)
            assert balances[-1] == 17


@pytest.mark.parametrize("number", range(12))
@pytest.mark.parametrize("is_announced", [True, False], ids=["announced", "silent"])
def test_S09_F27_a_server_restored_from_a_backup_gets_everything_back(
    tmp_path: Path, number: int, *, is_announced: bool
) -> None:
    seed = random.Random(number)
    with a_shop(tmp_path, seed) as (server, tills):
        line = Line(seed)
        for _ in range(STEPS // 2):
            act(seed, server, tills, line)
        backup = server.backup()
        for _ in range(STEPS // 2):
            act(seed, server, tills, line)
        settle_all(server, tills)

        server.restore(backup, is_announced=is_announced)
        tills[0].sell(MEMBERS[0], 5)
        settle_all(server, tills)

        assert_books_agree(server, tills)
        assert all(true_balance(tills, member) >= 0 for member in MEMBERS)


@pytest.mark.parametrize("number", range(12))
def test_S13_S14_F28_a_till_with_an_older_disk_joins_again_and_nothing_is_lost(
    tmp_path: Path, number: int
) -> None:
    seed = random.Random(number)
    with a_shop(tmp_path, seed) as (server, tills):
        till = tills[0]
        till.sell(MEMBERS[0], 10)
        till.settle(server)
        till.copy_to(tmp_path / "image")
        till.sell(MEMBERS[0], 20)
        till.sell(MEMBERS[1], 5)
        till.settle(server)
        stream = till.state.position().stream

        till.replace_by(tmp_path / "image")
        for _ in range(number % 4):
            till.sell(MEMBERS[0], 3)
        till.settle(server)
        settle_all(server, tills)

        assert till.state.position().stream != stream
        assert server.books.streams[stream].closed
        assert_books_agree(server, tills)


@pytest.mark.parametrize("number", range(12))
def test_S15_F29_two_machines_with_one_disk_both_go_on_and_nothing_is_lost(
    tmp_path: Path, number: int
) -> None:
    seed = random.Random(number)
    with a_shop(tmp_path, seed) as (server, tills):
        till = tills[0]
        till.sell(MEMBERS[0], 40)
        till.settle(server)
        till.copy_to(tmp_path / "till-clone")
        clone = SimTill(tmp_path / "till-clone", random.Random(number + 1000))
        tills.append(clone)
        line = Line(seed)

        for _ in range(STEPS):
            act(seed, server, tills, line)
        settle_all(server, tills)

        assert_books_agree(server, tills)
        streams = {each.state.position().stream for each in tills}
        assert len(streams) == len(tills)
        copied = 40
        assert all(true_balance(tills, member) >= -copied for member in MEMBERS)
