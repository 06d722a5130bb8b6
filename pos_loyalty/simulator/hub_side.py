"""The hub of a simulated shop: its real core over a real till store, between tills and server.

The line to the server is up or down as a whole. While it is up, what the hub sends on is
served in one turn; at times the answer gets lost on its way back, so that the hub holds
what the server holds already.
"""

import random
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import NamedTuple

import msgspec

from pos_loyalty.domain.errors import LoyaltyError
from pos_loyalty.domain.ids import MerchantId
from pos_loyalty.hub.shop_hub import EXCHANGE_PATH, ServerReply, ShopHub, Visit, read_visit
from pos_loyalty.server import join_till
from pos_loyalty.server.routes import status_of
from pos_loyalty.simulator.failpoints import Killed
from pos_loyalty.simulator.server_side import Answer, Outgoing, SimulatedServer
from pos_loyalty.simulator.till_side import SimulatedTill
from pos_loyalty.store.hub_state import HeldBody, HubState
from pos_loyalty.wire import codec
from pos_loyalty.wire.messages import JoinRequest, Refusal

HUB = "hub"
_OK = 200
_NOTHING = Answer(503, b"")


class _Order(NamedTuple):
    """What a till sent to the hub."""

    path: str
    body: bytes
    signature: str


@dataclass
class SimulatedHub:
    """Takes what tills send, sends it on or holds it, dies and comes back from its files."""

    till: SimulatedTill
    server: SimulatedServer
    merchant: MerchantId
    loses: float
    """How often an answer of the server is lost on its way back to the hub."""
    is_line_up: bool = True
    core: ShopHub = field(init=False)

    @property
    def is_up(self) -> bool:
        """Whether the hub runs."""
        return self.till.is_up

    def begin(self) -> None:
        """Make the core anew over the store; the till must have been opened."""
        context = self.till.till.context
        self.core = ShopHub(
            state=HubState(context.store, context.clock, context.ids),
            merchant=self.merchant,
            clock=context.clock,
        )

    def take(
        self, path: str, body: bytes, signature: str, deliver: Callable[[Answer], None]
    ) -> None:
        """Answer a till, by the server's word or by the hub's own; a dead hub answers nobody."""
        if not self.is_up:
            return
        try:
            answer = self._answer(_Order(path, body, signature))
        except Killed:
            self.till.die()
            return
        except LoyaltyError as error:
            refusal = Refusal(code=error.code.value, facts=dict(error.facts))
            answer = Answer(status_of(error), codec.pack(refusal))
        if answer.status != _NOTHING.status or answer.body:
            deliver(answer)

    def serve(self, outgoing: Outgoing) -> Answer:
        """Answer a till at once; a hub that dies over it answers nobody."""
        answers: list[Answer] = []
        self.take(outgoing.path, outgoing.body, outgoing.signature, answers.append)
        return answers[0] if answers else _NOTHING

    def send_on(self, seed: random.Random) -> str:
        """Send the oldest request of some journal on, if the server can be reached."""
        waiting = self.core.waiting()
        if not waiting:
            return "nothing waits"
        stream, _ = seed.choice(waiting)
        body = self.core.next_body(stream)
        if body is None:
            return "has to wait"
        return self._forward(body, is_lost=seed.random() < self.loses)

    def send_all_on(self) -> bool:
        """Send everything on over a good line; tell whether anything waited."""
        sent = False
        for stream, _ in self.core.waiting():
            while (body := self.core.next_body(stream)) is not None:
                sent = True
                if self._forward(body, is_lost=False) != "taken":
                    break
        return sent

    def _answer(self, order: _Order) -> Answer:
        if order.path != EXCHANGE_PATH:
            return self._pass_on(order)
        visit = read_visit(order.body, order.signature)
        if self.is_line_up and self.server.is_up:
            for stream, _ in self.core.waiting():
                if stream == visit.request.stream and (body := self.core.next_body(stream)):
                    self._forward(body, is_lost=False)
            answer = self.server.serve(Outgoing(*order))
            if answer.status == _OK and not self._is_unlucky(order.body):
                self._hear(visit, answer)
                return answer
            if answer.status != _OK and answer.body:
                return answer
        reply, _ = self.core.hold(visit)
        return Answer(_OK, codec.pack(reply))

    def _pass_on(self, order: _Order) -> Answer:
        """Carry what is no exchange, such as joining again, to the server and back."""
        if not (self.is_line_up and self.server.is_up):
            return _NOTHING
        answer = self.server.serve(Outgoing(*order))
        if answer.status == _OK and order.path == join_till.PATH:
            self.core.joined(codec.unpack(order.body, JoinRequest).closes_stream)
        return answer

    def _is_unlucky(self, body: bytes) -> bool:
        """Draw from the request itself whether its answer gets lost: the same in a replay."""
        return random.Random(body).random() < self.loses

    def _hear(self, visit: Visit, answer: Answer) -> None:
        self.core.heard(visit, msgspec.json.decode(codec.inflate(answer.body), type=ServerReply))

    def _forward(self, body: HeldBody, *, is_lost: bool) -> str:
        if not (self.is_line_up and self.server.is_up):
            return "no line"
        answer = self.server.serve(Outgoing(EXCHANGE_PATH, body.body, body.signature))
        if is_lost:
            return "unheard"
        if answer.status != _OK:
            self.core.refused(body)
            return "refused"
        reply = msgspec.json.decode(codec.inflate(answer.body), type=ServerReply)
        self.core.forwarded(body, reply)
        return "taken" if reply.status in {"ok", "upgrade"} else reply.status
