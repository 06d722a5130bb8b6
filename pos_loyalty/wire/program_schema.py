"""The JSON Schema of a program's document, made from the very shapes that read it."""

import json
from typing import Any, cast

from msgspec import inspect

from pos_loyalty.domain.program_check_values import (
    ID_PATTERN,
    LIST_LENGTH_MAX,
    NUMBER_MAX,
    PARTS_MAX,
    TEXT_LENGTH_MAX,
)
from pos_loyalty.wire.program_shape import (
    KIND,
    PROGRAM_TYPE,
    SET_AT_PUBLISHING,
    is_money,
    without_none,
)

_DRAFT = "https://json-schema.org/draft/2020-12/schema"
_MONEY = {
    "type": "string",
    "pattern": "^[0-9]{1,9}([.,][0-9]{1,4})? ?[A-Z]{3}$",
    "description": 'An amount with its currency, like "3.00 EUR".',
}


def schema_text() -> str:
    """Return the schema as a file."""
    return json.dumps(json_schema(), indent=1, ensure_ascii=False) + "\n"


def json_schema() -> dict[str, Any]:
    """Return the schema of a document: no key but those that it names."""
    definitions: dict[str, Any] = {}
    program = _struct(PROGRAM_TYPE, definitions)
    for name in SET_AT_PUBLISHING:
        program["properties"].pop(name)
        program["required"].remove(name)
    return {"$schema": _DRAFT, "title": "Loyalty program", **program, "$defs": definitions}


def _struct(kind: inspect.StructType, definitions: dict[str, Any]) -> dict[str, Any]:
    properties: dict[str, Any] = {}
    if kind.tag is not None:
        properties[KIND] = {"const": kind.tag}
    for each in kind.fields:
        properties[each.name] = _value(each.type, each.name, definitions)
    required = [] if kind.tag is None else [KIND]
    required += [each.name for each in kind.fields if each.required]
    shape: dict[str, Any] = {"type": "object", "description": _words_of(kind.cls)}
    return {
        **shape,
        "properties": properties,
        "required": required,
        "additionalProperties": False,
    }


def _value(kind: inspect.Type, name: str, definitions: dict[str, Any]) -> dict[str, Any]:
    kind = without_none(kind)
    if is_money(kind):
        return dict(_MONEY)
    match kind:
        case inspect.StructType():
            return _reference(kind, definitions)
        case inspect.UnionType():
            kinds = [cast("inspect.StructType", each) for each in kind.types]
            return {"oneOf": [_reference(each, definitions) for each in kinds]}
        case inspect.VarTupleType():
            item = _value(kind.item_type, name, definitions)
            is_part = "$ref" in item or "oneOf" in item
            most = PARTS_MAX if is_part else LIST_LENGTH_MAX
            return {"type": "array", "maxItems": most, "items": item}
        case inspect.DictType():
            item = _value(kind.value_type, name, definitions)
            return {"type": "object", "additionalProperties": item}
        case _:
            return _plain(kind, name)


def _plain(kind: inspect.Type, name: str) -> dict[str, Any]:
    match kind:
        case inspect.IntType():
            return {"type": "integer", "minimum": 0, "maximum": NUMBER_MAX}
        case inspect.StrType() if name == "id":
            return {"type": "string", "pattern": f"^{ID_PATTERN}$"}
        case inspect.StrType():
            return {"type": "string", "maxLength": TEXT_LENGTH_MAX}
        case inspect.BoolType():
            return {"type": "boolean"}
        case inspect.DateType():
            return {"type": "string", "format": "date"}
        case _:
            assert isinstance(kind, inspect.EnumType)
            return {"enum": [str(each.value) for each in kind.cls]}


def _reference(kind: inspect.StructType, definitions: dict[str, Any]) -> dict[str, Any]:
    name = kind.cls.__name__
    if name not in definitions:
        definitions[name] = {}  # its place, before what it is made of
        definitions[name] = _struct(kind, definitions)
    return {"$ref": f"#/$defs/{name}"}


def _words_of(cls: type) -> str:
    """Return the first sentence of what a class says of itself."""
    words = " ".join((cls.__doc__ or "").partition("\n\n")[0].split())
    return words.replace("``", "`")
