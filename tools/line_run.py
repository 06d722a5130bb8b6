"""One run of the line drill, within a network namespace of its own; started by line_drill.py.

    python tools/line_run.py --prepare FOLDER
    python tools/line_run.py --template FOLDER --folder FOLDER --seed S [--kind KIND …]

Prints one JSON object.
"""

import argparse
import json
import random
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

from line_cashier import Cashier
from line_shop import TILLS, LineShop, copy_of, prepare
from line_troubles import Hand, Kind, Trouble, draw
from line_watch import INTERVALS_MAX, rest_after

_SECONDS = (4.0, 7.0)
_SECONDS_MORE = (0.0, 0.0, 1.0, 2.5)
"""Selling ends with the troubles, or a little later."""
_LONG_SECONDS = 45.0
_LONG_ODDS = 0.1
"""Some troubles last so long that the pauses between tries have grown."""
_CHECK_SECONDS = 60.0

Result = dict[str, Any]


def main() -> int:
    """Prepare the shop, or make one run."""
    arguments = _parser().parse_args()
    if arguments.prepare:
        prepare(arguments.prepare)
        return 0
    print(json.dumps(_run(arguments)))
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--prepare", type=Path)
    parser.add_argument("--template", type=Path)
    parser.add_argument("--folder", type=Path)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--kind", type=Kind, action="append", default=[])
    parser.add_argument("--seconds", type=float, default=0.0)
    parser.add_argument("--short", action="store_true")
    parser.add_argument("--intervals", type=float, default=INTERVALS_MAX)
    parser.add_argument("--plant", default="")
    return parser


def _run(arguments: argparse.Namespace) -> Result:
    dice = random.Random(arguments.seed)
    shop = copy_of(arguments.template, arguments.folder, dice.randint(2, 3), arguments.plant)
    shop.wire.build()
    is_long = dice.random() < _LONG_ODDS and not arguments.short
    seconds = _LONG_SECONDS if is_long else dice.uniform(*_SECONDS)
    seconds = arguments.seconds or seconds
    troubles = draw(dice, shop.tills, arguments.kind or list(Kind), seconds)
    for trouble in troubles:
        if trouble.kind is Kind.CLOCK:
            shop.processes[trouble.place].use_made_up_clock()
    shop.serve()
    cashiers, mended = _sell_through(shop, troubles, dice)
    rest_seconds, seen = rest_after(shop, mended, arguments.intervals)
    _show_all(shop)
    # Looking at a member may let points follow the member to that till.
    again = None
    if rest_seconds is not None:
        again, seen = rest_after(shop, time.monotonic(), arguments.intervals)
    shop.end()
    return {
        "seed": arguments.seed,
        "tills": len(shop.tills),
        "troubles": [str(trouble) for trouble in troubles],
        "trouble_seconds": round(seconds, 1),
        "rest_seconds": None if rest_seconds is None else round(rest_seconds, 1),
        "stuck": "" if again is not None else str(seen),
        **{name: sum(vars(cashier)[name] for cashier in cashiers) for name in _COUNTED},
        "sale_ms_p50": _middle([took for cashier in cashiers for took in cashier.sale_ms]),
        **_judged(shop, cashiers),
    }


_COUNTED = ("sales", "sales_in_trouble", "redeemed", "refused")


def _middle(values: list[int]) -> int:
    return sorted(values)[len(values) // 2] if values else 0


def _sell_through(
    shop: LineShop, troubles: list[Trouble], dice: random.Random
) -> tuple[list[Cashier], float]:
    """Sell on all tills until all troubles are over; tell when the last one was mended."""
    members = sorted({answer["member"] for answer in shop.answers})
    cashiers = {till: Cashier(shop, till, members, dice.randrange(2**32)) for till in shop.tills}
    for cashier in cashiers.values():
        cashier.start()
    for cashier in cashiers.values():
        cashier.has_begun.wait(_CHECK_SECONDS)
    hand = Hand(shop, cashiers)
    steps = [(at, number, trouble) for trouble in troubles for at, number in trouble.moments]
    began = time.monotonic()
    for at, number, trouble in sorted(steps, key=lambda step: step[0]):
        time.sleep(max(0.0, began + at - time.monotonic()))
        hand.do(trouble, number)
        for cashier in cashiers.values():
            cashier.is_in_trouble.set()
    mended = time.monotonic()
    time.sleep(dice.choice(_SECONDS_MORE))
    for cashier in cashiers.values():
        cashier.stop_selling()
    for cashier in cashiers.values():
        cashier.join()
    return list(cashiers.values()), mended


def _show_all(shop: LineShop) -> None:
    """Let every till show every member: what it shows last is compared with the books."""
    members = sorted({answer["member"] for answer in shop.answers if answer.get("member")})
    for till in shop.tills:
        for member in members:
            answer = shop.processes[till].ask(do="member", id=member)
            if answer is not None and answer["ok"]:
                shop.note("member", till, member=member, balance=answer["member"]["balance_points"])


def _judged(shop: LineShop, cashiers: list[Cashier]) -> Result:
    """Let the checker, which shares no code with the program, judge all books."""
    checker = Path(__file__).resolve().parent / "check_books.py"
    words = ["--server", str(shop.books), "--keys", str(shop.keys), "--exact"]
    words += ["--answers", str(shop.write_answers())]
    # A till that took no part in the run told of sales before it; it has nothing to say now.
    for till in TILLS:
        words += ["--till", str(shop.folder / till)] if till in shop.tills else []
    done = subprocess.run(
        [sys.executable, str(checker), *words],
        capture_output=True,
        text=True,
        check=False,
        timeout=_CHECK_SECONDS,
    )
    report: Result = json.loads(done.stdout)
    faults = [cashier.fault for cashier in cashiers if cashier.fault]
    return {
        "lost": report.get("lost", 0),
        "doubled": report.get("doubled", 0),
        "balances_equal": report.get("balances_equal", False),
        "finding": faults[0] if faults else report["finding"],
    }


if __name__ == "__main__":
    sys.exit(main())
