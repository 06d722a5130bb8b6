"""`simulate`: run seeds of the fault simulator; print how to replay each that breaks a promise."""

import argparse
import json
import logging
import multiprocessing
import os
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from pathlib import Path
from time import monotonic

from pos_loyalty.simulator.campaign import Campaign, SeedResult, simulator_folder
from pos_loyalty.simulator.plants import PLANTS
from pos_loyalty.simulator.profiles import PROFILES

_SEEDS_DEFAULT = 100
_REPEATED_EVERY = 50
"""So often a seed is run twice: another trace means that something is not drawn from the seed."""
_ALL = "all"
_SEEDS_AT_ONCE = 100
"""So many go to the processes at a time, so that the end of the time is not far off."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare what the sub-command takes."""
    parser.add_argument("--seeds", type=int, default=_SEEDS_DEFAULT, help="how many to run")
    parser.add_argument("--start", type=int, default=0, help="the first seed")
    parser.add_argument(
        "--profile",
        choices=[_ALL, *PROFILES],
        default=_ALL,
        help="the kind of trouble; all of them take turns",
    )
    parser.add_argument("--plant", choices=sorted(PLANTS), help="plant a bug, to see it found")
    parser.add_argument("--keep", metavar="STEPS", help="take only these steps, such as 3,7-12")
    parser.add_argument("--trace", action="store_true", help="print what happened in each step")
    parser.add_argument("--shrink", action="store_true", help="find the fewest steps that fail")
    parser.add_argument("--json", action="store_true", help="one JSON object a line")
    parser.add_argument("--jobs", type=int, default=1, metavar="N", help="processes side by side")
    parser.add_argument(
        "--minutes",
        type=float,
        default=0.0,
        metavar="M",
        help="begin no further seed after so many minutes; 0 sets no end",
    )
    parser.add_argument(
        "--twice", action="store_true", help="run every seed twice: both must leave the same trace"
    )


def run(arguments: argparse.Namespace) -> int:
    """Run the seeds; 1 as soon as one of them breaks a promise.

    The last line is always one JSON object with the counts.
    """
    _quiet()
    began = monotonic()
    violations: list[int] = []
    seeds = repeated = steps = rounds_max = 0
    with simulator_folder() as folder:
        campaign = Campaign(folder, arguments.plant or "")
        for result in _results(folder, arguments):
            seeds += 1
            repeated += _is_repeated(result.seed, arguments)
            steps += result.steps
            rounds_max = max(rounds_max, result.rounds)
            if result.violation:
                violations.append(result.seed)
                _report(campaign, result, arguments)
            elif arguments.trace:
                print("\n".join(result.trace))
    seconds = monotonic() - began
    counts = {
        "seeds": seeds,
        "violations": len(violations),
        "first_bad": violations[:5],
        "repeated": repeated,
        "steps": steps,
        "rounds_max": rounds_max,
        "seconds": round(seconds, 1),
        "seeds_per_second": round(seeds / max(seconds, 0.001), 1),
    }
    print(json.dumps(counts))
    return 1 if violations else 0


def _quiet() -> None:
    """Log nothing of what the server sets aside; here that is what is asked for."""
    logging.getLogger("pos_loyalty.server").setLevel(logging.CRITICAL)


def _results(folder: Path, arguments: argparse.Namespace) -> Iterator[SeedResult]:
    """Yield what came of each seed, in order, until the seeds or the time are up."""
    end = monotonic() + arguments.minutes * 60 if arguments.minutes else float("inf")
    seeds = range(arguments.start, arguments.start + arguments.seeds)
    run_one = partial(_run_in_process, folder, arguments)
    if arguments.jobs <= 1:
        for seed in seeds:
            if monotonic() > end:
                return
            yield run_one(seed)
        return
    # A fresh interpreter for each process: nothing of this one's threads is copied.
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(arguments.jobs, context, initializer=_quiet) as pool:
        for start in range(0, len(seeds), _SEEDS_AT_ONCE):
            if monotonic() > end:
                return
            yield from pool.map(run_one, seeds[start : start + _SEEDS_AT_ONCE])


def _run_in_process(folder: Path, arguments: argparse.Namespace, seed: int) -> SeedResult:
    """Run a seed in a folder of this process."""
    own = folder / f"process-{os.getpid()}"
    own.mkdir(exist_ok=True)
    return _run_one(Campaign(own, arguments.plant or ""), seed, arguments)


def _is_repeated(seed: int, arguments: argparse.Namespace) -> bool:
    return arguments.keep is None and (arguments.twice or seed % _REPEATED_EVERY == 0)


def _profile_of(seed: int, arguments: argparse.Namespace) -> str:
    if arguments.profile != _ALL:
        return str(arguments.profile)
    if arguments.plant:
        return PLANTS[arguments.plant].profile
    return list(PROFILES)[seed % len(PROFILES)]


def _run_one(campaign: Campaign, seed: int, arguments: argparse.Namespace) -> SeedResult:
    kept = None if arguments.keep is None else steps_of(arguments.keep)
    result = campaign.run(seed, _profile_of(seed, arguments), kept=kept)
    if _is_repeated(seed, arguments) and not campaign.is_repeatable(result):
        return result.broken("the same seed did not do the same again")
    return result


def _report(campaign: Campaign, result: SeedResult, arguments: argparse.Namespace) -> None:
    """Say what broke, and the command that shows it again."""
    keep = arguments.keep or ""
    if arguments.shrink and not keep:
        keep = text_of_steps(campaign.shrink(result))
    words = ["pos-loyalty", "simulate", "--seeds 1", f"--start {result.seed}"]
    words.append(f"--profile {result.profile}")
    words += [f"--plant {arguments.plant}"] if arguments.plant else []
    words += [f"--keep {keep}"] if keep else []
    replay = " ".join([*words, "--trace"])
    if arguments.json:
        finding = {
            "seed": result.seed,
            "profile": result.profile,
            "violation": result.violation,
            "trace_hash": result.trace_hash,
            "replay": replay,
        }
        print(json.dumps(finding))
        return
    if arguments.trace:
        print("\n".join(result.trace))
    print(f"seed {result.seed} ({result.profile}): {result.violation}\n  replay: {replay}")


def steps_of(text: str) -> Sequence[int]:
    """Read steps such as ``3,7-12``."""
    steps: list[int] = []
    for part in text.split(","):
        first, _, last = part.partition("-")
        steps += range(int(first), int(last or first) + 1)
    return steps


def text_of_steps(steps: Sequence[int]) -> str:
    """Write steps as they are read."""
    runs: list[list[int]] = []
    for step in steps:
        if runs and runs[-1][1] == step - 1:
            runs[-1][1] = step
        else:
            runs.append([step, step])
    return ",".join(f"{first}" if first == last else f"{first}-{last}" for first, last in runs)
