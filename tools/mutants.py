"""Small changes to a module's rules, each of which some test should notice.

The kinds are those of cosmic-ray: comparisons, arithmetic, `and`/`or`, `not`, numbers, branches,
loops and results; besides, `min`/`max` and `any`/`all` are exchanged. Texts are left alone: words
that a person reads are judged by people. So are `assert` and the `strict` of `zip` (they state what
is true anyway), type annotations, decorators and keywords of a class statement.
"""

import ast
import copy
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import cast

_COMPARED: dict[type[ast.cmpop], tuple[type[ast.cmpop], ...]] = {
    ast.Lt: (ast.LtE, ast.GtE),
    ast.LtE: (ast.Lt, ast.Gt),
    ast.Gt: (ast.GtE, ast.LtE),
    ast.GtE: (ast.Gt, ast.Lt),
    ast.Eq: (ast.NotEq,),
    ast.NotEq: (ast.Eq,),
    ast.In: (ast.NotIn,),
    ast.NotIn: (ast.In,),
    ast.Is: (ast.IsNot,),
    ast.IsNot: (ast.Is,),
}
_COMPUTED: dict[type[ast.operator], type[ast.operator]] = {
    ast.Add: ast.Sub,
    ast.Sub: ast.Add,
    ast.Mult: ast.FloorDiv,
    ast.FloorDiv: ast.Mult,
    ast.Mod: ast.FloorDiv,
    ast.BitAnd: ast.BitOr,
    ast.BitOr: ast.BitAnd,
    ast.LShift: ast.RShift,
    ast.RShift: ast.LShift,
}
_EXCHANGED = {"min": "max", "max": "min", "any": "all", "all": "any"}
_LEFT_ALONE = (ast.Assert, ast.Import, ast.ImportFrom)
_Path = tuple[tuple[str, int | None], ...]


@dataclass(frozen=True)
class Mutant:
    """One change: in which module and line, and what it is in words."""

    module: str
    line: int
    what: str
    number: int

    @property
    def text(self) -> str:
        """The change as a person reads it."""
        return f"{self.module}:{self.line}: {self.what}"


@dataclass(frozen=True)
class _Change:
    """Where a change goes in the tree, what it says, and how it is done to a copy."""

    path: _Path
    line: int
    what: str
    make: Callable[[ast.AST], ast.AST]


def mutants_of(path: Path, module: str) -> list[Mutant]:
    """Return every change that can be made to a module, in the order of its lines."""
    changes = _changes(ast.parse(path.read_text(encoding="utf-8")))
    return [
        Mutant(module, change.line, change.what, number) for number, change in enumerate(changes)
    ]


def mutated(source: str, number: int) -> ast.Module:
    """Return the module's tree with the change of this number."""
    tree = ast.parse(source)
    change = _changes(tree)[number]
    parent, place = _parent_of(tree, change.path)
    name, index = place
    old = getattr(parent, name) if index is None else getattr(parent, name)[index]
    new = ast.copy_location(change.make(copy.deepcopy(old)), old)
    if index is None:
        setattr(parent, name, new)
    else:
        getattr(parent, name)[index] = new
    return ast.fix_missing_locations(tree)


def _parent_of(tree: ast.AST, path: _Path) -> tuple[ast.AST, tuple[str, int | None]]:
    node = tree
    for name, index in path[:-1]:
        below = getattr(node, name)
        node = below if index is None else below[index]
    return node, path[-1]


def _changes(tree: ast.Module) -> list[_Change]:
    return [
        _Change(path, _line(node), what, make)
        for path, node in _walk(tree, ())
        for what, make in _kinds(node)
    ]


def _line(node: ast.AST) -> int:
    return node.target.lineno if isinstance(node, ast.comprehension) else getattr(node, "lineno", 0)


def _walk(node: ast.AST, path: _Path) -> Iterator[tuple[_Path, ast.AST]]:
    """Yield the nodes that hold rules, each with the way to it."""
    if path:
        yield path, node
    for name, value in ast.iter_fields(node):
        if _is_no_rule(node, name):
            continue
        if isinstance(value, ast.AST) and not isinstance(value, _LEFT_ALONE):
            yield from _walk(value, (*path, (name, None)))
        elif isinstance(value, list):
            yield from _walk_list(cast("list[object]", value), name, path)


def _walk_list(values: list[object], name: str, path: _Path) -> Iterator[tuple[_Path, ast.AST]]:
    for index, each in enumerate(values):
        if isinstance(each, ast.AST) and not isinstance(each, _LEFT_ALONE):
            yield from _walk(each, (*path, (name, index)))


_NO_RULES: dict[type[ast.AST], frozenset[str]] = {
    ast.FunctionDef: frozenset({"decorator_list", "returns"}),
    ast.ClassDef: frozenset({"decorator_list", "bases", "keywords"}),
    ast.arg: frozenset({"annotation"}),
    ast.AnnAssign: frozenset({"annotation"}),
}


def _is_no_rule(node: ast.AST, name: str) -> bool:
    """Tell whether a field of a node holds types, decorators or a class's own settings."""
    match node:
        case ast.Assign(targets=[ast.Name()]):
            # `Reward = AmountOff | PercentOff` names a type.
            return name == "value" and _is_type_name(node)
        case ast.Call(func=ast.Name(id="cast" | "TypeVar" | "NewType")):
            return True
        case ast.keyword(arg="strict"):
            return True
        case ast.Subscript():
            return name == "slice" and _is_type_index(node)
        case _:
            return name in _NO_RULES.get(type(node), ())


def _is_type_name(node: ast.Assign) -> bool:
    def only_names(value: ast.expr) -> bool:
        match value:
            case ast.BinOp(left=left, op=ast.BitOr(), right=right):
                return only_names(left) and only_names(right)
            case ast.Name() | ast.Attribute() | ast.Subscript():
                return True
            case _:
                return False

    return isinstance(node.value, ast.BinOp) and only_names(node.value)


def _is_type_index(node: ast.Subscript) -> bool:
    """Tell `dict[str, int | None]` from `lines[0]`: the name before is a type's."""
    match node.value:
        case ast.Name(id=name) | ast.Attribute(attr=name):
            return name[:1].isupper() or name in {"dict", "list", "tuple", "set", "frozenset"}
        case _:
            return False


def _kinds(node: ast.AST) -> Iterator[tuple[str, Callable[[ast.AST], ast.AST]]]:
    """Yield every change of a node: its words and how to do it."""
    match node:
        case ast.Compare():
            yield from _comparisons(node)
        case ast.BinOp(op=op) if type(op) in _COMPUTED and not _is_text(node):
            other = _COMPUTED[type(op)]
            yield _words(op, other), _setting("op", other())
        case ast.AugAssign(op=op) if type(op) in _COMPUTED:
            other = _COMPUTED[type(op)]
            yield f"{_words(op, other)} in place", _setting("op", other())
        case ast.BoolOp(op=op):
            turned = ast.Or if isinstance(op, ast.And) else ast.And
            yield _words(op, turned), _setting("op", turned())
        case ast.UnaryOp(op=ast.Not() | ast.USub() as op):
            yield f"{type(op).__name__} taken away", lambda old: getattr(old, "operand")  # noqa: B009 - the node's kind is known
        case ast.Constant(value=value) if isinstance(value, int):
            yield from _numbers(value)
        case ast.Call(func=ast.Name(id=name)) if name in _EXCHANGED:
            yield f"{name} → {_EXCHANGED[name]}", _setting("func", _name(_EXCHANGED[name]))
        case _:
            yield from _statements(node)


def _statements(node: ast.AST) -> Iterator[tuple[str, Callable[[ast.AST], ast.AST]]]:
    match node:
        case ast.If(test=test) | ast.IfExp(test=test) | ast.While(test=test):
            yield "condition turned", _setting("test", ast.UnaryOp(ast.Not(), test))
        case ast.comprehension(ifs=[first, *rest]):
            yield (
                "filter turned",
                _setting("ifs", [ast.UnaryOp(ast.Not(), first), *rest]),
            )
        case ast.For():
            yield "loop never entered", _setting("iter", ast.Tuple([], ast.Load()))
        case ast.Break():
            yield "break → continue", lambda _: ast.Continue()
        case ast.Continue():
            yield "continue → break", lambda _: ast.Break()
        case ast.Return(value=value) if value is not None and not _is_none(value):
            yield "returns None", _setting("value", ast.Constant(None))
        case ast.Expr(value=ast.Call() | ast.YieldFrom() | ast.Yield()):
            yield "statement taken away", lambda _: ast.Pass()
        case _:
            return


def _comparisons(node: ast.Compare) -> Iterator[tuple[str, Callable[[ast.AST], ast.AST]]]:
    for place, op in enumerate(node.ops):
        for other in _COMPARED.get(type(op), ()):
            ops = [*node.ops[:place], other(), *node.ops[place + 1 :]]
            yield _words(op, other), _setting("ops", ops)


def _numbers(value: int) -> Iterator[tuple[str, Callable[[ast.AST], ast.AST]]]:
    if isinstance(value, bool):
        yield f"{value} → {not value}", lambda _: ast.Constant(not value)
        return
    yield f"{value} → {value + 1}", lambda _: ast.Constant(value + 1)
    if value > 0:
        yield f"{value} → {value - 1}", lambda _: ast.Constant(value - 1)


def _is_text(node: ast.BinOp) -> bool:
    """Tell whether an operand is a text: joining words is no arithmetic."""
    sides = (node.left, node.right)
    return any(
        isinstance(side, ast.JoinedStr)
        or (isinstance(side, ast.Constant) and isinstance(side.value, str | bytes))
        for side in sides
    )


def _is_none(value: ast.expr) -> bool:
    return isinstance(value, ast.Constant) and value.value is None


def _name(text: str) -> ast.Name:
    return ast.Name(text, ast.Load())


def _words(old: ast.AST, new: type[ast.AST]) -> str:
    return f"{type(old).__name__} → {new.__name__}"


def _setting(name: str, value: object) -> Callable[[ast.AST], ast.AST]:
    """Return what gives a copied node another value in one field."""

    def change(node: ast.AST) -> ast.AST:
        setattr(node, name, value)
        return node

    return change
