"""`program templates`: what there is to start from."""

import argparse
import json

from pos_loyalty.services.program_templates import templates


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare what the sub-command takes."""
    parser.add_argument("--json", action="store_true", help="answer in JSON")


def run(arguments: argparse.Namespace) -> int:
    """List the templates."""
    from pos_loyalty.services.command_name import command_line

    found = templates()
    if arguments.json:
        print(json.dumps([{"template": each.id, "for": each.suits} for each in found]))
        return 0
    width = max(len(each.id) for each in found)
    for each in found:
        print(f"{each.id:<{width}}  {each.suits}")
    print(f"Next: {command_line('program', 'new', 'TEMPLATE', 'FILE')}")
    return 0
