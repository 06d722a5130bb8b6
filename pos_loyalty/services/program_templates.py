"""The programs to start from: files with comments, one for each trade."""

import re
from dataclasses import dataclass

from pos_loyalty.assets import assets_folder
from pos_loyalty.domain.error_catalog import Code
from pos_loyalty.domain.errors import CommandRefused
from pos_loyalty.domain.money import Currency, currency_of, plain_amount

_CURRENCY = currency_of("EUR")
_AMOUNT = re.compile(r'"([0-9]+)(?:\.([0-9]{2}))? EUR"')
_NAME = '"EUR"'


@dataclass(frozen=True)
class Template:
    """A template's name, and whom it suits."""

    id: str
    suits: str


def templates() -> tuple[Template, ...]:
    """Return all templates by name."""
    folder = assets_folder() / "programs"
    files = sorted(folder.glob("*.toml"))
    return tuple(Template(file.stem, _suits(file.read_text("utf-8"))) for file in files)


def template_text(template: str) -> str:
    """Return the text of a template.

    Raises:
        CommandRefused: there is none of this name.
    """
    names = [each.id for each in templates()]
    if template not in names:
        raise CommandRefused(
            Code.PROGRAM_TEMPLATE, template=template[:40], templates=", ".join(names)
        )
    return (assets_folder() / "programs" / f"{template}.toml").read_text("utf-8")


def in_currency(text: str, currency: Currency) -> str:
    """Return a template with its amounts in another currency.

    The figures stay: 3.00 becomes 3.000 where there are three digits, and 300 where there
    are none. What fits a shop is for its owner to say.
    """
    if currency == _CURRENCY:
        return text

    def other(found: re.Match[str]) -> str:
        minor_units = int(found[1]) * 100 + int(found[2] or "0")
        if currency.exponent > _CURRENCY.exponent:
            minor_units *= 10 ** (currency.exponent - _CURRENCY.exponent)
        return f'"{plain_amount(minor_units, currency)} {currency.code}"'

    return _AMOUNT.sub(other, text).replace(_NAME, f'"{currency.code}"')


def _suits(text: str) -> str:
    """Return the first line of the comment at the top."""
    return text.partition("\n")[0].lstrip("# ").strip()
