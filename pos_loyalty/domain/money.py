"""Amounts of money: whole minor units of one currency, never a float.

Currency exponents are those of ISO 4217 as listed by Unicode CLDR.
"""

from dataclasses import dataclass
from typing import Annotated

import msgspec

from pos_loyalty.domain.error_catalog import Code
from pos_loyalty.domain.errors import CommandRefused, RuleViolation

_EXPONENT_DEFAULT = 2
_EXPONENTS_OTHER = {
    0: "BIF CLP DJF GNF ISK JPY KMF KRW PYG RWF UGX UYI VND VUV XAF XOF XPF",
    3: "BHD IQD JOD KWD LYD OMR TND",
}
_TWO = (
    "AED AFN ALL AMD AOA ARS AUD AWG AZN BAM BBD BDT BGN BMD BND BOB BRL BSD BTN BWP BYN BZD CAD"
    " CDF CHF CNY COP CRC CUP CVE CZK DKK DOP DZD EGP ERN ETB EUR FJD FKP GBP GEL GHS GIP GMD GTQ"
    " GYD HKD HNL HTG HUF IDR ILS INR IRR JMD KES KGS KHR KPW KYD KZT LAK LBP LKR LRD LSL MAD MDL"
    " MGA MKD MMK MNT MOP MRU MUR MVR MWK MXN MYR MZN NAD NGN NIO NOK NPR NZD PAB PEN PGK PHP PKR"
    " PLN QAR RON RSD RUB SAR SBD SCR SDG SEK SGD SHP SLE SOS SRD SSP STN SVC SYP SZL THB TJS TMT"
    " TOP TRY TTD TWD TZS UAH USD UYU UZS VES WST XCD YER ZAR ZMW ZWG"
)
_EXPONENTS: dict[str, int] = dict.fromkeys(_TWO.split(), _EXPONENT_DEFAULT) | {
    currency: exponent for exponent, names in _EXPONENTS_OTHER.items() for currency in names.split()
}

MinorUnits = Annotated[int, msgspec.Meta(extra={"is_money": True})]
"""An amount in a program: an integer here, "3.00 EUR" in the document that an owner writes."""

AMOUNT_DIGITS_MAX = 9
"""A sale of more digits than this is a typing slip: 9 digits are 9,999,999.99 euros."""

_DIGIT_ZEROS = (0x30, 0x0660, 0x06F0)  # ASCII, Arabic-Indic, Extended Arabic-Indic


@dataclass(frozen=True)
class Currency:
    """A currency and how many digits its minor unit has."""

    code: str
    exponent: int


def is_currency(code: str) -> bool:
    """Tell whether ISO 4217 has this code."""
    return code in _EXPONENTS


def currency_of(code: str) -> Currency:
    """Look a currency up by its ISO 4217 code.

    Raises:
        CommandRefused: no such currency.
    """
    exponent = _EXPONENTS.get(code)
    if exponent is None:
        raise CommandRefused(Code.CURRENCY_UNKNOWN, currency=code[:12])
    return Currency(code=code, exponent=exponent)


def parse_amount(text: str, currency: Currency) -> int:
    """Read a sale amount as a person writes it and return minor units above zero.

    One point or comma separates the minor units; thousands separators are
    refused because 1,250 means two different things in two countries.

    Raises:
        RuleViolation: zero, negative, too long, or not an amount.
    """
    stripped = _ascii_digits(text.strip())
    if stripped.startswith(("-", "\u2212")):
        raise RuleViolation(Code.AMOUNT_NEGATIVE)
    whole, separator, fraction = stripped.replace(",", ".").partition(".")
    digits = whole + fraction
    if not digits.isascii() or not digits.isdigit() or (separator and not fraction):
        raise _not_an_amount(currency)
    if len(fraction) > currency.exponent:
        raise _not_an_amount(currency)
    # Python reads no number of thousands of digits; one digit too many is refused just so.
    whole = whole.lstrip("0")[: AMOUNT_DIGITS_MAX + 1]
    minor_units = int(whole or "0") * 10**currency.exponent + int(
        fraction.ljust(currency.exponent, "0") or "0"
    )
    return check_amount(minor_units, currency)


def check_amount(minor_units: int, currency: Currency) -> int:
    """Return the amount if a sale may have it.

    Raises:
        RuleViolation: zero, negative or longer than ``AMOUNT_DIGITS_MAX`` digits.
    """
    if minor_units < 0:
        raise RuleViolation(Code.AMOUNT_NEGATIVE)
    if minor_units == 0:
        raise RuleViolation(Code.AMOUNT_ZERO)
    limit = 10**AMOUNT_DIGITS_MAX - 1
    if minor_units > limit:
        raise RuleViolation(Code.AMOUNT_LONG, limit=plain_amount(limit, currency))
    return minor_units


def plain_amount(minor_units: int, currency: Currency) -> str:
    """Write an amount with a point and without separators: 2100 is ``21.00``."""
    sign = "-" if minor_units < 0 else ""
    digits = str(abs(minor_units)).rjust(currency.exponent + 1, "0")
    if currency.exponent == 0:
        return sign + digits
    return f"{sign}{digits[: -currency.exponent]}.{digits[-currency.exponent :]}"


def _not_an_amount(currency: Currency) -> RuleViolation:
    example = plain_amount(2150, currency)
    return RuleViolation(Code.AMOUNT_SHAPE, example=example)


def _ascii_digits(text: str) -> str:
    """Fold Arabic-Indic digits and separators, which some keyboards type."""
    folded = text.replace("\u066b", ".").replace("\u066c", ",")
    return "".join(_ascii_digit(character) for character in folded)


def _ascii_digit(character: str) -> str:
    for zero in _DIGIT_ZEROS:
        if zero <= ord(character) <= zero + 9:
            return chr(0x30 + ord(character) - zero)
    return character
