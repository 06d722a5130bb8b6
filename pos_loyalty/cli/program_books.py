"""Where programs are published: a till that works alone, or the books of a server."""

import argparse
from pathlib import Path

MS_PER_SECOND = 1000


def add_books(parser: argparse.ArgumentParser) -> None:
    """Declare the till's folder or the server's database; exactly one of them."""
    books = parser.add_mutually_exclusive_group(required=True)
    books.add_argument("--data", type=Path, metavar="DIR", help="a till that works alone")
    books.add_argument("--database", metavar="URL", help="the server's books")
