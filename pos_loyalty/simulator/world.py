"""One simulated shop: who lives in it, what happens in a step, and what it leaves as a trace."""

import hashlib
import random
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from pos_loyalty.domain.errors import LoyaltyError, StoreBug
from pos_loyalty.domain.ids import MemberId
from pos_loyalty.simulator.carrying import Sticks
from pos_loyalty.simulator.cashier import Cashier
from pos_loyalty.simulator.disasters import Disasters
from pos_loyalty.simulator.failpoints import Killed
from pos_loyalty.simulator.hub_side import HUB, SimulatedHub
from pos_loyalty.simulator.line import Line, Reply, Request
from pos_loyalty.simulator.oracle import Disk, Fact, Oracle, Violation
from pos_loyalty.simulator.pages import PageWatch
from pos_loyalty.simulator.profiles import Profile, Swarm
from pos_loyalty.simulator.ruled_program import publish_rules
from pos_loyalty.simulator.server_side import SimulatedServer, allow
from pos_loyalty.simulator.sources import WorldTime
from pos_loyalty.simulator.stranger import Stranger
from pos_loyalty.simulator.template import TILLS, Template
from pos_loyalty.simulator.till_side import Outgoing, SimulatedTill
from pos_loyalty.sync.exchange import Outcome, Step
from pos_loyalty.wire.version import PROTOCOL_1, PROTOCOL_2, PROTOCOL_NEWEST

_STEP_MS_MAX = 20_000
_POLL_ODDS = 0.2
_EARLY_SYNC_ODDS = 0.7
_TALKS_MAX = 40
_WRONG_CALL_ODDS = 0.8
_ALLOWANCE_PER_TILL = 100
_HUB_ODDS = 0.8
_EVENTS_ALL = 1_000_000
_BYTES_ALL = 1 << 40
_NEWS_OF_KILLS = 30
"""A process dies within so many statements after its fuse was lit."""


class Trace:
    """A hash over everything that happened, and the lines for a person."""

    def __init__(self) -> None:
        self._digest = hashlib.sha256()
        self.lines: list[str] = []

    @property
    def hash(self) -> str:
        """The hash so far, in hex."""
        return self._digest.hexdigest()

    def note(self, text: str) -> None:
        """Add a line."""
        self._digest.update(text.encode("utf-8", "backslashreplace") + b"\n")
        self.lines.append(text)


class World:
    """Tills, server, line and disasters of one seed."""

    def __init__(self, folder: Path, template: Template, profile: Profile, swarm: Swarm) -> None:
        self.folder = folder
        self.template = template
        self.profile = profile
        self.swarm = swarm
        self.time = WorldTime()
        self.trace = Trace()
        self.oracle = Oracle(risk_allowed=profile.allowance_points)
        self.line = Line(self.time, swarm.drop, swarm.double, swarm.truncate, swarm.slow)
        template.copy_server(folder / "server.db")
        self.server = SimulatedServer(folder / "server.db", self.time, str(folder.name))
        allow(
            self.server.database,
            template.merchant,
            total=self.oracle.risk_allowed,
            per_till=min(profile.allowance_points, _ALLOWANCE_PER_TILL),
        )
        self.pages = PageWatch(self.oracle, self.server)
        if self._has_plain_pages:
            self.server.on_written = self.pages.written
        self.tills: list[SimulatedTill] = []
        for number in range(TILLS):
            name = f"till-{number + 1}"
            template.copy_till(name, folder / name)
            self.add_till(name)
        self.hub = self._open_hub() if profile.has_hub else None
        self.sticks = Sticks(self.server)
        if profile.has_sticks:
            self.sticks.make_key()
        self.stranger = Stranger(template, self.time)
        self.disasters = Disasters(self)
        self._cashier = Cashier(
            template.payloads, template.forged, hot=swarm.members_hot, holds=self._holds
        )
        self._weights = dict(swarm.weights)

    @property
    def everybody(self) -> Sequence[SimulatedTill]:
        """Everybody who keeps a journal: the tills, and the hub where there is one."""
        return (*self.tills, *([self.hub.till] if self.hub else ()))

    def _open_hub(self) -> SimulatedHub:
        self.template.copy_till(HUB, self.folder / HUB)
        till = self.add_till(HUB)
        self.tills.remove(till)
        hub = SimulatedHub(till, self.server, self.template.merchant, loses=self.swarm.drop)
        hub.begin()
        return hub

    def add_till(self, name: str, disk: Disk | None = None) -> SimulatedTill:
        """Open a till on a folder that is there already; a clone brings its disk along."""
        till = SimulatedTill(
            name,
            self.folder / name,
            self.time,
            self.template.keys,
            self.folder.name,
            self.template.merchant,
        )
        self.oracle.disks[name] = disk or Disk()
        self.tills.append(till)
        self.open_till(till)
        return till

    def close(self) -> None:
        """Close all files."""
        for till in self.everybody:
            till.close()
        self.server.close()

    def open_shop(self, seed: random.Random) -> None:
        """Begin the day with a few members."""
        for till in self.tills if self.profile.has_old_tills else ():
            till.protocol = seed.choice((PROTOCOL_1, PROTOCOL_2, PROTOCOL_NEWEST))
        self._cashier.open_shop(self.tills[0], seed)
        self.harvest(self.tills[0])
        if seed.random() < _EARLY_SYNC_ODDS:
            for till in (self.tills * 2)[: 2 * TILLS - 1]:
                self.trace.note(f"early {till.name} {self.talk_out(till, seed)}")

    def talk_out(self, till: SimulatedTill, seed: random.Random) -> str:
        """Talk until a till has heard everything; no page of the server is that long."""
        result = ""
        for _ in range(_TALKS_MAX):
            result = self._talk(till, seed)
            if result.startswith(Step.DONE):
                break
        return result

    def step(self, seed: random.Random) -> None:
        """Let one thing happen, somewhere."""
        self.time.pass_by(seed.randrange(_STEP_MS_MAX))
        names = list(self._weights)
        name = seed.choices(names, weights=list(self._weights.values()))[0]
        till = seed.choice(self.tills)
        result = self._do(name, till, seed)
        self.trace.note(f"{name} {till.name} {result}")

    def _do(self, name: str, till: SimulatedTill, seed: random.Random) -> str:
        happening = self._happenings().get(name) or self.disasters.actions.get(name)
        if happening is not None:
            return happening(till, seed)
        if not till.is_up:
            return "is down"
        sell = self._cashier.actions[name]
        return self._at(till, lambda: sell(till, seed))

    def _happenings(self) -> Mapping[str, Callable[[SimulatedTill, random.Random], str]]:
        return {
            "exchange": self._exchange,
            "turn": self._turn,
            "talk": self._talk,
            "give_up": self._give_up,
            "reopen": self._reopen,
            "kill_till": self._kill_till,
            "kill_server": self._kill_server,
            "poison": self._poison,
            "update": self._update,
            "publish": self._publish,
            "carry_out": self._carry_out,
            "carry_in": lambda _till, seed: self._at_server(lambda: self.sticks.bring(seed)),
            "carry_back": self._carry_back,
            "hub_line": self._hub_line,
            "hub_talk": self._hub_talk,
            "hub_sends_on": self._hub_sends_on,
            "hub_dies": self._hub_dies,
        }

    # -------------------------------------------------------------- tills --

    def open_till(self, till: SimulatedTill) -> None:
        """Start a till; whatever it acknowledged before must be there."""
        till.open()
        position = till.position()
        disk = self.oracle.disks[till.name]
        if position.stream == disk.stream and position.last_seq < disk.seq:
            raise Violation(f"I1 {till.name}: {disk.seq - position.last_seq} events are gone")
        self.harvest(till)

    def harvest(self, till: SimulatedTill) -> Sequence[Fact]:
        """Read what is new on a till's disk."""
        position, disk = till.position(), self.oracle.disks[till.name]
        seq = disk.seq if position.stream == disk.stream else 0
        if position.last_seq == seq and position.stream == disk.stream:
            return ()
        batch = till.state.batch(seq + 1, events_max=_EVENTS_ALL, bytes_max=_BYTES_ALL)
        return self.oracle.harvest(disk, position.stream, batch.events)

    def _holds(self, till: SimulatedTill, event_id: str) -> bool:
        with till.till.context.store.read() as read:
            return read.journal.get(event_id) is not None

    def _at(self, till: SimulatedTill, work: Callable[[], str]) -> str:
        """Do something at a till, which may refuse it or die over it."""
        try:
            result = work()
        except Killed:
            till.die()
            return "died"
        except StoreBug as error:
            raise Violation(f"crash {till.name}: {error.facts.get('detail')}") from error
        except LoyaltyError as error:
            result = error.code.value
        self.harvest(till)
        return result

    def _reopen(self, _till: SimulatedTill, seed: random.Random) -> str:
        """Start something that is down."""
        down = [till for till in self.everybody if not till.is_up]
        if not self.server.is_up and (not down or seed.random() < 1 / 2):
            self.server.open()
            return "server"
        if not down:
            return "all are up"
        till = seed.choice(down)
        self.open_till(till)
        if self.hub is not None and till is self.hub.till:
            self.hub.begin()
        return till.name

    def _update(self, till: SimulatedTill, _seed: random.Random) -> str:
        """Put the newest program on a till that runs an earlier release."""
        if till.protocol == PROTOCOL_NEWEST:
            return "is new"
        if till.is_up:
            till.die()
        self.open_till(till)
        till.update()
        return "updated"

    def _publish(self, _till: SimulatedTill, _seed: random.Random) -> str:
        """Let the owner publish rules that no earlier release can compute."""
        if not self.server.is_up:
            return "is down"
        return "new" if publish_rules(self.server.database, self.time) else "is there"

    def _kill_till(self, till: SimulatedTill, seed: random.Random) -> str:
        """Kill a till now, or light a fuse."""
        if not till.is_up:
            return "is down"
        if seed.random() < 1 / 4:
            till.die()
            return "now"
        till.fuse.arm(seed.randrange(1, _NEWS_OF_KILLS))
        return "fuse"

    def _kill_server(self, _till: SimulatedTill, seed: random.Random) -> str:
        """Kill the server now, or light a fuse."""
        if not self.server.is_up:
            return "is down"
        if seed.random() < 1 / 4:
            self.server.die()
            return "now"
        self.server.fuse.arm(seed.randrange(1, 2 * _NEWS_OF_KILLS))
        return "fuse"

    def _poison(self, _till: SimulatedTill, seed: random.Random) -> str:
        """Let a till that speaks by itself send what no till of ours writes."""
        return self.stranger.bother(self, seed)

    # --------------------------------------------------------------- line --

    def _exchange(self, till: SimulatedTill, seed: random.Random) -> str:
        """Begin an exchange at a till that has none under way."""
        if not till.is_up or till.strand is not None:
            idle = [other for other in self.tills if other.is_up and other.strand is None]
            if not idle:
                return "all are busy"
            till = seed.choice(idle)
        is_poll = seed.random() < _POLL_ODDS
        wants: Sequence[tuple[MemberId, int]] = () if is_poll else tuple(till.wants.items())
        return self._converse(till, lambda: till.begin_exchange(wants=wants, is_poll=is_poll), seed)

    def _talk(self, till: SimulatedTill, seed: random.Random) -> str:
        """Carry an exchange from end to end in one good moment of the line."""
        hub = self.hub if seed.random() < _HUB_ODDS else None
        if hub is not None and (till is hub.till or not hub.is_up):
            hub = None
        is_served = hub is not None or self.server.is_up
        if not till.is_up or till.strand is not None or not is_served:
            return self._turn(till, seed)

        def work() -> str:
            came = till.begin_exchange(wants=tuple(till.wants.items()))
            while isinstance(came, Outgoing):
                came = till.take(self.server.serve(came) if hub is None else hub.serve(came))
            self.settled(till, came)
            return f"{came.step} {came.rows} {came.appended}"

        result = self._at(till, work)
        self._harvest_hub()
        return result

    def _give_up(self, till: SimulatedTill, seed: random.Random) -> str:
        """A call's time is up; its answer may still come."""
        if not till.is_up or till.strand is None:
            return "nothing waits"
        return self._converse(till, till.give_up, seed)

    def _turn(self, till: SimulatedTill, seed: random.Random) -> str:
        """Let one thing under way go on: a packet arrives, or the server does a bit of work."""
        server, due = self.server, self.line.due()
        ready, queued = len(server.ready), len(server.queued)
        place = seed.randrange(max(1, len(due) + ready + queued))
        if place < len(due):
            packet = due[place]
            self.line.take_out(packet)
            if isinstance(packet, Request):
                return self._arrive(packet, seed)
            return self._take(packet, seed)
        place -= len(due)
        if place < ready:
            server.go_on(place)
            return "server works"
        if queued:
            server.write_group()
            return "server writes"
        waiting = [till for till in self.tills if till.strand is not None]
        if waiting:
            return self._give_up(seed.choice(waiting), seed)
        return self._exchange(till, seed)

    def _arrive(self, request: Request, seed: random.Random) -> str:
        deliver = self.line.answer(request, seed)
        if request.is_to_hub and self.hub is not None:
            self.hub.take(request.path, request.body, request.signature, deliver)
            self._harvest_hub()
            return f"comes to the hub {hashlib.sha256(request.body).hexdigest()[:8]}"
        self.server.take(request.path, request.body, request.signature, deliver)
        return f"arrives {hashlib.sha256(request.body).hexdigest()[:8]}"

    def _take(self, reply: Reply, seed: random.Random) -> str:
        """Give an answer to its call; a late one goes to the wrong call at times."""
        till = reply.till
        waiting = till.strand.waits_for if till.strand is not None else None
        if not till.is_up or not isinstance(waiting, Outgoing) or waiting.path != reply.path:
            return "nobody waits"
        if till.call != reply.call and seed.random() > _WRONG_CALL_ODDS:
            return "late"
        return self._converse(till, lambda: till.take(reply.answer), seed)

    def _converse(
        self, till: SimulatedTill, resume: Callable[[], Outgoing | Outcome], seed: random.Random
    ) -> str:
        def work() -> str:
            came = resume()
            if isinstance(came, Outgoing):
                is_to_hub = self.hub is not None and seed.random() < _HUB_ODDS
                self.line.send(till, came, seed, is_to_hub=is_to_hub)
                return f"sends {hashlib.sha256(came.body).hexdigest()[:8]}"
            self.settled(till, came)
            return f"{came.step} {came.rows} {came.appended}"

        return self._at(till, work)

    def settled(self, till: SimulatedTill, outcome: Outcome) -> None:
        """Look at a till after an exchange."""
        if outcome.granted:
            till.drop_met_wants()
        self.harvest(till)
        if outcome.granted and not self.profile.has_second_writers:
            self._ensure_rights_are_earned()
        if self._has_plain_pages:
            self.pages.ensure_whole(till)

    def _ensure_rights_are_earned(self) -> None:
        """I6, before anything is spent: all disks together hold no more rights than points.

        Not where a till was cloned: both hear of what is granted to their one journal until
        the first of them writes, and the other one begins a new journal.
        """
        running = [each for each in self.everybody if each.is_up]
        for member in self.oracle.members:
            held = sum(max(0, each.state.spendable(MemberId(member))) for each in running)
            self.oracle.ensure_held(member, held)

    @property
    def _has_plain_pages(self) -> bool:
        """Whether what a till shows is a page of the server and its own events, nothing else."""
        profile = self.profile
        has_other_ways = profile.has_hub or profile.has_sticks
        return not (profile.has_second_writers or profile.has_old_books or has_other_ways)

    # -------------------------------------------------------------- stick --

    def _carry_out(self, till: SimulatedTill, _seed: random.Random) -> str:
        """Let a till write a packet."""
        if not till.is_up or till.strand is not None:
            return "not now"
        return self._at(till, lambda: self.sticks.export(till))

    def _carry_back(self, till: SimulatedTill, seed: random.Random) -> str:
        """Let a till take an answer that was carried."""
        if not till.is_up or till.strand is not None:
            return "not now"
        return self._at(till, lambda: self.sticks.take_back(till, seed))

    def _at_server(self, work: Callable[[], str]) -> str:
        """Do something at the server, which may refuse it."""
        try:
            return work()
        except LoyaltyError as error:
            return error.code.value

    # ---------------------------------------------------------------- hub --

    def _hub_line(self, _till: SimulatedTill, seed: random.Random) -> str:
        """Cut the hub's line to the server, or mend it."""
        if self.hub is None:
            return "no hub"
        self.hub.is_line_up = seed.random() < 1 / 4
        return "up" if self.hub.is_line_up else "cut"

    def _hub_talk(self, _till: SimulatedTill, seed: random.Random) -> str:
        """Let the hub, which is a till, hear what is new."""
        hub = self.hub
        if hub is None or not hub.is_up or not hub.is_line_up:
            return "not now"
        return self._talk(hub.till, seed)

    def _hub_sends_on(self, _till: SimulatedTill, seed: random.Random) -> str:
        """Let the hub send on what it keeps."""
        hub = self.hub
        if hub is None or not hub.is_up:
            return "not now"
        return self._at(hub.till, lambda: hub.send_on(seed))

    def _hub_dies(self, _till: SimulatedTill, seed: random.Random) -> str:
        """Kill the hub now, or light a fuse."""
        return "no hub" if self.hub is None else self._kill_till(self.hub.till, seed)

    def _harvest_hub(self) -> None:
        if self.hub is not None and self.hub.is_up:
            self.harvest(self.hub.till)

    def is_stranger(self, stream: str) -> bool:
        """Tell whether a journal is the stranger's."""
        return stream == self.template.stranger_stream[0]
