"""Tills that send one sale after the other and note when each was acknowledged."""

import itertools
import threading
import time
from contextlib import closing
from dataclasses import dataclass, field
from http.client import HTTPException
from typing import Any

from pos_loyalty.domain.event import Event
from pos_loyalty.domain.ids import MemberId
from pos_loyalty.server.setup import open_database
from pos_loyalty.server.verify import verify_books
from tests.contract.simple_till import Refused, SimpleTill, enrollment, new_member, sale

_PAUSE_SECONDS = 0.05
_AGAIN_SECONDS = 0.1


@dataclass
class WritingTill:
    """One till; ``acknowledged`` is what a reply ever said to have, ``times`` when."""

    till: SimpleTill
    member: MemberId
    acknowledged: int = 0
    times: list[float] = field(default_factory=list[float])
    troubles: int = 0
    ending: threading.Event = field(default_factory=threading.Event)

    def run(self) -> None:
        """Sell until told to stop, then send what is left."""
        self._send(enrollment(self.member))
        while not self.ending.is_set():
            self._send(sale(self.member, total=100))
            time.sleep(_PAUSE_SECONDS)

    def _send(self, event: Event) -> None:
        self.till.append(event)
        while self.till.have < len(self.till.journal):
            try:
                self.till.take(self.till.send(self.till.request()))
            except (Refused, OSError, HTTPException):
                # The server has no database now, or the reply was lost: the same again.
                self.troubles += 1
                time.sleep(_AGAIN_SECONDS)
                continue
            self.acknowledged = max(self.acknowledged, self.till.have)
            self.times.append(time.monotonic())


class Load:
    """Several tills at work on one server."""

    def __init__(self, tills: list[SimpleTill]) -> None:
        self._tills = [WritingTill(till, new_member()) for till in tills]
        self._threads = [threading.Thread(target=till.run) for till in self._tills]

    def start(self) -> None:
        """Let all begin."""
        for thread in self._threads:
            thread.start()

    def stop(self) -> None:
        """Let all end, once everything is sent."""
        for till in self._tills:
            till.ending.set()
        for thread in self._threads:
            thread.join()

    def acknowledged(self) -> int:
        """Return how many events were acknowledged so far."""
        return sum(till.acknowledged for till in self._tills)

    def is_writing_since(self, moment: float) -> bool:
        """Tell whether every till had an answer after a moment."""
        return all(till.times and till.times[-1] > moment for till in self._tills)

    def outage_since(self, moment: float) -> float:
        """Return the longest time without any acknowledgement, from shortly before a moment."""
        times = sorted(itertools.chain.from_iterable(till.times for till in self._tills))
        around = [at for at in times if at > moment - 1]
        return max(later - earlier for earlier, later in itertools.pairwise(around))

    def compare(self, database_url: str) -> dict[str, Any]:
        """Compare what was acknowledged with the books, byte for byte."""
        lost = doubled = 0
        with closing(open_database(database_url)) as database:
            with database.read() as session:
                for till in self._tills:
                    rows = session.fetch(
                        "SELECT seq, data FROM event WHERE stream = ? ORDER BY seq",
                        till.till.stream,
                    )
                    held = {int(seq): bytes(data) for seq, data in rows}
                    mine = till.till.journal[: till.acknowledged]
                    lost += sum(held.get(seq) != data for seq, data in enumerate(mine, start=1))
                    doubled += len(rows) - len(till.till.journal)
            faults = len(verify_books(database).faults)
        return {
            "acknowledged": self.acknowledged(),
            "lost": lost,
            "doubled": doubled,
            "faults": faults,
            "troubles": sum(till.troubles for till in self._tills),
        }
