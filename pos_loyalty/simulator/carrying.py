"""Sticks between tills and the server of a simulated shop: late, twice, out of order, or lost."""

import random
from dataclasses import dataclass, field

from pos_loyalty.server.carried import ImportPacket
from pos_loyalty.server.database import statements
from pos_loyalty.server.database.repository import Session
from pos_loyalty.server.group_write import transact
from pos_loyalty.server.packet_key import ensure_key
from pos_loyalty.simulator.server_side import SimulatedServer
from pos_loyalty.simulator.till_side import SimulatedTill
from pos_loyalty.store.carried import CarriedStorage
from pos_loyalty.store.joining import Joining
from pos_loyalty.store.sync_state import SyncState
from pos_loyalty.sync.credentials import TillKey
from pos_loyalty.sync.packets import Packets

_KEPT = 6
"""So many packets lie about; older ones are overwritten."""


@dataclass
class Sticks:
    """Packets on their way up, and answers on their way down, of each till."""

    server: SimulatedServer
    up: list[bytes] = field(default_factory=list[bytes])
    down: dict[str, list[bytes]] = field(default_factory=dict[str, list[bytes]])

    def make_key(self) -> None:
        """Let the server have the key to which packets are closed."""
        merchant = self.server.merchant.merchant

        def work(session: Session) -> None:
            version, _ = statements.take_version(session, merchant)
            ensure_key(session, merchant, self.server.ids, version=version)

        transact(self.server.database, work)

    def export(self, till: SimulatedTill) -> str:
        """Write what a till has to say onto a stick."""
        self.up = [*self.up[1 - _KEPT :], _packets_of(till).write()]
        return f"{len(self.up)} packets"

    def bring(self, seed: random.Random) -> str:
        """Let the server take a packet: any of them, perhaps not for the first time."""
        if not self.up or not self.server.is_up:
            return "not now"
        take = ImportPacket(
            database=self.server.database,
            merchant=self.server.merchant,
            clock=self.server.clock,
            ids=self.server.ids,
        )
        answered = take(seed.choice(self.up))
        answers = self.down.setdefault(answered.till_name, [])
        answers.append(answered.packet)
        del answers[:-_KEPT]
        return f"{answered.till_name} {answered.events} events"

    def take_back(self, till: SimulatedTill, seed: random.Random) -> str:
        """Let a till take an answer: any of them, perhaps an old one, perhaps another till's."""
        answers = [packet for packets in self.down.values() for packet in packets]
        if not answers:
            return "no answer"
        taken = _packets_of(till).take(seed.choice(answers))
        till.till.context.refresh()
        return "old" if taken.is_old else "taken"


def _packets_of(till: SimulatedTill) -> Packets:
    context = till.till.context
    joining = Joining(context.store, context.clock, context.ids)
    return Packets(
        sync=SyncState(
            context.store,
            context.clock,
            context.ids,
            reserved=lambda member: till.reserved.get(member, 0),
        ),
        joining=joining,
        carried=CarriedStorage(context.store),
        key=TillKey.from_text(joining.private_key()),
        clock=context.clock,
        ids=context.ids,
    )
