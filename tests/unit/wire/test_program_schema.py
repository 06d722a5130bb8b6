"""The schema says what the reader reads: editors and the till agree."""

import datetime as dt
import re
import tomllib
from collections.abc import Callable
from pathlib import Path
from typing import Any, cast

import pytest

from pos_loyalty.assets import assets_folder
from pos_loyalty.domain.program_fault import ProgramFault
from pos_loyalty.wire.program_schema import json_schema, schema_text
from tests.unit.wire.broken_documents import BROKEN, GOOD

FOLDER = assets_folder() / "programs"
SCHEMA = json_schema()


def fits(value: Any, schema: dict[str, Any]) -> bool:  # noqa: ANN401 - any JSON value
    """Tell whether a value fits a schema, as far as ours goes."""
    if "$ref" in schema:
        return fits(value, SCHEMA["$defs"][schema["$ref"].rpartition("/")[2]])
    if "oneOf" in schema:
        return sum(fits(value, each) for each in schema["oneOf"]) == 1
    if "const" in schema:
        return value == schema["const"]
    if "enum" in schema:
        return value in schema["enum"]
    kind = type(cast("object", value))
    check = _CHECKS.get((kind, schema["type"]))
    return check is not None and check(value, schema)


def _object(value: dict[str, Any], schema: dict[str, Any]) -> bool:
    known, others = schema.get("properties", {}), schema["additionalProperties"]
    return set(schema.get("required", ())) <= set(value) and all(
        fits(item, known[name]) if name in known else bool(others) and fits(item, others)
        for name, item in value.items()
    )


def _list(value: list[Any], schema: dict[str, Any]) -> bool:
    return len(value) <= schema["maxItems"] and all(fits(item, schema["items"]) for item in value)


def _text(value: str, schema: dict[str, Any]) -> bool:
    pattern = re.search(schema.get("pattern", ""), value)
    return len(value) <= schema.get("maxLength", 1000) and pattern is not None


def _number(value: int, schema: dict[str, Any]) -> bool:
    return schema["minimum"] <= value <= schema["maximum"]


def _any(value: object, schema: dict[str, Any]) -> bool:
    del value, schema
    return True


_Check = Callable[[Any, dict[str, Any]], bool]
_CHECKS: dict[tuple[type[object], str], _Check] = {
    (dict, "object"): _object,
    (list, "array"): _list,
    (str, "string"): _text,
    (int, "integer"): _number,
    (bool, "boolean"): _any,
    (dt.date, "string"): lambda _, schema: schema.get("format") == "date",
}


def test_the_published_schema_is_the_one_of_the_shapes() -> None:
    assert (FOLDER / "program.schema.json").read_text("utf-8") == schema_text()


@pytest.mark.parametrize("template", sorted(FOLDER.glob("*.toml")), ids=lambda path: path.stem)
def test_templates_fit_the_schema(template: Path) -> None:
    assert fits(tomllib.loads(template.read_text("utf-8")), SCHEMA)


def test_what_has_the_wrong_shape_does_not_fit() -> None:
    shapes = {
        ProgramFault.KEY_UNKNOWN,
        ProgramFault.KEY_ABSENT,
        ProgramFault.KIND_UNKNOWN,
        ProgramFault.WORD_UNKNOWN,
        ProgramFault.TYPE_WRONG,
        ProgramFault.NUMBER_NEGATIVE,
    }
    broken = [each for each in BROKEN if each.fault in shapes]

    assert fits(tomllib.loads(GOOD), SCHEMA)
    assert len(broken) > 20
    for each in broken:
        assert not fits(tomllib.loads(each.document.decode()), SCHEMA), each.name


def test_every_shape_says_what_it_is() -> None:
    assert all(each["description"] for each in SCHEMA["$defs"].values())
    assert "version" not in SCHEMA["properties"]
    assert SCHEMA["required"] == ["name", "currency", "earn", "tiers"]
