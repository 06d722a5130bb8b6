"""`bench`: measure, as ratios against peers and limits of the same run."""

import argparse
import importlib
import json
import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING, Final

from pos_loyalty.cli.progress_bar import ProgressBar

if TYPE_CHECKING:
    from pos_loyalty.bench.figure import Result

EXIT_OK: Final = 0
EXIT_FAILED: Final = 1
GROUPS: Final = {
    "sale": "flushes, frames of the log and time of one sale",
    "lookup": "scan to member, and search as one types, among a million members",
    "bytes": "bytes of a sale on its way to the server",
    "ingest": "events a second over HTTP",
    "sync": "both sides' CPU beside a peer, storms, a week offline, an idle poll (minutes)",
    "program": "rules: earning, a member's tier, lots and refunds, trying a draft (minutes)",
    "publish": "a program that asks for more is published: CPU, memory, and what tills notice",
    "window": "the first window: time to paint and memory",
}
_MODULES: Final = {"bytes": "upstream_bytes", "publish": "publishing", "window": "first_window"}
SYNC_PARTS: Final = {
    "cpu": "CPU of 10,000 sales on both sides, beside PouchDB",
    "week": "a till comes back after a week",
    "poll": "what a till costs that has nothing to say",
    "sale": "a sale's time while a backlog goes up",
    "storm": "all tills come back at once; asked for by name: 1,000 of them",
    "redemptions": "redemptions in a year of visits with outages",
    "snapshot": "a million members onto a new till",
}
"""What `sync` measures; each part has a module of its own in :mod:`pos_loyalty.bench.sync`."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare what the sub-command takes."""
    parser.formatter_class = argparse.RawDescriptionHelpFormatter
    parser.epilog = "\n".join(f"  {name:8} {what}" for name, what in GROUPS.items())
    # No `choices`: with nargs="*" argparse would refuse the empty list.
    parser.add_argument("names", nargs="*", type=_group, metavar="NAME", help="see below; all")
    parser.add_argument("--json", action="store_true", help="one JSON object a line")
    parser.add_argument("--quick", action="store_true", help="small numbers: does it run at all?")
    only = parser.add_argument_group("only these parts of sync")
    for part, what in SYNC_PARTS.items():
        only.add_argument(
            f"--{part}", action="append_const", dest="parts", const=part, default=[], help=what
        )
    only.add_argument("--tills", type=int, default=0, metavar="N", help="tills of the storm")


def _group(name: str) -> str:
    if name not in GROUPS:
        raise argparse.ArgumentTypeError(f"{name}: one of {', '.join(GROUPS)}")
    return name


def run(arguments: argparse.Namespace) -> int:
    """Measure and print; 1 where a figure misses its limit, unless only tried quickly."""
    from pos_loyalty.bench.own_process import in_own_process

    names: Sequence[str] = arguments.names or tuple(GROUPS)
    is_good = True
    for name in names:
        print(f"bench: {name}: {GROUPS[name]}", file=sys.stderr, flush=True)
        # A process of its own for each: its peak of memory is nobody else's.
        of_sync: dict[str, object] = {}
        if name == "sync":
            of_sync = {"parts": tuple(arguments.parts), "tills": arguments.tills}
        results = in_own_process(measure_group, name, quick=arguments.quick, **of_sync)
        for result in results:
            print(json.dumps(result.as_json()) if arguments.json else result.text, flush=True)
            is_good = is_good and result.holds
    return EXIT_OK if is_good or arguments.quick else EXIT_FAILED


def measure_group(name: str, *, quick: bool, **of_sync: object) -> "list[Result]":
    """Measure one group of figures in this process."""
    module = importlib.import_module(f"pos_loyalty.bench.{_MODULES.get(name, name)}")
    progress = ProgressBar()
    try:
        return module.measure(quick=quick, progress=progress, **of_sync)
    finally:
        progress.close()
