"""Drill of the program's rules: random programs, cashiers, time and troubles; books must be right.

    python tools/rules_drill.py --runs 100 [--seed S] [--steps N] [--friends] [--shrink]

Each seed draws a program, then lets three tills and a server live through months: sales with
lines, rewards and vouchers, refunds of every kind, moves (`rules_cashier.py`); merges, rules that
change, lines that are down, wrong clocks, killed processes (`rules_shop.py`). Clocks, line and
chance are the simulator's, everything else is the product; commands go in as lines of `counter`.
At the end all come to rest and the books are judged (`rules_judge.py`). One line for each seed
that is off, then one JSON object; exit code 1 if any was. ``--shrink`` looks for the fewest steps
that show it, and prints them. With ``--friends`` every program pays for invitations, and guests
bring much of what they buy back.
"""

import argparse
import json
import logging
import random
import shutil
import sys
import traceback
from collections import Counter
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
# Programs and sales are drawn by the tests of the rules.
sys.path.insert(0, str(ROOT))

from rules_cashier import Cashier  # noqa: E402 - the path above comes first
from rules_judge import judge  # noqa: E402 - the path above comes first
from rules_shop import OffError, Shop  # noqa: E402 - the path above comes first

from pos_loyalty.server.database import version_marks  # noqa: E402 - the path above comes first
from pos_loyalty.simulator.campaign import simulator_folder  # noqa: E402 - the path comes first
from pos_loyalty.simulator.failpoints import Killed  # noqa: E402 - the path above comes first
from pos_loyalty.simulator.patching import Patch, patched  # noqa: E402 - the path comes first
from pos_loyalty.simulator.server_side import INLINE_THREADS  # noqa: E402 - the path comes first
from pos_loyalty.simulator.template import Template, make_template  # noqa: E402 - the path first
from pos_loyalty.simulator.till_side import FUSED_WRITER  # noqa: E402 - the path above comes first

EXIT_OFF = 1
_TRIES_MAX = 150
_SAME = 14
"""So many letters of what is off say that two seeds are off in the same way."""


@dataclass(frozen=True)
class Result:
    """What was off (empty: nothing), what happened how often, and the steps for a person."""

    off: str
    counts: Counter[str]
    lines: Sequence[str]


@dataclass(frozen=True)
class Drill:
    """Runs seeds in one folder."""

    folder: Path
    template: Template
    steps: int
    friends: bool = False

    def run(self, seed: int, taken: Collection[int]) -> Result:
        """Run some of the steps of a seed."""
        target = self.folder / f"seed-{seed}"
        target.mkdir()
        off = ""
        with patched((INLINE_THREADS, FUSED_WRITER, _marks(str(seed)))):
            dice = random.Random(f"rules/{seed}")
            shop = Shop(target, self.template, dice, friends=self.friends)
            try:
                Cashier(shop).begin()
                for number in taken:
                    shop.step(random.Random(f"rules/{seed}/{number}"))
                shop.settle()
                judge(shop)
            except OffError as error:
                off = str(error)
            except (Exception, Killed) as error:  # noqa: BLE001 - whatever escapes is a finding
                off = f"crash {type(error).__name__}: {error}"
                shop.lines += traceback.format_exception(error)
            finally:
                shop.close()
                shutil.rmtree(target, ignore_errors=True)
        return Result(off, shop.counts, shop.lines)

    def shrink(self, seed: int, off: str) -> Result:
        """Find fewer steps that are off in the same way."""
        kept = list(range(self.steps))
        size, tries = max(1, len(kept) // 2), 0
        while tries < _TRIES_MAX:
            tries += max(1, len(kept) // size)
            smaller = self._without_a_part(seed, off, kept, size)
            if smaller is None and size == 1:
                break
            kept, size = smaller or kept, size if smaller else max(1, size // 2)
        return self.run(seed, kept)

    def _without_a_part(
        self, seed: int, off: str, kept: Sequence[int], size: int
    ) -> list[int] | None:
        for start in reversed(range(0, len(kept), size)):
            rest = [*kept[:start], *kept[start + size :]]
            if self.run(seed, rest).off[:_SAME] == off[:_SAME]:
                return rest
        return None


def main(words: Sequence[str] | None = None) -> int:
    """Run the drill."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--runs", type=int, default=20)
    parser.add_argument("--seed", type=int, default=1, help="of the first run; each has the next")
    parser.add_argument("--steps", type=int, default=150, help="that happen in each run")
    parser.add_argument("--friends", action="store_true", help="invitations above all")
    parser.add_argument("--shrink", action="store_true", help="find the fewest steps")
    arguments = parser.parse_args(words)
    logging.disable(logging.CRITICAL)
    counts: Counter[str] = Counter()
    bad: list[int] = []
    with simulator_folder() as folder:
        home = folder / "template"
        home.mkdir()
        with patched((_marks("template"),)):
            template = make_template(home, has_hub=False)
        drill = Drill(folder, template, arguments.steps, arguments.friends)
        for seed in range(arguments.seed, arguments.seed + arguments.runs):
            result = drill.run(seed, range(arguments.steps))
            counts.update(result.counts)
            if not result.off:
                continue
            bad.append(seed)
            print(f"seed {seed}: {result.off}", flush=True)
            if arguments.shrink:
                fewest = drill.shrink(seed, result.off)
                print("\n".join((*fewest.lines, fewest.off)), flush=True)
    print(json.dumps({"runs": arguments.runs, "off": bad, "counts": dict(sorted(counts.items()))}))
    return EXIT_OFF if bad else 0


def _marks(seed: str) -> Patch:
    """Draw the marks of the books' versions from a seed, too."""
    dice = random.Random(f"marks/{seed}")
    return Patch(version_marks, "new_mark", lambda: f"{dice.getrandbits(64):016x}")


if __name__ == "__main__":
    sys.exit(main())
