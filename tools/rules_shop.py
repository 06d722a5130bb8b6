"""The shop of one seed of the rules drill: a random program, a server, three tills, time."""

import datetime as dt
import random
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import msgspec
from rules_program import chance, draw_program, with_friends

from pos_loyalty.counter import CounterSession
from pos_loyalty.domain.errors import LoyaltyError
from pos_loyalty.domain.ids import MemberId
from pos_loyalty.domain.program import program_in_force
from pos_loyalty.domain.voucher import VoucherGives
from pos_loyalty.server.dues import run_dues
from pos_loyalty.server.owner_commands import erase_member, merge_members, unmerge_member
from pos_loyalty.server.owner_rules import label_member, reinstate_member
from pos_loyalty.server.publish_program import publish_program
from pos_loyalty.server.refold import refold
from pos_loyalty.server.setup import read_merchant
from pos_loyalty.services.issue_vouchers import IssueVouchers
from pos_loyalty.services.program_templates import template_text, templates
from pos_loyalty.simulator.failpoints import Killed
from pos_loyalty.simulator.server_side import Outgoing, SimulatedServer, allow
from pos_loyalty.simulator.sources import WorldTime
from pos_loyalty.simulator.template import TILLS, Template
from pos_loyalty.simulator.till_side import SimulatedTill
from pos_loyalty.sync.exchange import Step
from pos_loyalty.wire.program_document import read_document

Answer = dict[str, Any]

MINUTE_MS = 60_000
DAY_MS = 24 * 60 * MINUTE_MS
START_MS = 1_798_880_400_000
"""2 January 2027, 09:00 UTC: where the dates of drawn programs begin."""
SHOP = "Market Street"
_TALKS_MAX = 60
_FAULTS = ("E-PROGRAM-FAULT",)
PROGRAMS = tuple(read_document(template_text(each.id).encode()) for each in templates())


class OffError(Exception):
    """Something that must never be."""


@dataclass
class Sold:
    """A sale as its till answered it."""

    till: str
    sale: str
    total: int
    lines: int
    receipt: str | None
    member: str | None


@dataclass
class Shop:
    """Everything of one seed, and what can happen in it; each happening returns a line."""

    folder: Path
    template: Template
    dice: random.Random
    time: WorldTime = field(default_factory=WorldTime)
    lines: list[str] = field(default_factory=list[str])
    counts: Counter[str] = field(default_factory=Counter[str])
    members: list[str] = field(default_factory=list[str])
    sold: list[Sold] = field(default_factory=list[Sold])
    vouchers: list[str] = field(default_factory=list[str])
    asked: list[tuple[SimulatedTill, Answer, Answer]] = field(
        default_factory=list[tuple[SimulatedTill, Answer, Answer]]
    )
    offline: set[str] = field(default_factory=set[str])
    merged: set[str] = field(default_factory=set[str])
    told: dict[str, set[str]] = field(default_factory=dict[str, set[str]])
    may_die: bool = True
    friends: bool = False
    """Whether every program pays for what guests buy, and they bring much of it back."""

    def __post_init__(self) -> None:
        self.time.ms = START_MS
        path = self.folder / "server.db"
        self.template.copy_server(path)
        self.server = SimulatedServer(path, self.time, self.folder.name)
        self.allowance = self.dice.choice((0, 0, 0, 60))
        allow(self.server.database, self.template.merchant, total=self.allowance, per_till=20)
        self.tills: list[SimulatedTill] = []
        for number in range(TILLS):
            name = f"till-{number + 1}"
            self.template.copy_till(name, self.folder / name)
            till = SimulatedTill(
                name,
                self.folder / name,
                self.time,
                self.template.keys,
                self.folder.name,
                self.template.merchant,
            )
            self.tills.append(till)
            if chance(self.dice, 0.15):
                till.clock.skew_ms = self.dice.choice((-1, 1)) * self.dice.choice(
                    (90_000, 3 * 60 * MINUTE_MS, 3 * DAY_MS, 400 * DAY_MS)
                )
            self.open(till)
        self.happenings: dict[str, tuple[int, Callable[[random.Random], str]]] = {
            "sync": (14, self._sync),
            "line": (5, self._line),
            "kill": (3, self._kill),
            "dues": (4, self._dues),
            "owner": (4, self._owner),
            "voucher": (2, self._voucher),
            "publish": (1, self._publish),
        }

    def step(self, dice: random.Random) -> None:
        """Let time pass and one thing happen."""
        unit, most = dice.choices(
            ((MINUTE_MS // 6, 12), (60 * MINUTE_MS, 12), (DAY_MS, 6), (30 * DAY_MS, 4)),
            weights=(70, 20, 8, 2),
        )[0]
        self.time.pass_by(dice.randint(0, most) * unit)
        names = list(self.happenings)
        name = dice.choices(names, weights=[self.happenings[name][0] for name in names])[0]
        said = self.happenings[name][1](dice)
        moment = dt.datetime.fromtimestamp(self.time.ms / 1000, dt.UTC)
        self.lines.append(f"{moment:%Y-%m-%d %H:%M:%S} {name} {said}")

    def close(self) -> None:
        """Close all files."""
        for till in self.tills:
            till.close()
        self.server.close()

    # -------------------------------------------------------------- tills --

    def open(self, till: SimulatedTill) -> None:
        """Start a till; with a line it asks the server as the product does."""
        till.open()

        def ask(member: MemberId, points: int) -> bool:
            if till.name in self.offline or not self.server.is_up:
                return False
            self.talk(till, wants=((member, points),))
            return till.state.spendable(member) >= points

        till.till.context.ask_rights = ask

    def ask(self, till: SimulatedTill, **command: object) -> Answer:
        """Send one line to a till's counter and read its answer; the till may die over it."""
        line = msgspec.json.encode(command)
        try:
            answer: Answer = msgspec.to_builtins(CounterSession(till.till).answer(line))
            msgspec.json.encode(answer)
        except Killed:
            till.die()
            self.open(till)
            self.counts["died"] += 1
            return {"ok": False, "code": "died"}
        self._ensure_told(till)
        name = str(command["do"])
        self.counts[name if answer["ok"] else f"{name}:{answer['code']}"] += 1
        if not answer["ok"] and (answer["code"] in _FAULTS or not answer["code"]):
            raise OffError(f"fault: {command} {answer}")
        return answer

    def _ensure_told(self, till: SimulatedTill) -> None:
        """A till that was in contact since keeps to the rules in force."""
        programs = read_merchant(self.server.database).programs
        known = [programs[name] for name in sorted(self.told.get(till.name, ()))]
        if known and not till.clock.skew_ms:
            expected = program_in_force(tuple(known), self.time.ms)
            if till.till.program().effective_from_ms < expected.effective_from_ms:
                raise OffError(f"rules: {till.name} keeps to {till.till.program().version}")

    def talk(self, till: SimulatedTill, wants: Sequence[tuple[MemberId, int]] = ()) -> None:
        """Exchange until neither side has more to say."""
        for _ in range(_TALKS_MAX):
            try:
                came = till.begin_exchange(wants=wants)
                while isinstance(came, Outgoing):
                    came = till.take(self.server.serve(came))
            except Killed:
                till.die()
                self.open(till)
                return
            except LoyaltyError as error:
                self.counts[f"sync:{error.code.value}"] += 1
                if self.server.is_up:
                    raise OffError(f"{till.name} is refused: {error.code.value}") from error
                self.server.open()
                return
            wants = ()
            if came.step is Step.DONE and not came.rows:
                merchant = read_merchant(self.server.database)
                self.told[till.name] = set(merchant.programs)
                return
        raise OffError(f"{till.name} does not come to rest")

    def settle(self) -> None:
        """Mend everything; all tills exchange until nothing moves any more."""
        self.offline.clear()
        if not self.server.is_up:
            self.server.open()
        self.server.fuse.disarm()
        for till in self.tills:
            till.fuse.disarm()
        for _ in range(4):
            self._at_server(
                lambda: run_dues(self.server.database, self.server.merchant, now_ms=self.time.ms)
            )
            for till in self.tills:
                self.time.pass_by(1000)
                self.talk(till)

    def one(self, dice: random.Random) -> SimulatedTill:
        """Return any till."""
        return dice.choice(self.tills)

    def member(self, dice: random.Random) -> str:
        """Return a member: often one of a few."""
        return dice.choice(self.members[:3] if chance(dice, 0.6) else self.members)

    def tell(self, till: SimulatedTill, command: Answer, answer: Answer) -> str:
        """Return a line of the trace."""
        short = {key: value for key, value in answer.items() if key not in ("trace", "message")}
        return f"{till.name} {command} -> {short}"

    def do(self, till: SimulatedTill, command: Answer) -> tuple[Answer, str]:
        """Ask for a change, again if the till died over it; return the answer, and the line."""
        answer = self.ask(till, **command)
        if answer.get("code") == "died":
            # Whoever does not know asks again with the same id: it is saved once, or not at all.
            answer = self.ask(till, **command)
        if answer["ok"]:
            self.asked.append((till, command, answer))
        return answer, self.tell(till, command, answer)

    # ------------------------------------------------- line, power, owner --

    def _sync(self, dice: random.Random) -> str:
        till = self.one(dice)
        if till.name in self.offline:
            return f"{till.name} is offline"
        if not self.server.is_up:
            self.server.open()
        self.talk(till)
        return till.name

    def _line(self, dice: random.Random) -> str:
        self.offline ^= {self.one(dice).name}
        return f"down at {sorted(self.offline)}"

    def _kill(self, dice: random.Random) -> str:
        if self.may_die and chance(dice, 0.3):
            self.server.fuse.arm(dice.randint(1, 60))
            return "server"
        till = self.one(dice)
        till.fuse.arm(dice.randint(1, 40))
        return till.name

    def _at_server(self, work: Callable[[], object]) -> str:
        if not self.server.is_up:
            self.server.open()
        try:
            return str(work())
        except Killed:
            self.server.die()
            self.server.open()
            return "died"
        except LoyaltyError as error:
            self.counts[f"owner:{error.code.value}"] += 1
            return error.code.value

    def _dues(self, _dice: random.Random) -> str:
        server = self.server
        return self._at_server(
            lambda: run_dues(server.database, server.merchant, now_ms=self.time.ms)
        )

    def _owner(self, dice: random.Random) -> str:
        server, clock = self.server, self.server.clock
        member, other = MemberId(self.member(dice)), MemberId(dice.choice(self.members))
        label = dice.choice(("+", "-")) + dice.choice(("regulars", "lapsed", "students"))
        name, work = dice.choice(
            (
                ("label", lambda: label_member(server.database, member, [label], clock=clock)),
                ("merge", lambda: merge_members(server.database, member, other, clock=clock)),
                ("unmerge", lambda: unmerge_member(server.database, other, clock=clock)),
                (
                    "reinstate",
                    lambda: reinstate_member(server.database, member, days=30, clock=clock),
                ),
                ("erase", lambda: self._erase(dice)),
                ("refold", lambda: refold(server.database, clock=clock)),
            )
        )
        if name == "merge":
            self.merged |= {member, other}
        return f"{name} {member} {other} {label} {self._at_server(work)}"

    def _erase(self, dice: random.Random) -> str:
        if chance(dice, 0.7):
            return "not now"
        gone = erase_member(
            self.server.database, MemberId(dice.choice(self.members)), clock=self.server.clock
        )
        self.members = [member for member in self.members if member not in gone] or self.members
        return f"{gone}"

    def _voucher(self, dice: random.Random) -> str:
        day = dt.datetime.fromtimestamp(self.time.ms / 1000, dt.UTC).date()
        command = IssueVouchers(
            count=2,
            gives=dice.choice((VoucherGives.AMOUNT, VoucherGives.POINTS)),
            much=dice.randint(1, 300),
            until=day + dt.timedelta(days=dice.randint(1, 60)),
        )
        try:
            issued = self.one(dice).till.issue_vouchers(command)
        except (Killed, LoyaltyError) as error:
            return type(error).__name__
        self.vouchers += [one.code for one in issued]
        return "issued"

    def _publish(self, dice: random.Random) -> str:
        return self._at_server(lambda: self.publish(dice))

    def publish(self, dice: random.Random) -> str:
        """Let other rules hold from now on."""
        program = draw_program(dice)
        if self.friends:
            program = with_friends(program, dice)
        later = self.time.ms + dice.randint(1, 20) * DAY_MS
        done = publish_program(
            self.server.database,
            program,
            from_ms=later if self.members and chance(dice, 0.3) else None,
            clock=self.server.clock,
        )
        self.lines.append(f"program {msgspec.json.encode(done.program).decode()}")
        return done.program.version
