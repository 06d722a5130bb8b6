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
    "ingest": "events a second over HTTP, and their CPU on both sides",
    "window": "the first window: time to paint and memory",
}
_MODULES: Final = {"bytes": "upstream_bytes", "window": "first_window"}


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare what the sub-command takes."""
    parser.formatter_class = argparse.RawDescriptionHelpFormatter
    parser.epilog = "\n".join(f"  {name:8} {what}" for name, what in GROUPS.items())
    # No `choices`: with nargs="*" argparse would refuse the empty list.
    parser.add_argument("names", nargs="*", type=_group, metavar="NAME", help="see below; all")
    parser.add_argument("--json", action="store_true", help="one JSON object a line")
    parser.add_argument("--quick", action="store_true", help="small numbers: does it run at all?")


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
        results = in_own_process(measure_group, name, quick=arguments.quick)
        for result in results:
            print(json.dumps(result.as_json()) if arguments.json else result.text, flush=True)
            is_good = is_good and result.holds
    return EXIT_OK if is_good or arguments.quick else EXIT_FAILED


def measure_group(name: str, *, quick: bool) -> "list[Result]":
    """Measure one group of figures in this process."""
    module = importlib.import_module(f"pos_loyalty.bench.{_MODULES.get(name, name)}")
    progress = ProgressBar()
    try:
        return module.measure(quick=quick, progress=progress)
    finally:
        progress.close()
