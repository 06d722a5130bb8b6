"""Count the rows that a reader of the feed misses while 8 writers commit on PostgreSQL.

    python tools/cursor_drill.py [--runs N] [--pushes N] [--json]

Each run twice: with the product's change numbers, and with a bug planted, numbers from a
sequence. Exit code 0 if the product skips nothing in any run and the bug is caught in every
one. Starts a PostgreSQL of its own; ten runs take about a minute and a half.
"""

import argparse
import json
import sys
from collections.abc import Sequence
from pathlib import Path

EXIT_OK = 0
EXIT_MISSED = 1


def main(words: Sequence[str] | None = None) -> int:
    """Run the drill and print what it found."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--runs", type=int, default=10, metavar="N")
    parser.add_argument("--pushes", type=int, default=100, metavar="N", help="of each writer")
    parser.add_argument("--json", action="store_true", help="answer as one JSON object")
    arguments = parser.parse_args(words)
    # The writers of the contract tests write here, too.
    sys.path.insert(0, str(Path(__file__).resolve().parent.parent))
    from tests.contract.cursor_writers import count_skipped
    from tests.contract.running_server import create_database, running_postgres

    found: dict[str, list[int]] = {"product": [], "naive": []}
    rows = 0
    with running_postgres() as server_url:
        for number in range(arguments.runs):
            for name, skipped in found.items():
                url = create_database(server_url, f"{name}_{number}")
                rows, missed = count_skipped(url, pushes=arguments.pushes, is_naive=name == "naive")
                skipped.append(missed)
                if not arguments.json:
                    print(f"run {number + 1}, {name}: {missed} of {rows} rows skipped", flush=True)
    is_good = not any(found["product"]) and all(found["naive"])
    if arguments.json:
        print(json.dumps({"rows_per_run": rows, "skipped": found, "ok": is_good}))
    else:
        print("good" if is_good else "NOT GOOD")
    return EXIT_OK if is_good else EXIT_MISSED


if __name__ == "__main__":
    sys.exit(main())
