"""Sells, redeems, undoes and enrolls at one till, whatever happens to the till meanwhile."""

import random
import secrets
import time
from threading import Event, Thread

from line_shop import Answer, LineShop, Process

_PAUSE_SECONDS = (0.05, 0.4)
_ODDS = (13, 5, 1, 1)
_REWARD = "pay-with-points"
_POINTS = (100, 200, 300)
_CENTS = (100, 6_000)


class Cashier(Thread):
    """A thread that waits for every answer; what a dead till left unanswered is asked again."""

    def __init__(self, shop: LineShop, till: str, members: list[str], seed: int) -> None:
        super().__init__(name=till, daemon=True)
        self.may_start = Event()
        """Cleared while the till lies dead; then it may be started again."""
        self.may_start.set()
        self.has_begun = Event()
        """Set with the first answer: the till has started."""
        self.is_in_trouble = Event()
        """Set while the drill spoils something: what is sold then is counted apart."""
        self.fault = ""
        """What the till said that it must never say; ends the selling."""
        self.sales = self.sales_in_trouble = self.redeemed = self.refused = 0
        self.sale_ms: list[int] = []
        """How long each sale took to be answered, held and killed tills included."""
        self._shop = shop
        self._till = till
        self._process: Process = shop.processes[till]
        self._members = list(members)
        self._dice = random.Random(seed)
        self._ended = Event()
        self._newest_sale = ""

    def stop_selling(self) -> None:
        """Sell nothing more; the last answer is still waited for by ``join``."""
        self._ended.set()

    def run(self) -> None:
        """Sell until told otherwise."""
        self._start()
        while not self._ended.is_set() and not self.fault:
            self._do_something()
            self.has_begun.set()
            time.sleep(self._dice.uniform(*_PAUSE_SECONDS))

    def _do_something(self) -> None:
        deed = self._dice.choices(("sell", "redeem", "undo", "enroll"), _ODDS)[0]
        member = self._dice.choice(self._members)
        if deed == "enroll":
            self._enroll()
        elif deed == "redeem":
            self._redeem(member)
        elif deed == "undo" and self._newest_sale:
            self._undo(self._newest_sale)
        else:
            self._sell(member, points=0)

    def _redeem(self, member: str) -> None:
        """Look at the member, as the counter does, then pay with points that are safe to use."""
        shown = self._ask(do="member", id=member)
        points = self._dice.choice(_POINTS)
        if shown["ok"] and shown["member"]["spendable_points"] >= points:
            self._sell(member, points=points)

    def _sell(self, member: str, *, points: int) -> None:
        cents = self._dice.randrange(*_CENTS) + points * 10
        command: Answer = {"do": "sale", "member": member, "sale_id": _new_id()}
        command["total"] = f"{cents // 100}.{cents % 100:02d}"
        if points:
            command["rewards"] = [{"id": _REWARD, "points": points}]
        in_trouble = self.is_in_trouble.is_set()
        began = time.monotonic()
        answer = self._ask(**command)
        self.sale_ms.append(round((time.monotonic() - began) * 1000))
        if not answer["ok"]:
            self._refused(command, answer, cents)
            return
        self.sales += 1
        self.sales_in_trouble += in_trouble
        self.redeemed += answer["redeemed_points"]
        self._newest_sale = answer["sale_id"]
        fields = {"earned": answer["earned_points"], "redeemed": answer["redeemed_points"]}
        fields |= {"total": cents, "balance": answer["balance_points"]}
        self._note("sale", sale_id=answer["sale_id"], member=member, **fields)

    def _refused(self, command: Answer, answer: Answer, cents: int) -> None:
        """Only points may be refused, never money; and then nothing is saved."""
        if "rewards" not in command or answer.get("saved"):
            self.fault = f"{self._till}: a sale was refused: {answer}"
        self.refused += 1
        self._note("refused", sale_id=command["sale_id"], total=cents)

    def _undo(self, sale_id: str) -> None:
        """Undo a sale; a clock that jumped may make it too old for that."""
        self._newest_sale = ""
        if self._ask(do="undo", sale_id=sale_id)["ok"]:
            self._note("undo", sale_id=sale_id)

    def _enroll(self) -> None:
        name = f"New {self._till} {len(self._members)}"
        answer = self._ask(do="enroll", card=None, phone="", name=name)
        if answer["ok"]:
            self._members.append(answer["member"]["id"])

    def _ask(self, **command: object) -> Answer:
        """Ask until there is an answer; a sale keeps its id, so that it stays one sale."""
        while True:
            answer = self._process.ask(**command)
            if answer is not None:
                return answer
            self._start()

    def _start(self) -> None:
        self.may_start.wait()
        self._process.close()
        self._process.start()

    def _note(self, answer: str, **fields: object) -> None:
        self._shop.note(answer, self._till, **fields)


def _new_id() -> str:
    """Return a UUIDv7 as a till of another maker would make it."""
    stamp = time.time_ns() // 1_000_000
    value = stamp << 80 | 0x7 << 76 | secrets.randbits(12) << 64 | 0x2 << 62 | secrets.randbits(62)
    return f"{value:032x}"
