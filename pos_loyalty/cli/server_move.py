"""`server move`: take the books along to another database, as from a file to PostgreSQL."""

import argparse
import sys
from contextlib import closing


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare where from and where to."""
    database = "a file for SQLite, like server.db, or postgresql://…"
    parser.add_argument(
        "--from", required=True, metavar="URL", dest="source", help=f"the books: {database}"
    )
    parser.add_argument(
        "--to", required=True, metavar="URL", dest="target", help="an empty database, likewise"
    )


def run(arguments: argparse.Namespace) -> int:
    """Move the books, verify them where they are now, and put the old file aside."""
    from pos_loyalty.cli.progress_bar import ProgressBar
    from pos_loyalty.server.listen import only_server_of
    from pos_loyalty.server.move_books import move_books, set_aside
    from pos_loyalty.server.settings import database_url
    from pos_loyalty.server.setup import open_database
    from pos_loyalty.server.verify import verify_books
    from pos_loyalty.services.command_name import command_line

    source, target = database_url(arguments.source), database_url(arguments.target)
    bar = ProgressBar()
    with only_server_of(source), only_server_of(target):
        with (
            closing(open_database(source)) as old,
            closing(open_database(target, may_create=True)) as new,
        ):
            try:
                moved = move_books(old, new, progress=bar)
            finally:
                bar.close()
            report = verify_books(new)
        if report.faults:
            print(report.sentence, file=sys.stderr)
            return 1
        aside = set_aside(source)
    print(f"{moved.total} rows moved. {report.sentence}")
    if aside is not None:
        print(f"The old file is {aside} now; keep it until the next backup.")
    start = command_line("server", "--listen", "0.0.0.0:8443", "--database", target)
    print(f"Tills go on by themselves once the server runs again: {start}", file=sys.stderr)
    return 0
