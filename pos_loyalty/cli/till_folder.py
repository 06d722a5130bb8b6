"""What commands that open a till have in common: its arguments, and what is said of a new one."""

import argparse
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from pos_loyalty.services.command_name import command_line

if TYPE_CHECKING:
    from pos_loyalty.store.keys import KeySource
    from pos_loyalty.till import Till


def add_shop(parser: argparse.ArgumentParser) -> None:
    """Declare the name of the shop."""
    parser.add_argument(
        "--shop",
        metavar="NAME",
        help="name the shop of a till that works alone; its screen and its cards show it",
    )


def add_currency(parser: argparse.ArgumentParser) -> None:
    """Declare the currency of a new till."""
    parser.add_argument(
        "--currency", default="EUR", help="currency of a new till that works alone (default EUR)"
    )


def open_for_command(data: Path, *, currency: str = "EUR", shop: str | None = None) -> "Till":
    """Open a till, name its shop where a name was given, and say on standard error if it is new.

    Raises:
        LoyaltyError: why it cannot be opened, or cannot be named.
    """
    from pos_loyalty.services.name_shop import NameShop, shop_name
    from pos_loyalty.till import open_till

    name = "" if shop is None else shop_name(shop)
    till = open_till(data, currency=currency, shop_name=name)
    try:
        say_if_new(till, data)
        if name:
            till.name_shop(NameShop(name))
        elif till.created:
            words = command_line("till", "--data", data, "--shop", "NAME")
            print(f"Its shop is called {till.shop.shop_name}. To name it: {words}", file=sys.stderr)
    except BaseException:
        till.close()
        raise
    return till


def say_if_new(till: "Till", data: Path) -> None:
    """Say where a new till was made; a mistyped folder would else become one without a word."""
    if till.created:
        print(f"New till made in {data.absolute()}", file=sys.stderr, flush=True)


def keys_for(data: Path) -> "KeySource":
    """Return where the key of a till is: on this PC, for the sample shop of `run` in its folder."""
    from pos_loyalty.demo.folder import DemoFolder
    from pos_loyalty.store.keys import BestKeys, FileKeys

    demo = DemoFolder(data.absolute().parent)
    is_demo = data.absolute() == demo.till and demo.read() is not None
    return FileKeys(demo.keys) if is_demo else BestKeys()
