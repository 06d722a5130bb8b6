"""`backup`: write one verified file that brings a till back on any machine."""

import argparse
import json
from pathlib import Path

from pos_loyalty.cli.progress_bar import ProgressBar
from pos_loyalty.services.back_up import BackedUp, BackUp, BackUpHandler
from pos_loyalty.services.system_sources import SystemClock, SystemIds
from pos_loyalty.store.keys import BestKeys

_BYTES_PER_MB = 1_000_000


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare what the sub-command takes."""
    parser.add_argument("file", type=Path, help="the backup to write; a stick or another disk")
    parser.add_argument("--data", type=Path, required=True, help="the till's data folder")
    parser.add_argument(
        "--new-code",
        action="store_true",
        help="make a new recovery code; backups made before keep the code of their time",
    )
    parser.add_argument(
        "--replace",
        action="store_true",
        help="write over an older backup of this name, once the new one has passed its trial",
    )
    parser.add_argument("--json", action="store_true", help="answer in JSON")


def run(arguments: argparse.Namespace) -> int:
    """Write the backup and print the recovery code, if it is new."""
    clock = SystemClock()
    bar = ProgressBar()
    back_up = BackUpHandler(BestKeys(), clock=clock, ids=SystemIds(clock), progress=bar)
    try:
        done = back_up(
            BackUp(
                arguments.data,
                arguments.file,
                wants_new_code=arguments.new_code,
                may_replace=arguments.replace,
            )
        )
    finally:
        bar.close()
    print(_as_json(done) if arguments.json else _in_words(done))
    return 0


def _as_json(done: BackedUp) -> str:
    return json.dumps(
        {
            "file": str(done.file),
            "bytes": done.file_bytes,
            "events": done.events,
            "recovery_code": done.recovery_code or None,
        }
    )


def _in_words(done: BackedUp) -> str:
    size = f"{done.file_bytes / _BYTES_PER_MB:.1f} MB"
    lines = [f"Backup written and tried: {done.file} ({size}, {done.events} events)."]
    if done.recovery_code:
        lines += [
            "",
            "Recovery code of this backup and of those to come:",
            "",
            f"    {done.recovery_code}",
            "",
            "Print it or write it down now and keep it away from this PC, for example with",
            "the papers of the shop. Without it, nobody can open the backup on another",
            "machine: not you, not us. It is shown only this once; --new-code makes another.",
        ]
    return "\n".join(lines)
