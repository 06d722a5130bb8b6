"""The line between tills and server: it loses, doubles, delays, reorders and cuts short."""

import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from pos_loyalty.simulator.server_side import Answer, Outgoing
from pos_loyalty.simulator.sources import WorldTime
from pos_loyalty.simulator.till_side import SimulatedTill

_DELAY_MS_MAX = 400_000


@dataclass(frozen=True, eq=False)
class Request:
    """A request under way, and the call that waits for its answer."""

    till: SimulatedTill
    call: int
    path: str
    body: bytes
    signature: str
    due_ms: int
    is_to_hub: bool = False


@dataclass(frozen=True, eq=False)
class Reply:
    """An answer under way to the call that asked."""

    till: SimulatedTill
    call: int
    path: str
    answer: Answer
    due_ms: int


@dataclass
class Line:
    """Everything under way. A slow packet is due later than others; the rest comes in any order."""

    time: WorldTime
    drop: float
    double: float
    truncate: float
    slow: float
    requests: list[Request] = field(default_factory=list[Request])
    replies: list[Reply] = field(default_factory=list[Reply])

    def send(
        self, till: SimulatedTill, outgoing: Outgoing, seed: random.Random, *, is_to_hub: bool
    ) -> None:
        """Put a request on the line, perhaps twice, perhaps not at all."""
        body = self._cut(outgoing.body, seed)
        for _ in range(self._copies(seed)):
            due_ms = self._due_ms(seed)
            self.requests.append(
                Request(
                    till=till,
                    call=till.call,
                    path=outgoing.path,
                    body=body,
                    signature=outgoing.signature,
                    due_ms=due_ms,
                    is_to_hub=is_to_hub,
                )
            )

    def answer(self, request: Request, seed: random.Random) -> Callable[[Answer], None]:
        """Return what takes the server's answer to a request."""

        def deliver(answer: Answer) -> None:
            cut = Answer(answer.status, self._cut(answer.body, seed))
            for _ in range(self._copies(seed)):
                due_ms = self._due_ms(seed)
                self.replies.append(Reply(request.till, request.call, request.path, cut, due_ms))

        return deliver

    def due(self) -> Sequence[Request | Reply]:
        """Return what can arrive now."""
        now_ms = self.time.ms
        return [packet for packet in (*self.requests, *self.replies) if packet.due_ms <= now_ms]

    def take_out(self, packet: Request | Reply) -> None:
        """A packet has arrived."""
        if isinstance(packet, Request):
            self.requests.remove(packet)
        else:
            self.replies.remove(packet)

    def heal(self) -> None:
        """What was under way is gone; from now on nothing is lost."""
        self.requests.clear()
        self.replies.clear()

    def _copies(self, seed: random.Random) -> int:
        if seed.random() < self.drop:
            return 0
        return 2 if seed.random() < self.double else 1

    def _due_ms(self, seed: random.Random) -> int:
        if seed.random() >= self.slow:
            return self.time.ms
        return self.time.ms + seed.randrange(_DELAY_MS_MAX)

    def _cut(self, body: bytes, seed: random.Random) -> bytes:
        if seed.random() >= self.truncate:
            return body
        return body[: seed.randrange(len(body))]
