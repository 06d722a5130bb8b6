"""Drill: tills and a server as processes under real network trouble; all must come to rest.

    python tools/line_drill.py --runs 100 [--seed S] [--json] [--kind KIND …] [--plant BUG]

Each run has network namespaces of its own. Two or three tills sell, redeem and undo
while one to three troubles of `line_troubles.py` are drawn for tills or server. When
the last trouble is over, selling ends, and within three sync intervals (`line_watch.py`)
every sale must be on the server once and every balance the same everywhere. The judge
is `check_books.py`. One line for each run; the last line is one JSON object. The exit
code is 1 if anything was off, 2 where the drill cannot be run.
"""

import argparse
import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path
from time import monotonic
from typing import Any

from line_troubles import Kind
from line_watch import INTERVAL_SECONDS, INTERVALS_MAX

EXIT_OFF = 1
EXIT_CANNOT = 2
_RUN_SECONDS = 300.0

Result = dict[str, Any]


class CannotDrillError(Exception):
    """This machine does not let us; the text says what is missing."""


def main(words: Sequence[str] | None = None) -> int:
    """Run the drill."""
    arguments = _parser().parse_args(words)
    folder = Path(tempfile.mkdtemp(prefix="line-drill-"))
    try:
        _ensure_possible()
        began = monotonic()
        arguments.template = arguments.template or folder / "template"
        if not arguments.template.exists():
            _in_namespaces("--prepare", str(arguments.template))
        results = _runs(arguments, folder)
    except CannotDrillError as error:
        print(f"line drill: {error}", file=sys.stderr)
        return EXIT_CANNOT
    finally:
        if not arguments.keep:
            shutil.rmtree(folder, ignore_errors=True)
    limit = {"limit_seconds": arguments.intervals * INTERVAL_SECONDS}
    summary = _summary(results) | limit | {"seconds": round(monotonic() - began)}
    print(json.dumps(summary), flush=True)
    return EXIT_OFF if summary["off"] else 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--runs", type=int, default=10)
    parser.add_argument("--seed", type=int, default=1, help="of the first run; each has the next")
    parser.add_argument("--parallel", type=int, default=2, help="runs at a time")
    parser.add_argument("--json", action="store_true", help="one JSON object for each run, too")
    parser.add_argument("--kind", type=Kind, action="append", default=[], help="only these")
    parser.add_argument("--seconds", type=float, default=0.0, help="of trouble, in every run")
    parser.add_argument("--turns", action="store_true", help="one kind for each run, in turn")
    parser.add_argument("--template", type=Path, help="the prepared shop; made here if absent")
    parser.add_argument("--short", action="store_true", help="no trouble of a minute among them")
    parser.add_argument(
        "--intervals", type=float, default=INTERVALS_MAX, help="sync intervals until rest, at most"
    )
    parser.add_argument("--plant", default="", help="a bug of line_plants.py: must be found")
    parser.add_argument("--keep", action="store_true", help="keep the folders of all runs")
    return parser


def _ensure_possible() -> None:
    """Find out before anything else whether namespaces can be had.

    Raises:
        CannotDrillError: they cannot.
    """
    # A user's path leaves out where the tools of the network lie.
    os.environ["PATH"] = f"{os.environ.get('PATH', '')}:/usr/sbin:/sbin"
    for program in ("ip", "nft", "unshare"):
        if shutil.which(program) is None:
            raise CannotDrillError(f"{program} is missing; `./pos test` installs what is needed")
    _in_namespaces(try_only=True)


def _in_namespaces(*words: str, try_only: bool = False) -> str:
    """Run one step in namespaces that end with it, whatever happens to it."""
    unshare = ["unshare", "--net", "--mount", "--pid", "--fork", "--kill-child", "--mount-proc"]
    if os.geteuid():
        unshare += ["--user", "--map-root-user"]
    step = str(Path(__file__).resolve().parent / "line_run.py")
    command = [*unshare, *(("true",) if try_only else (sys.executable, step, *words))]
    done = subprocess.run(
        command, capture_output=True, text=True, check=False, timeout=_RUN_SECONDS
    )
    if done.returncode:
        what = "no namespaces on this machine (be root, or allow them)" if try_only else "a step"
        raise CannotDrillError(f"{what}: {done.stderr.strip() or done.returncode}")
    return done.stdout


def _runs(arguments: argparse.Namespace, folder: Path) -> list[Result]:
    seeds = range(arguments.seed, arguments.seed + arguments.runs)
    results: list[Result] = []
    with ThreadPoolExecutor(arguments.parallel) as pool:
        for result in pool.map(partial(_one, arguments, folder), seeds):
            results.append(result)
            print(json.dumps(result) if arguments.json else _line(result), flush=True)
    return results


def _one(arguments: argparse.Namespace, folder: Path, seed: int) -> Result:
    own = folder / f"run-{seed}"
    words = ["--template", str(arguments.template), "--folder", str(own), "--seed", str(seed)]
    words += ["--plant", arguments.plant] if arguments.plant else []
    words += ["--short"] if arguments.short else []
    words += ["--seconds", str(arguments.seconds)]
    words += ["--intervals", str(arguments.intervals)]
    kinds: list[Kind] = arguments.kind
    if arguments.turns:
        every = arguments.kind or list(Kind)
        kinds = [every[(seed - arguments.seed) % len(every)]]
    for kind in kinds:
        words += ["--kind", kind]
    result: Result = json.loads(_in_namespaces(*words))
    if not arguments.keep:
        shutil.rmtree(own, ignore_errors=True)
    return result | {"kinds": kinds, "off": bool(result["stuck"] or result["finding"])}


def _line(result: Result) -> str:
    rest = result["rest_seconds"]
    return (
        f"seed {result['seed']:>5}  {'OFF' if result['off'] else 'ok '}"
        f"  {result['tills']} tills, {result['sales']:>3} sales"
        f"  rest after {'—' if rest is None else rest} s"
        f"  [{result['trouble_seconds']} s of {', '.join(result['troubles'])}]"
        f"{'  ' + (result['stuck'] or result['finding']) if result['off'] else ''}"
    )


def _summary(results: Sequence[Result]) -> Result:
    rests = sorted(
        result["rest_seconds"] for result in results if result["rest_seconds"] is not None
    )
    sums = ("sales", "sales_in_trouble", "redeemed", "refused", "lost", "doubled", "off")
    return {
        "runs": len(results),
        **{name: sum(result[name] for result in results) for name in sums},
        "stuck": sum(bool(result["stuck"]) for result in results),
        "balances_unequal": sum(not result["balances_equal"] for result in results),
        "sale_ms_p50_max": max((result["sale_ms_p50"] for result in results), default=0),
        "interval_seconds": INTERVAL_SECONDS,
        "rest_seconds_p50": _part(rests, 0.5),
        "rest_seconds_p95": _part(rests, 0.95),
        "rest_seconds_max": _part(rests, 1.0),
        "troubles": _how_often(trouble for result in results for trouble in result["troubles"]),
    }


def _part(ordered: Sequence[float], share: float) -> float | None:
    return ordered[min(len(ordered) - 1, int(len(ordered) * share))] if ordered else None


def _how_often(troubles: Iterable[str]) -> dict[str, int]:
    kinds = [trouble.partition(":")[0] for trouble in troubles]
    return {kind: kinds.count(kind) for kind in sorted(set(kinds))}


if __name__ == "__main__":
    sys.exit(main())
