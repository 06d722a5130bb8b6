"""The tables of a document against the shapes of a program, everything wrong at once.

Where a value cannot be used, another takes its place so that the rest can be looked at, too;
what is then found at that place is no news and is not told.
"""

import datetime as dt
import re
from dataclasses import dataclass, field
from typing import Any, cast

from msgspec import inspect

from pos_loyalty.domain.did_you_mean import did_you_mean
from pos_loyalty.domain.money import (
    AMOUNT_DIGITS_MAX,
    Currency,
    currency_of,
    is_currency,
    plain_amount,
)
from pos_loyalty.domain.program import LoyaltyProgram
from pos_loyalty.domain.program_fault import Findings, ProgramFault

PROGRAM_TYPE = cast("inspect.StructType", inspect.type_info(LoyaltyProgram))
SET_AT_PUBLISHING = ("version", "effective_from_ms")
KIND = "kind"

_money = re.compile(r"\s*(-?)([0-9]{1,18}(?:[.,][0-9]{1,4})?)\s?([A-Z]{3})\s*").fullmatch
_thousands = re.compile(
    r"\s*([1-9]\d{0,2}(?:[.,'\u2019\s]\d{3})+)([.,]\d{1,2})?\s?([A-Z]{3})\s*"
).fullmatch
_number_as_text = re.compile(r"\s*(\d{1,9})\s*%?\s*").fullmatch
_INTEGER_MAX = 2**53
_SHOWN_MAX = 40
_EXAMPLE = "EUR"


def is_money(kind: inspect.Type) -> bool:
    """Tell whether a value is an amount of money, which a document writes with its currency."""
    if not isinstance(kind, inspect.Metadata):
        return False
    extra = cast("dict[str, object]", kind.extra or {})  # pyright: ignore[reportUnknownMemberType] - the library says dict
    return bool(extra.get("is_money"))


def is_of_parts(kind: inspect.Type) -> bool:
    """Tell whether a value is a list of tables, each of which begins with ``[[name]]``."""
    parts = inspect.StructType | inspect.UnionType
    return isinstance(kind, inspect.VarTupleType) and isinstance(kind.item_type, parts)


def of_several(name: str) -> str:
    """Say how each table of a list begins."""
    return f"each of several begins with [[{name}]], in two brackets; the first one, too"


def without_none(kind: inspect.Type) -> inspect.Type:
    """Return the type of a value that may be left out."""
    if isinstance(kind, inspect.UnionType):
        rest = [each for each in kind.types if not isinstance(each, inspect.NoneType)]
        if len(rest) == 1:
            return rest[0]
    return kind


@dataclass
class ShapeReader:
    """Reads tables into what :class:`LoyaltyProgram` is made from.

    ``replaced`` are the places where something else stands than in the document.
    """

    findings: Findings = field(default_factory=Findings)
    replaced: set[str] = field(default_factory=set[str])
    currency: Currency | None = None

    def read(self, tables: dict[str, Any]) -> dict[str, Any]:
        """Return the program's fields; ``version`` and ``effective_from_ms`` are the caller's."""
        self.currency = self._currency(tables)
        found = dict(tables)
        for name in SET_AT_PUBLISHING:
            if name in found:
                del found[name]
                self._refuse(
                    name, ProgramFault.SET_AT_PUBLISHING, "leave it out: publishing sets it"
                )
        return self._struct(PROGRAM_TYPE, found, "")

    def _currency(self, tables: dict[str, Any]) -> Currency | None:
        code = tables.get("currency")
        return currency_of(code) if isinstance(code, str) and is_currency(code) else None

    def _refuse(self, path: str, fault: ProgramFault, detail: str) -> None:
        self.findings.add(path, fault, detail)
        self.replaced.add(path)

    # ------------------------------------------------------------- tables --

    def _struct(self, kind: inspect.StructType, raw: dict[str, Any], path: str) -> dict[str, Any]:
        fields = {
            each.name: each for each in kind.fields if path or each.name not in SET_AT_PUBLISHING
        }
        has_kind = kind.tag is not None
        self._unknown_keys(raw, path, kind, [*fields, KIND] if has_kind else [*fields])
        read: dict[str, Any] = {KIND: kind.tag} if has_kind else {}
        for name, each in fields.items():
            inner = _join(path, name)
            if name in raw:
                read[name] = self._value(each.type, raw[name], inner)
            elif each.required:
                self._refuse(inner, ProgramFault.KEY_ABSENT, f'"{name}" is missing')
                read[name] = self._stand_in(each.type)
        return read

    def _unknown_keys(
        self, raw: dict[str, Any], path: str, kind: inspect.StructType, known: list[str]
    ) -> None:
        for name in raw:
            if name not in known and not self.findings.is_full:
                detail = self._unknown_key(
                    _join(path, name), name, known, _place_of(kind, name, raw)
                )
                self.findings.add(_join(path, name), ProgramFault.KEY_UNKNOWN, detail)

    def _unknown_key(self, path: str, name: str, known: list[str], place: str) -> str:
        top = [each.name for each in PROGRAM_TYPE.fields]
        shown = name[:_SHOWN_MAX]
        if name in top and "." in path:
            return f'"{shown}" belongs to the program: move it above the first [table]'
        if place:
            return f'there is no "{shown}" here: write {place}'
        return f'there is no "{shown}" here{did_you_mean(shown, known)}'

    def _tagged(self, kind: inspect.UnionType, raw: dict[str, Any], path: str) -> dict[str, Any]:
        """Read a table whose ``kind`` says what it is."""
        kinds = {str(cast("inspect.StructType", each).tag): each for each in kind.types}
        tag = raw.get(KIND)
        chosen = kinds.get(tag) if isinstance(tag, str) else None
        if isinstance(chosen, inspect.StructType):
            return self._struct(chosen, raw, path)
        names = ", ".join(kinds)
        if tag is None:
            detail = f"say which kind: {names}"
        else:
            close = did_you_mean(tag, kinds) if isinstance(tag, str) else ""
            detail = f"no such kind{close}; there are {names}"
        self.findings.add(_join(path, KIND), ProgramFault.KIND_UNKNOWN, detail)
        self.replaced.add(path)
        stand_in = self._stand_in(kind)
        if "id" in stand_in and isinstance(raw.get("id"), str):
            stand_in["id"] = raw["id"]
        return stand_in

    # ------------------------------------------------------------- values --

    def _value(self, kind: inspect.Type, raw: object, path: str) -> Any:  # noqa: ANN401 - whatever the type says
        kind = without_none(kind)
        if is_money(kind):
            return self._money(raw, path)
        match kind:
            case inspect.StructType() | inspect.UnionType():
                return self._table(kind, raw, path)
            case inspect.VarTupleType():
                return self._list(kind, raw, path)
            case inspect.DictType():
                return self._by_name(kind, raw, path)
            case _:
                return self._plain(kind, raw, path)

    def _table(
        self, kind: inspect.StructType | inspect.UnionType, raw: object, path: str
    ) -> dict[str, Any]:
        if path in _TOP_NAMES and type(raw) is list:
            one = f"there is only one: it begins with [{path}], in one pair of brackets"
            return self._wrong_type(kind, path, one)
        if not isinstance(raw, dict):
            return self._wrong(kind, path, "a table", raw)
        table = cast("dict[str, Any]", raw)
        if isinstance(kind, inspect.UnionType):
            return self._tagged(kind, table, path)
        return self._struct(kind, table, path)

    def _list(self, kind: inspect.VarTupleType, raw: object, path: str) -> list[Any]:
        if is_of_parts(kind) and type(raw) is dict:
            return self._wrong_type(kind, path, of_several(path))
        if not isinstance(raw, list):
            return self._wrong(kind, path, "a list in [ ]", raw)
        items = cast("list[object]", raw)
        if not items and (".when." in path or path.endswith(".choices")):
            self._refuse(path, ProgramFault.LIST_EMPTY, "name at least one, or leave it out")
        read: list[Any] = []
        for at, item in enumerate(items):
            if self.findings.is_full:
                break
            read.append(self._value(kind.item_type, item, f"{path}[{at}]"))
        return read

    def _by_name(self, kind: inspect.DictType, raw: object, path: str) -> dict[str, Any]:
        if not isinstance(raw, dict):
            return self._wrong(kind, path, "a table like { gold = 100 }", raw)
        table = cast("dict[str, object]", raw)
        return {
            name: self._value(kind.value_type, item, f"{path}.{name}")
            for name, item in table.items()
        }

    def _plain(self, kind: inspect.Type, raw: object, path: str) -> Any:  # noqa: ANN401 - see above
        match kind:
            case inspect.IntType():
                return self._integer(kind, raw, path)
            case inspect.StrType():
                return self._text(kind, raw, path)
            case inspect.BoolType():
                is_right = isinstance(raw, bool)
                return raw if is_right else self._wrong(kind, path, "true or false", raw)
            case inspect.DateType():
                return self._date(kind, raw, path)
            case _:
                assert isinstance(kind, inspect.EnumType)
                return self._word(kind, raw, path)

    def _integer(self, kind: inspect.Type, raw: object, path: str) -> int:
        if isinstance(raw, str) and (found := _number_as_text(raw)):
            plain = f"a number stands without quotes and without a sign: write {int(found[1])}"
            return self._wrong_type(kind, path, plain)
        if isinstance(raw, bool) or not isinstance(raw, int):
            return self._wrong(kind, path, "a whole number", raw)
        if abs(raw) > _INTEGER_MAX:
            self._refuse(path, ProgramFault.NUMBER_LARGE, "a number has at most 9 digits")
            return 1
        return raw

    def _text(self, kind: inspect.Type, raw: object, path: str) -> str:
        if isinstance(raw, dt.time):
            self._refuse(path, ProgramFault.TIME_SHAPE, 'a time stands in quotes, like "14:30"')
            return ""
        return raw if isinstance(raw, str) else self._wrong(kind, path, "text in quotes", raw)

    def _date(self, kind: inspect.Type, raw: object, path: str) -> dt.date:
        if isinstance(raw, dt.date) and not isinstance(raw, dt.datetime):
            return raw
        self._refuse(path, ProgramFault.DATE_SHAPE, "a date stands without quotes, like 2026-12-01")
        return self._stand_in(kind)

    def _word(self, kind: inspect.EnumType, raw: object, path: str) -> str:
        words = [str(each.value) for each in kind.cls]
        if isinstance(raw, str) and raw in words:
            return raw
        if not isinstance(raw, str):
            return self._wrong(kind, path, "a word in quotes", raw)
        self._refuse(
            path,
            ProgramFault.WORD_UNKNOWN,
            f"one of {', '.join(words)}{did_you_mean(raw, words)}",
        )
        return words[0]

    # -------------------------------------------------------------- money --

    def _money(self, raw: object, path: str) -> int:
        currency = self.currency or currency_of(_EXAMPLE)
        code = currency.code
        found = _money(raw) if isinstance(raw, str) else None
        if found is None:
            example = plain_amount(3 * 10**currency.exponent, currency)
            detail = f'money is text with its currency, like "{example} {code}"'
            self._refuse(path, ProgramFault.MONEY_SHAPE, _of_thousands(raw) or detail)
            return 1
        sign, amount, written = found.groups()
        if self.currency is not None and written != self.currency.code:
            self._refuse(path, ProgramFault.CURRENCY_MIX, f"this program's currency is {code}")
            return 1
        if not is_currency(written):
            self._refuse(path, ProgramFault.CURRENCY_UNKNOWN, f'"{written}" is no currency')
            return 1
        whole, _, fraction = amount.replace(",", ".").partition(".")
        digits = currency_of(written).exponent
        if len(fraction) > digits:
            detail = f"{written} has {digits} digits after the point"
            self._refuse(path, ProgramFault.MONEY_SHAPE, _of_thousands(raw) or detail)
            return 1
        minor_units = int(whole) * 10**digits + int(fraction.ljust(digits, "0") or "0")
        if minor_units >= 10**AMOUNT_DIGITS_MAX:
            self._refuse(path, ProgramFault.NUMBER_LARGE, "an amount has at most 9 digits")
            return 1
        return -minor_units if sign else minor_units

    # ---------------------------------------------------------- stand-ins --

    def _wrong(self, kind: inspect.Type, path: str, wanted: str, raw: object) -> Any:  # noqa: ANN401 - see above
        return self._wrong_type(kind, path, f"{wanted} belongs here, not {_called(raw)}")

    def _wrong_type(self, kind: inspect.Type, path: str, detail: str) -> Any:  # noqa: ANN401 - see above
        self._refuse(path, ProgramFault.TYPE_WRONG, detail)
        return self._stand_in(kind)

    def _stand_in(self, kind: inspect.Type) -> Any:  # noqa: ANN401 - see above
        """Return a value of a type that lets the rest be looked at."""
        kind = without_none(kind)
        match kind:
            case inspect.UnionType():
                return self._stand_in(kind.types[0])
            case inspect.StructType():
                required = {each.name: each.type for each in kind.fields if each.required}
                filled = {name: self._stand_in(each) for name, each in required.items()}
                return filled if kind.tag is None else {KIND: kind.tag, **filled}
            case inspect.StrType():
                return f"absent-{len(self.replaced)}"
            case inspect.EnumType():
                return str(next(iter(kind.cls)).value)
            case _:
                return _STAND_INS.get(type(kind), 1)


_TOP_NAMES = frozenset(each.name for each in PROGRAM_TYPE.fields)
_STAND_INS: dict[type[inspect.Type], object] = {
    inspect.VarTupleType: (),
    inspect.DictType: {},
    inspect.BoolType: False,
    inspect.DateType: dt.date(2000, 1, 1),
}
_NAMES: dict[type[object], str] = {
    bool: "true or false",
    int: "a number",
    float: "a number with a point",
    str: "text",
    list: "a list",
    dict: "a table",
}


def _of_thousands(raw: object) -> str:
    """Say how an amount whose thousands are set apart is written; nothing of any other."""
    found = _thousands(raw) if isinstance(raw, str) else None
    if found is None:
        return ""
    whole = re.sub(r"\D", "", found[1])
    fraction = (found[2] or "").replace(",", ".")
    return f'thousands have no sign between them: write "{whole}{fraction} {found[3]}"'


def _place_of(kind: inspect.StructType, name: str, raw: dict[str, Any]) -> str:
    """Return the table within a table to which a key belongs, as it is written there."""
    if kind is PROGRAM_TYPE:
        return ""
    value = raw[name]
    shown = f"{value}" if isinstance(value, int) and not isinstance(value, bool) else "\u2026"
    for each in kind.fields:
        inner = without_none(each.type)
        kinds = inner.types if isinstance(inner, inspect.UnionType) else (inner,)
        for one in kinds:
            if not isinstance(one, inspect.StructType):
                continue
            if name in {field.name for field in one.fields}:
                tag = f'kind = "{one.tag}", ' if one.tag is not None else ""
                return f"{each.name} = {{ {tag}{name} = {shown} }}"
    return ""


def _join(path: str, name: str) -> str:
    return f"{path}.{name}" if path else name


def _called(raw: object) -> str:
    """Say in an owner's words what stands there."""
    return _NAMES.get(type(raw), "a date or time")
