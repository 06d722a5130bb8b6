"""Runs product and reference side by side over random programs and histories.

    python -m tests.reference.compare --seeds 1000 --start 0 [--json]

Prints the first difference of each seed, and on the last line the counts as JSON. The exit
code is 0 only if there is none.
"""

import argparse
import json
import sys
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

from tests.reference.history import Different, History
from tests.reference.history_server import ServerHistory
from tests.reference.history_till import TillHistory

KINDS = {"account": History, "till": TillHistory, "server": ServerHistory}
"""A member's account, a till that works alone, and tills in the server's order."""


def difference_of(kind: str, seed: int, counts: Counter[str]) -> dict[str, Any] | None:
    """Run one history of a seed; return where the two part, or None."""
    history = KINDS[kind](seed)
    try:
        history.run()
    except Different as found:
        what, expected, got = found.what, found.expected, found.got
    except Exception as error:  # noqa: BLE001 - whatever is raised is a finding, with its seed
        what, expected, got = "raised", None, error
    else:
        return None
    finally:
        counts.update(history.counts)
    return {
        "seed": seed,
        "kind": kind,
        "what": what,
        "expected": repr(expected),
        "got": repr(got),
        "said": history.said,
        "program": repr(history.program),
    }


def compare(
    seeds: Sequence[int], kinds: Sequence[str] = tuple(KINDS)
) -> tuple[list[Mapping[str, Any]], Counter[str]]:
    """Run seeds; return the differences, and what happened how often."""
    counts: Counter[str] = Counter()
    each = (difference_of(kind, seed, counts) for seed in seeds for kind in kinds)
    return [one for one in each if one is not None], counts


def main(argv: Sequence[str] | None = None) -> int:
    """Run from the command line."""
    parser = argparse.ArgumentParser(description="Compares the rules with their reference.")
    parser.add_argument("--seeds", type=int, default=200, help="how many histories")
    parser.add_argument("--start", type=int, default=0, help="the first seed")
    parser.add_argument("--kind", choices=KINDS, help="histories of one kind alone")
    parser.add_argument("--json", action="store_true", help="differences as JSON, one a line")
    parser.add_argument("--steps", action="store_true", help="with all steps up to it")
    arguments = parser.parse_args(argv)
    kinds = (arguments.kind,) if arguments.kind else tuple(KINDS)
    seeds = range(arguments.start, arguments.start + arguments.seeds)
    found, counts = compare(seeds, kinds)
    write = sys.stdout.write
    for one in found:
        if arguments.json:
            write(json.dumps(one) + "\n")
            continue
        write(f"seed {one['seed']}, {one['kind']}: {one['what']}\n  expected {one['expected']}\n")
        write(f"  got      {one['got']}\n")
        if arguments.steps:
            write("".join(f"    {line}\n" for line in (one["program"], *one["said"])))
    summary = {
        "histories": arguments.seeds,
        "differences": len(found),
        "first": [one["seed"] for one in found[:10]],
        "deeds": dict(sorted(counts.items())),
    }
    write(json.dumps(summary) + "\n")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
