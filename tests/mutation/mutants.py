"""The mutants of a module: its source with one small mistake in it."""

import ast
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

# What stands at the left is replaced by what stands at the right.
SWAPS: dict[type[ast.AST], type[ast.AST]] = {
    ast.Eq: ast.NotEq,
    ast.NotEq: ast.Eq,
    ast.Lt: ast.LtE,
    ast.LtE: ast.Lt,
    ast.Gt: ast.GtE,
    ast.GtE: ast.Gt,
    ast.Is: ast.IsNot,
    ast.IsNot: ast.Is,
    ast.In: ast.NotIn,
    ast.NotIn: ast.In,
    ast.Add: ast.Sub,
    ast.Sub: ast.Add,
    ast.Mult: ast.Add,
    ast.Div: ast.Mult,
    ast.FloorDiv: ast.Mult,
    ast.Mod: ast.Mult,
    ast.BitOr: ast.BitAnd,
    ast.BitAnd: ast.BitOr,
    ast.LShift: ast.RShift,
    ast.RShift: ast.LShift,
    ast.Break: ast.Pass,
    ast.Continue: ast.Pass,
    ast.Raise: ast.Pass,
    ast.AugAssign: ast.Pass,
}

# Types are mypy's to judge, and a class that could be changed behaves like a frozen one.
SKIPPED_FIELDS = {"annotation", "returns", "decorator_list"}

# A string of one word is data (a key, a protocol, a state); a sentence is prose.
WORD = re.compile(r"[\w./:*%-]*")


@dataclass(frozen=True)
class Mutant:
    """A mistake: its line in the module, what it changes as a diff, and the module with it."""

    line: int
    diff: str
    source: str


def mutants(source: str) -> Iterator[Mutant]:
    """Return the mutants of a module, in the order of its lines."""
    shebang = source[: source.index("\n") + 1] if source.startswith("#!") else ""
    parts = [ast.Module([statement], []) for statement in ast.parse(source).body]
    texts = [ast.unparse(part) for part in parts]
    for number, part in enumerate(parts):
        for line, mutated in _mutations(part, part, 1):
            whole = "\n".join([*texts[:number], mutated, *texts[number + 1 :]])
            yield Mutant(line, _diff(texts[number], mutated), f"{shebang}{whole}\n")


def _mutations(tree: ast.Module, parent: ast.AST, line: int) -> Iterator[tuple[int, str]]:
    """Return line and text of every mutant made below a node; the tree is as before afterwards."""
    for field, value in ast.iter_fields(parent):
        if field in SKIPPED_FIELDS or _is_main_guard(value):
            continue
        children = value if isinstance(value, list) else [value]
        for index, child in enumerate(children):
            if not isinstance(child, ast.AST) or _is_docstring(child) or _is_main_guard(child):
                continue
            if _is_no_behaviour(child):
                continue
            at = getattr(child, "lineno", line)
            for replacement in _replacements(parent, field, child):
                _put(parent, field, index, replacement)
                yield at, ast.unparse(ast.fix_missing_locations(tree))
            _put(parent, field, index, child)
            yield from _mutations(tree, child, at)


def _put(parent: ast.AST, field: str, index: int, child: ast.AST) -> None:
    value = getattr(parent, field)
    if isinstance(value, list):
        value[index] = child
    else:
        setattr(parent, field, child)


def _replacements(parent: ast.AST, field: str, node: ast.AST) -> Iterator[ast.AST]:
    """Return what may stand in a node's place by mistake."""
    if type(node) in SWAPS:
        yield SWAPS[type(node)]()
    if field in {"test", "ifs"} and not isinstance(parent, ast.Assert):
        yield ast.Constant(False)
        if not isinstance(parent, ast.While):
            yield ast.Constant(True)
    if isinstance(node, ast.Constant):
        if not isinstance(parent, ast.JoinedStr):
            yield from _other_constant(node)
    else:
        yield from _left_out(node)


def _other_constant(node: ast.Constant) -> Iterator[ast.AST]:
    match node.value:
        case bool(value):
            yield ast.Constant(not value)
        case int(value) | float(value):
            yield ast.Constant(value + 1)
        case str(value) if WORD.fullmatch(value):
            yield ast.Constant(value + "x")


def _left_out(node: ast.AST) -> Iterator[ast.AST]:
    """Return the node without one of its parts: an operand, a result, an effect, an exception."""
    match node:
        case ast.BoolOp(values=values):
            for value in values:
                rest = [other for other in values if other is not value]
                yield rest[0] if len(rest) == 1 else ast.BoolOp(node.op, rest)
        case ast.UnaryOp(operand=operand):
            yield operand
        case ast.Return(value=ast.expr() as value) if not isinstance(value, ast.Constant):
            yield ast.Return(ast.Constant(None))
        case ast.Expr() | ast.Assign(targets=[ast.Attribute() | ast.Subscript()]):
            yield ast.Pass()
        case ast.ExceptHandler(name=name, body=body):
            yield ast.ExceptHandler(ast.Tuple([], ast.Load()), name, body)


def _is_docstring(node: ast.AST) -> bool:
    return isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)


def _is_main_guard(node: object) -> bool:
    return isinstance(node, ast.If) and ast.unparse(node.test) in {
        "__name__ == '__main__'",
        "TYPE_CHECKING",
    }


def _is_no_behaviour(node: ast.AST) -> bool:
    """Whether a part is a type variable's name, or says how a text is laid out."""
    if isinstance(node, ast.keyword):
        return node.arg in {"indent", "width"}
    return isinstance(node, ast.Call) and ast.unparse(node.func) == "TypeVar"


def _diff(original: str, mutated: str) -> str:
    """Return the lines that differ: a mistake is in one place, so what is around it is equal."""
    before, after = original.splitlines(), mutated.splitlines()
    start = _equal_lines(before, after)
    end = _equal_lines(before[start:][::-1], after[start:][::-1])
    old, new = (lines[start : len(lines) - end] for lines in (before, after))
    return "\n".join([*(f"-{line}" for line in old), *(f"+{line}" for line in new)])


def _equal_lines(one: Sequence[str], other: Sequence[str]) -> int:
    """Return how many lines are equal from the start."""
    pairs = zip(one, other, strict=False)
    return next((n for n, (a, b) in enumerate(pairs) if a != b), min(len(one), len(other)))
