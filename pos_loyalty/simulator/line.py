"""The line between tills and server: it loses, doubles, delays, reorders and cuts short."""

import random
from collections.abc import Callable
from dataclasses import dataclass, field

from pos_loyalty.simulator.server_side import Answer
from pos_loyalty.simulator.till_side import Outgoing, SimulatedTill


@dataclass(frozen=True)
class Request:
    """A request under way, and the call that waits for its answer."""

    till: SimulatedTill
    call: int
    path: str
    body: bytes
    signature: str


@dataclass(frozen=True)
class Reply:
    """An answer under way to the call that asked."""

    till: SimulatedTill
    call: int
    path: str
    answer: Answer


@dataclass
class Line:
    """Everything under way; whoever takes something out of it chooses any place."""

    drop: float
    double: float
    truncate: float
    requests: list[Request] = field(default_factory=list[Request])
    replies: list[Reply] = field(default_factory=list[Reply])

    def send(self, till: SimulatedTill, outgoing: Outgoing, seed: random.Random) -> None:
        """Put a request on the line, perhaps twice, perhaps not at all."""
        body = self._cut(outgoing.body, seed)
        request = Request(till, till.call, outgoing.path, body, outgoing.signature)
        self.requests += [request] * self._copies(seed)

    def answer(self, request: Request, seed: random.Random) -> Callable[[Answer], None]:
        """Return what takes the server's answer to a request."""

        def deliver(answer: Answer) -> None:
            cut = Answer(answer.status, self._cut(answer.body, seed))
            reply = Reply(request.till, request.call, request.path, cut)
            self.replies += [reply] * self._copies(seed)

        return deliver

    def heal(self) -> None:
        """What was under way is gone; from now on nothing is lost."""
        self.requests.clear()
        self.replies.clear()

    def _copies(self, seed: random.Random) -> int:
        if seed.random() < self.drop:
            return 0
        return 2 if seed.random() < self.double else 1

    def _cut(self, body: bytes, seed: random.Random) -> bytes:
        if seed.random() >= self.truncate:
            return body
        return body[: seed.randrange(len(body))]
