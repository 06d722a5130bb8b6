"""Phone numbers in the international form E.164, which is what is stored and compared."""

from pos_loyalty.domain.error_catalog import Code
from pos_loyalty.domain.errors import RuleViolation

_TEXT_LENGTH_MAX = 40
_NATIONAL_DIGITS_MIN = 6
"""Shorter numbers exist within a town; a person's phone is longer, and a typed start is not."""
_FALLBACK_COUNTRY = "DE"
_COUNTRY_OF_CURRENCY = {
    "AED": "AE",
    "AUD": "AU",
    "BRL": "BR",
    "CAD": "CA",
    "CHF": "CH",
    "CNY": "CN",
    "CZK": "CZ",
    "DKK": "DK",
    "EUR": "DE",
    "GBP": "GB",
    "INR": "IN",
    "JPY": "JP",
    "KWD": "KW",
    "MXN": "MX",
    "NOK": "NO",
    "PLN": "PL",
    "SAR": "SA",
    "SEK": "SE",
    "TRY": "TR",
    "USD": "US",
    "ZAR": "ZA",
}


def country_of(currency: str) -> str:
    """Guess a shop's country from its currency, until its owner says better."""
    return _COUNTRY_OF_CURRENCY.get(currency, _FALLBACK_COUNTRY)


def international(text: str, country: str) -> str:
    """Return a number as typed in a shop of a country (ISO 3166) in E.164.

    Raises:
        RuleViolation: not a possible number there.
    """
    import phonenumbers

    region = country or _FALLBACK_COUNTRY
    if len(text) > _TEXT_LENGTH_MAX:
        raise _not_a_number(region)
    try:
        number = phonenumbers.parse(text, region)
    except phonenumbers.NumberParseException as error:
        raise _not_a_number(region) from error
    digits = len(str(number.national_number))
    if digits < _NATIONAL_DIGITS_MIN or not phonenumbers.is_possible_number(number):
        raise _not_a_number(region)
    return phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)


def readable(phone: str) -> str:
    """Return an E.164 number with spaces as people write it."""
    import phonenumbers

    try:
        number = phonenumbers.parse(phone, None)
    except phonenumbers.NumberParseException:
        return phone
    return phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.INTERNATIONAL)


def _not_a_number(country: str) -> RuleViolation:
    import phonenumbers

    sample = phonenumbers.example_number_for_type(country, phonenumbers.PhoneNumberType.MOBILE)
    national = phonenumbers.PhoneNumberFormat.NATIONAL
    example = "" if sample is None else phonenumbers.format_number(sample, national)
    return RuleViolation(Code.PHONE_SHAPE, example=example)
