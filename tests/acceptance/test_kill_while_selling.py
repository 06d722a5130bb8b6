"""A till killed at any moment while selling: what it said is saved is there, and nothing twice.

`POS_KILLS=200 ./pos test tests/acceptance/test_kill_while_selling.py` is the long run.
"""

import json
import os
import random
import secrets
import time
from pathlib import Path
from typing import Any

from tests.acceptance.joined_shop import JoinedShop
from tests.acceptance.processes import Counter
from tests.acceptance.small_shop import check_books

KILLS = int(os.environ.get("POS_KILLS", "15"))
_SECONDS_MAX = 0.15
_IN_FLIGHT = 3


class _Selling:
    """Sells through counters that are killed; asks again, under the same id, what got no answer."""

    def __init__(self, data: Path, config: Path, dice: random.Random) -> None:
        self._data = data
        self._config = config
        self._dice = dice
        self._member = ""
        self._open: list[dict[str, Any]] = []
        """Sales asked for whose answer never came."""
        self.answers: list[dict[str, Any]] = []

    def enroll(self) -> None:
        """Make the member to whom everything is sold."""
        with Counter(self._data, self._config) as counter:
            member = counter.must(do="enroll", card=None, phone="", name="Ada Sample")["member"]
        self._member = member["id"]
        self._note(answer="enroll", member=self._member, balance=member["balance_points"])

    def sell_until_killed(self) -> None:
        """Start a counter, keep it selling, and kill it at a random moment."""
        with Counter(self._data, self._config) as counter:
            for command in list(self._open):
                self._take(counter.ask(**command), command)
            end = time.monotonic() + self._dice.random() * _SECONDS_MAX
            while time.monotonic() < end:
                self._sell(counter)
            # Some are still on their way in: the process dies in the middle of them.
            for _ in range(self._dice.randrange(_IN_FLIGHT)):
                self._tell(counter)
            counter.kill()
            while self._open:
                answer = counter.hear()
                if answer is None:
                    break
                self._take(answer, self._open[0])

    def finish(self) -> None:
        """Ask once more for what is open; read the balance as the till shows it in the end."""
        with Counter(self._data, self._config) as counter:
            for command in list(self._open):
                self._take(counter.ask(**command), command)
            member = counter.must(do="member", id=self._member)["member"]
        self._note(answer="member", member=self._member, balance=member["balance_points"])

    def _sell(self, counter: Counter) -> None:
        command = self._tell(counter)
        answer = counter.hear()
        assert answer is not None
        self._take(answer, command)

    def _tell(self, counter: Counter) -> dict[str, Any]:
        command: dict[str, Any] = {
            "do": "sale",
            "member": self._member if self._dice.random() < 0.8 else None,
            "total": f"{self._dice.randrange(100, 5000) / 100:.2f}",
            "sale_id": _new_id(),
        }
        self._open.append(command)
        assert counter.tell(**command)
        return command

    def _take(self, answer: dict[str, Any], command: dict[str, Any]) -> None:
        assert answer["ok"], (command, answer)
        assert answer["sale_id"] == command["sale_id"]
        self._open.remove(command)
        shown = {"balance": answer["balance_points"]} if command["member"] else {}
        self._note(
            answer="sale",
            sale_id=answer["sale_id"],
            total=round(float(command["total"]) * 100),
            earned=answer["earned_points"],
            member=command["member"],
            **shown,
        )

    def _note(self, **fields: object) -> None:
        self.answers.append({"till": self._data.name, **fields})


def _new_id() -> str:
    """Return a UUIDv7 as a till of another maker would make it."""
    value = secrets.randbits(128) & ~(0xF << 76) & ~(0x3 << 62)
    return f"{value | 0x7 << 76 | 0x2 << 62:032x}"


def _sell_and_kill(selling: _Selling) -> None:
    selling.enroll()
    for _ in range(KILLS):
        selling.sell_until_killed()


def test_every_acknowledged_sale_survives_kills_and_none_is_there_twice(tmp_path: Path) -> None:
    data, config = tmp_path / "till", tmp_path / "config"
    selling = _Selling(data, config, random.Random(4))

    _sell_and_kill(selling)
    selling.finish()

    answers = tmp_path / "answers.jsonl"
    answers.write_text("".join(json.dumps(answer) + "\n" for answer in selling.answers))
    keys = config / "pos-loyalty" / "keys"
    code, report = check_books("--till", data, "--keys", keys, "--answers", answers, "--exact")
    assert (code, report["finding"]) == (0, None)
    assert (report["lost"], report["doubled"]) == (0, 0)
    assert report["sales"] >= KILLS


def test_a_till_killed_while_it_sells_and_syncs_agrees_with_the_server(tmp_path: Path) -> None:
    shop = JoinedShop(tmp_path)
    shop.set_up()
    with shop.serve() as server:
        shop.join("till", server.url)
        selling = _Selling(tmp_path / "till", shop.config, random.Random(5))

        _sell_and_kill(selling)
        with shop.counter("till") as counter:
            counter.must(do="sync")
        selling.finish()
        with shop.counter("till") as counter:
            counter.must(do="sync")

    shop.answers += selling.answers
    code, report = shop.check()
    assert (code, report["finding"]) == (0, None)
    assert (report["lost"], report["doubled"]) == (0, 0)
    assert report["sales"] >= KILLS
