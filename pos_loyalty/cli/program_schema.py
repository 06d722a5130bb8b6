"""`program schema`: what editors need to complete and underline while an owner types."""

import argparse

from pos_loyalty.wire.program_schema import schema_text


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare nothing: there is one schema."""
    del parser


def run(arguments: argparse.Namespace) -> int:
    """Print it."""
    del arguments
    print(schema_text(), end="")
    return 0
