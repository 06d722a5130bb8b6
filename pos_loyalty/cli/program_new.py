"""`program new`: a template becomes a file of one's own, in the shop's currency."""

import argparse
import json
from pathlib import Path

from pos_loyalty.domain.error_catalog import Code
from pos_loyalty.domain.errors import CommandRefused


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare what the sub-command takes."""
    parser.add_argument("template", metavar="TEMPLATE", help="its name; `program templates`")
    parser.add_argument("file", metavar="FILE", type=Path, help="the file to write")
    parser.add_argument(
        "--currency", default="EUR", metavar="CODE", help="of your shop (default EUR)"
    )
    parser.add_argument("--json", action="store_true", help="answer in JSON")


def run(arguments: argparse.Namespace) -> int:
    """Write the file; one that is there already is left alone."""
    from pos_loyalty.domain.money import currency_of
    from pos_loyalty.services.command_name import command_line
    from pos_loyalty.services.program_templates import in_currency, template_text

    currency = currency_of(arguments.currency.upper())
    text = in_currency(template_text(arguments.template), currency)
    file: Path = arguments.file
    try:
        with file.open("x", encoding="utf-8", newline="\n") as out:
            out.write(text)
    except FileExistsError as error:
        raise CommandRefused(Code.FILE_EXISTS, file=str(file)) from error
    except OSError as error:
        raise CommandRefused(Code.FILE_WRITE, file=str(file)) from error
    if arguments.json:
        print(json.dumps({"file": str(file), "template": arguments.template}))
        return 0
    print(f"{file}: the template {arguments.template}, in {currency.code}. Change what you like.")
    print(f"Next: {command_line('program', 'check', file)}")
    return 0
