"""`doctor`: what this machine lacks, in plain words."""

import argparse
import json
from dataclasses import asdict
from pathlib import Path

from pos_loyalty.services.self_check import Check, Verdict, check_machine
from pos_loyalty.services.system_sources import SystemClock

_MARKS = {Verdict.GOOD: "ok     ", Verdict.WARNING: "note   ", Verdict.LACKING: "MISSING"}


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare what the sub-command takes."""
    parser.add_argument("--data", type=Path, help="look at this till's data folder, too")
    parser.add_argument("--json", action="store_true", help="answer in JSON")


def run(arguments: argparse.Namespace) -> int:
    """Print every check; 1 where something that the till needs is missing."""
    checks = check_machine(arguments.data, SystemClock())
    is_fit = all(check.verdict is not Verdict.LACKING for check in checks)
    if arguments.json:
        print(json.dumps({"ok": is_fit, "checks": [asdict(check) for check in checks]}))
    else:
        print("\n".join(_line(check) for check in checks))
    return 0 if is_fit else 1


def _line(check: Check) -> str:
    line = f"{_MARKS[check.verdict]}  {check.name}: {check.what}"
    return f"{line}\n         {check.advice}" if check.advice else line
