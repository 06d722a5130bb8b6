"""`simulate`: run seeds of the fault simulator; print how to replay each that breaks a promise."""

import argparse
import json
import logging
from collections.abc import Sequence
from time import monotonic

from pos_loyalty.simulator.campaign import Campaign, SeedResult, simulator_folder
from pos_loyalty.simulator.plants import PLANTS
from pos_loyalty.simulator.profiles import PROFILES

_SEEDS_DEFAULT = 100
_REPEATED_EVERY = 50
"""So often a seed is run twice: another trace means that something is not drawn from the seed."""
_ALL = "all"


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


def run(arguments: argparse.Namespace) -> int:
    """Run the seeds; 1 as soon as one of them breaks a promise.

    The last line is always one JSON object with the counts.
    """
    # What the server sets aside it logs; here that is what is asked for.
    logging.getLogger("pos_loyalty.server").setLevel(logging.CRITICAL)
    began = monotonic()
    violations: list[int] = []
    steps = rounds_max = 0
    with simulator_folder() as folder:
        campaign = Campaign(folder, arguments.plant or "")
        for seed in range(arguments.start, arguments.start + arguments.seeds):
            result = _run_one(campaign, seed, arguments)
            steps += result.steps
            rounds_max = max(rounds_max, result.rounds)
            if result.violation:
                violations.append(seed)
                _report(campaign, result, arguments)
            elif arguments.trace:
                print("\n".join(result.trace))
    seconds = monotonic() - began
    counts = {
        "seeds": arguments.seeds,
        "violations": len(violations),
        "first_bad": violations[:5],
        "steps": steps,
        "rounds_max": rounds_max,
        "seconds": round(seconds, 1),
        "seeds_per_second": round(arguments.seeds / max(seconds, 0.001), 1),
    }
    print(json.dumps(counts))
    return 1 if violations else 0


def _profile_of(seed: int, arguments: argparse.Namespace) -> str:
    if arguments.profile != _ALL:
        return str(arguments.profile)
    if arguments.plant:
        return PLANTS[arguments.plant].profile
    return list(PROFILES)[seed % len(PROFILES)]


def _run_one(campaign: Campaign, seed: int, arguments: argparse.Namespace) -> SeedResult:
    kept = None if arguments.keep is None else steps_of(arguments.keep)
    result = campaign.run(seed, _profile_of(seed, arguments), kept=kept)
    if kept is None and seed % _REPEATED_EVERY == 0 and not campaign.is_repeatable(result):
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
