"""What cashiers do in the rules drill, as lines of `counter`; each deed returns a line."""

import datetime as dt
import random
from collections.abc import Callable

from rules_program import chance
from rules_shop import Answer, OffError, Shop, Sold

from pos_loyalty.domain.event import SaleLine
from pos_loyalty.simulator.till_side import SimulatedTill
from tests.reference.draw_sale import draw_discount_line, draw_lines, draw_payments

_FIRST_MEMBERS = 4


class Cashier:
    """Stands at every till in turn."""

    def __init__(self, shop: Shop) -> None:
        self._shop = shop
        deeds: dict[str, tuple[int, Callable[[random.Random], str]]] = {
            "sale": (30, self._sale),
            "refund": (14, self._refund),
            "undo": (5, self._undo),
            "move": (6, self._move),
            "enroll": (5, self._enroll),
            "activity": (4, self._activity),
            "adjust": (3, self._adjust),
            "tier": (2, self._tier),
            "again": (6, self._again),
            "why": (3, self._why),
        }
        if shop.friends:
            deeds["friend"] = (30, self._friend)
        shop.happenings = deeds | shop.happenings
        self._guests: list[str] = []

    def begin(self) -> None:
        """Publish the first program, let tills hear of it, enroll a few members."""
        shop = self._shop
        shop.publish(shop.dice)
        for till in shop.tills:
            shop.talk(till)
        for _ in range(_FIRST_MEMBERS):
            self._enroll(shop.dice, shop.tills[0])
        for till in shop.tills * 2:
            shop.talk(till)

    def _friend(self, dice: random.Random) -> str:
        """Let a guest buy, and bring much of it back soon."""
        if not self._guests:
            return self._enroll(dice)
        before = len(self._shop.sold)
        said = [self._sale(dice, dice.choice(self._guests))]
        if len(self._shop.sold) == before:
            return said[0]
        sold, changes = self._shop.sold[-1], (self._refund, self._refund, self._undo, self._move)
        said += [dice.choice(changes)(dice, sold) for _ in range(dice.choice((0, 1, 1, 2, 3)))]
        return "; ".join(said)

    def _sale(self, dice: random.Random, guest: str = "") -> str:
        till, member = self._shop.one(dice), self._shop.member(dice) if chance(dice, 0.92) else None
        member = guest or member
        lines = draw_discount_line(dice, draw_lines(dice))
        total = sum(line.amount for line in lines) or dice.randint(1, 9000)
        command: Answer = {"do": "sale", "sale_id": _id(dice), "member": member}
        command |= {"total": _money(total)}
        if lines and sum(line.amount for line in lines) > 0:
            command["lines"] = [_line_of(line) for line in lines]
        if member is None and chance(dice, 0.5):
            command["card"] = dice.choice(self._shop.template.payloads)
        if member is not None and chance(dice, 0.5):
            command["rewards"] = self._rewards(till, dice, member)
        if self._shop.vouchers and member is not None and chance(dice, 0.15):
            command["voucher"] = dice.choice(self._shop.vouchers)
        if not command.get("rewards") and "voucher" not in command:
            paid = draw_payments(dice, total)
            command["payments"] = [
                {"kind": each.kind, "amount": _money(each.amount)} for each in paid
            ]
        answer, said = self._shop.do(till, command)
        if answer["ok"]:
            owner = None if command.get("card") else member
            self._shop.sold.append(
                Sold(
                    till.name,
                    answer["sale_id"],
                    total,
                    len(command.get("lines", ())),
                    answer["receipt_code"],
                    owner,
                )
            )
        return said

    def _rewards(self, till: SimulatedTill, dice: random.Random, member: str) -> list[Answer]:
        shown = self._shop.ask(till, do="member", id=member)
        if not shown["ok"]:
            return []
        rewards = shown["member"]["rewards"]
        usable = [reward for reward in rewards if reward["available"] or chance(dice, 0.1)]
        chosen: list[Answer] = []
        for reward in dice.sample(usable, min(len(usable), dice.choice((1, 1, 2)))):
            choice: Answer = {"id": reward["id"]}
            if reward["kind"] == "points_for_money":
                choice["points"] = reward["cost_points"] * dice.choice((1, 1, 2, 5))
            if reward.get("choices"):
                choice["item"] = dice.choice(reward["choices"])
            chosen.append(choice)
        return chosen

    def _some_sale(self, dice: random.Random) -> Sold | None:
        if not self._shop.sold:
            return None
        return dice.choice(self._shop.sold[-6:] if chance(dice, 0.7) else self._shop.sold)

    def _refund(self, dice: random.Random, sold: Sold | None = None) -> str:
        sold = sold or self._some_sale(dice)
        if sold is None:
            return "nothing sold"
        command: Answer = {"do": "refund", "refund_id": _id(dice), "sale_id": sold.sale}
        if sold.receipt and chance(dice, 0.2):
            del command["sale_id"]
            command["receipt"] = sold.receipt
        elif chance(dice, 0.2) and sold.member:
            command["member"] = sold.member
        if chance(dice, 0.4):
            most = sold.total + (50 if chance(dice, 0.1) else 0)
            command["amount"] = _money(dice.randint(1, max(1, most)))
        elif sold.lines and chance(dice, 0.6):
            count = dice.randint(1, min(2, sold.lines))
            command["lines"] = [
                {"line": line, "quantity": dice.choice((0, 1))}
                | ({"amount": _money(dice.randint(1, 400))} if chance(dice, 0.5) else {})
                for line in dice.sample(range(sold.lines), count)
            ]
        till = next(till for till in self._shop.tills if till.name == sold.till)
        return self._shop.do(till if chance(dice, 0.75) else self._shop.one(dice), command)[1]

    def _undo(self, dice: random.Random, sold: Sold | None = None) -> str:
        sold = sold or self._some_sale(dice)
        command: Answer = {"do": "undo"}
        till = self._shop.one(dice)
        if sold is not None and chance(dice, 0.6):
            command["sale_id"] = sold.sale
            till = next(till for till in self._shop.tills if till.name == sold.till)
        return self._shop.tell(till, command, self._shop.ask(till, **command))

    def _move(self, dice: random.Random, sold: Sold | None = None) -> str:
        sold = sold or self._some_sale(dice)
        if sold is None:
            return "nothing sold"
        command: Answer = {"do": "move", "move_id": _id(dice), "sale_id": sold.sale}
        command |= {"member": self._shop.member(dice), "approved_by": "Mo", "cashier": "Al"}
        till = next(till for till in self._shop.tills if till.name == sold.till)
        return self._shop.do(till if chance(dice, 0.85) else self._shop.one(dice), command)[1]

    def _enroll(self, dice: random.Random, at: SimulatedTill | None = None) -> str:
        till = at or self._shop.one(dice)
        command: Answer = {"do": "enroll", "name": f"Sample {dice.randrange(1000)}"}
        command["phone"] = f"+4930{dice.randrange(10**7):07}" if chance(dice, 0.5) else ""
        command["birthday"] = dice.choice(("", "02-29", "01-20", "03-31", "06-15", "11-02"))
        command["card"] = dice.choice(self._shop.template.payloads) if chance(dice, 0.4) else None
        if self._shop.members and chance(dice, 0.6):
            command["invited_by"] = dice.choice(self._shop.members)
        answer = self._shop.ask(till, **command)
        if answer["ok"]:
            self._shop.members.append(answer["member"]["id"])
            self._guests += [answer["member"]["id"]] if "invited_by" in command else []
        return self._shop.tell(till, command, answer)

    def _activity(self, dice: random.Random) -> str:
        till = self._shop.one(dice)
        activities = till.till.program().activities
        if not activities:
            return "none"
        rule = dice.choice(activities)
        command: Answer = {"do": "activity", "activity_id": _id(dice), "activity": rule.id}
        command |= {"member": self._shop.member(dice), "cashier": "Al", "approved_by": "Mo"}
        return self._shop.do(till, command)[1]

    def _adjust(self, dice: random.Random) -> str:
        command: Answer = {
            "do": "adjust",
            "adjustment_id": _id(dice),
            "member": self._shop.member(dice),
        }
        command |= {"points": dice.randint(-40, 40), "reason": "Test", "approved_by": "Mo"}
        return self._shop.do(self._shop.one(dice), command)[1]

    def _tier(self, dice: random.Random) -> str:
        till = self._shop.one(dice)
        tier = dice.choice(till.till.program().tiers)
        command: Answer = {"do": "tier", "grant_id": _id(dice), "member": self._shop.member(dice)}
        command["tier"] = tier.id
        if tier.paid is not None and chance(dice, 0.7):
            command["bought"] = True
        else:
            day = dt.datetime.fromtimestamp(self._shop.time.ms / 1000, dt.UTC).date()
            until = day + dt.timedelta(days=dice.randint(1, 100))
            command |= {"until": str(until), "reason": "Test", "approved_by": "Mo"}
        return self._shop.do(till, command)[1]

    def _again(self, dice: random.Random) -> str:
        """Ask a second time with the same id: it is the same change, and writes nothing."""
        if not self._shop.asked:
            return "nothing asked"
        till, command, answer = dice.choice(self._shop.asked[-8:])
        before = till.position().last_seq
        again = self._shop.ask(till, **command)
        if again.get("code") == "died":
            return "died"
        if till.position().last_seq != before or not again["ok"] or not again["already"]:
            raise OffError(f"again: {command} was {answer}, is {again}")
        return self._shop.tell(till, command, again)

    def _why(self, dice: random.Random) -> str:
        till, sold = self._shop.one(dice), self._some_sale(dice)
        if sold is None or chance(dice, 0.3):
            answer = self._shop.ask(till, do="why", member=self._shop.member(dice))
        else:
            answer = self._shop.ask(till, do="why", sale_id=sold.sale)
        return f"{till.name} {answer['ok']}"


def _id(dice: random.Random) -> str:
    return f"{dice.getrandbits(128):032x}"


def _money(cents: int) -> str:
    sign = "-" if cents < 0 else ""
    return f"{sign}{abs(cents) // 100}.{abs(cents) % 100:02}"


def _line_of(line: SaleLine) -> Answer:
    return {
        "sku": line.sku,
        "category": line.category,
        "quantity": line.quantity,
        "amount": _money(line.amount),
        "tax": _money(line.tax),
    }
