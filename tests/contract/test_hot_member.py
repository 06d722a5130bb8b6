"""S40: one member whom every till serves at once; nobody waits for ever, nothing is lost."""

import threading
import time
from contextlib import ExitStack

from pos_loyalty.wire.messages import Status
from tests.contract.running_server import make_books, running_server
from tests.contract.simple_till import SimpleTill, enrollment, new_member, sale

TILLS = 10
ROUNDS = 12
SLOWEST_SECONDS = 10.0


def test_S40_a_member_whom_all_tills_serve_at_once_stops_none_of_them(database_url: str) -> None:
    make_books(database_url)
    hot = new_member()
    with ExitStack() as opened:
        is_shared = not database_url.startswith("sqlite")
        servers = [opened.enter_context(running_server(database_url)) for _ in range(1 + is_shared)]
        tills = [servers[number % len(servers)].joined_till() for number in range(TILLS)]
        tills[0].exchange(enrollment(hot))
        done = dict.fromkeys(range(TILLS), 0)
        when_the_first_was_done: list[dict[int, int]] = []
        waited: list[float] = []
        ready = threading.Barrier(TILLS)

        def serve(number: int, till: SimpleTill) -> None:
            ready.wait()
            for _ in range(ROUNDS):
                till.append(sale(hot, total=1_000))
                began = time.monotonic()
                # The member's points are asked for, too: every till competes for the pool.
                reply = till.send(till.request(want_rows=20, want_rights=((hot, 40),)))
                waited.append(time.monotonic() - began)
                # The first try is taken: a busy answer or a conflict ends this thread.
                assert (reply.status, reply.have) == (Status.OK, len(till.journal))
                till.take(reply)
                done[number] += 1
            when_the_first_was_done.append(dict(done))

        threads = [
            threading.Thread(target=serve, args=(number, till)) for number, till in enumerate(tills)
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()

        assert set(done.values()) == {ROUNDS}
        assert min(when_the_first_was_done[0].values()) >= 1, "nobody is passed over"
        assert max(waited) < SLOWEST_SECONDS
        for till in tills:
            till.exchange()
            assert till.member(hot).balance == 50 + TILLS * ROUNDS * 10
        assert servers[0].verified().faults == []
