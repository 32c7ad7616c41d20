"""From a class to its columns: annotations read once, and two functions generated, record to row and back."""

from __future__ import annotations

import types
from collections.abc import Callable, Iterator, Mapping
from datetime import date, datetime
from decimal import Decimal
from enum import StrEnum
from functools import lru_cache
from itertools import islice
from typing import Annotated, Any, TypeAlias, Union, get_args, get_origin, get_type_hints

import attrs
from attrs import field, frozen

from crmkit.core.kernel.cast import caster, has_own_init
from crmkit.core.kernel.columns import Column, checker, to_json
from crmkit.core.kernel.custom import NO_CUSTOM, Custom
from crmkit.core.kernel.entity import NO_EXTENSIONS, Entity, Extensions, declared
from crmkit.core.kernel.errors import DefinitionError, Invalid, shape
from crmkit.core.kernel.fields import Mark, Scalar
from crmkit.core.kernel.ids import Id

_PLAIN = {int: Scalar.INTEGER, bool: Scalar.FLAG, date: Scalar.DATE, datetime: Scalar.MOMENT, Custom: Scalar.CUSTOM}


@frozen
class Leaf:
    """A field that is one column."""

    attribute: str
    column: Column
    optional: bool = False  #: may be missing by itself, not only with the value that it is part of


@frozen
class Group:
    """A field that is a value of several columns, or a record's own fields."""

    attribute: str
    cls: type[Any]
    parts: tuple[Part, ...]
    optional: bool
    path: str = ""

    def columns(self) -> Iterator[Column]:
        """Every column below, in the order of the row."""
        for part in self.parts:
            if isinstance(part, Leaf):
                yield part.column
            else:
                yield from part.columns()


Part: TypeAlias = Leaf | Group


@frozen
class Shape:
    """A record's fields and those of its extensions."""

    own: Group
    extensions: tuple[Group, ...] = field(default=())

    def columns(self) -> Iterator[Column]:
        """Every column, in the order of the row."""
        for group in (self.own, *self.extensions):
            yield from group.columns()

    def fields(self) -> dict[str, Part]:
        """Every field by its path, those of extensions too; a value of several columns is one."""
        parts = [part for group in (self.own, *self.extensions) for part in group.parts]
        return {part.column.path if isinstance(part, Leaf) else part.path: part for part in parts}

    def groups(self) -> dict[str, Column]:
        """The path of each value of several columns, with the column that is there whenever the value is."""
        values = [part for part in self.own.parts if isinstance(part, Group) and len(part.parts) > 1]
        return {part.path: column for part in values if (column := _witness(part)) is not None}


def shape_of(cls: type[Entity], extensions: tuple[tuple[str, type[Any]], ...], known: Mapping[str, type[Any]]) -> Shape:
    """The columns behind a class and its extensions; names in annotations may be those of any known entity.

    :raises DefinitionError: a field of a type that no store can keep, an extension field without default
    """
    own = Group("", cls, tuple(_parts(cls, "", known, nullable=False)), optional=False)
    return Shape(own, tuple(_extension(prefix, extension, known) for prefix, extension in extensions))


def _extension(prefix: str, extension: type[Any], known: Mapping[str, type[Any]]) -> Group:
    try:
        defaults = extension()
    except TypeError:
        raise DefinitionError(
            f"every field of {extension.__name__} needs a default", hint="the records there are have it"
        ) from None
    plain = Group(prefix, extension, tuple(_parts(extension, f"{prefix}.", known, nullable=False)), optional=False)
    row = _expression_function(plain, defaults)
    columns = iter(
        attrs.evolve(column, default=to_json(value)) for column, value in zip(plain.columns(), row, strict=True)
    )
    return _with_columns(plain, columns)


def _with_columns(group: Group, columns: Iterator[Column]) -> Group:
    parts = [
        attrs.evolve(part, column=next(columns)) if isinstance(part, Leaf) else _with_columns(part, columns)
        for part in group.parts
    ]
    return attrs.evolve(group, parts=tuple(parts))


def _parts(cls: type[Any], prefix: str, known: Mapping[str, type[Any]], *, nullable: bool) -> Iterator[Part]:
    try:
        hints = get_type_hints(cls, localns=dict(known), include_extras=True)
    except NameError as error:
        raise DefinitionError(f"{cls.__name__}: {error.name} is not an entity of this CRM") from None
    for attribute in sorted(attrs.fields(cls), key=lambda attribute: attribute.name != "id"):
        if hints[attribute.name] is not Extensions:
            yield _part(attribute.name, hints[attribute.name], f"{prefix}{attribute.name}", known, nullable=nullable)


def _part(name: str, hint: Any, path: str, known: Mapping[str, type[Any]], *, nullable: bool) -> Part:
    plain, optional, marks = _unwrapped(hint)
    column = Column(
        path=path,
        scalar=Scalar.TEXT,
        nullable=nullable or optional or plain is Custom,
        personal=Mark.PERSONAL in marks,
        stamped=Mark.STAMPED in marks,
    )
    scalar = next((mark for mark in marks if isinstance(mark, Scalar)), None) or _PLAIN.get(plain)
    if scalar is not None:
        return Leaf(name, attrs.evolve(column, scalar=scalar), optional)
    if get_origin(plain) is Id or plain is Id:
        target = next((declared(to).kind for to in get_args(plain) if to is not Any), None) if name != "id" else None
        return Leaf(name, attrs.evolve(column, scalar=Scalar.ID, target=target), optional)
    if isinstance(plain, type) and issubclass(plain, StrEnum):
        return Leaf(name, attrs.evolve(column, scalar=Scalar.CHOICE, choices=plain), optional)
    if isinstance(plain, type) and attrs.has(plain):
        return _value(Group(name, plain, (), optional, path), known, column)
    hint_of = "say which text it is: Code, Name or Text" if plain is str else ""
    hint_of = "say Amount" if plain is Decimal else hint_of
    raise DefinitionError(f"{path}: no store keeps a {getattr(plain, '__name__', plain)}", hint=hint_of)


def _value(value: Group, known: Mapping[str, type[Any]], like: Column) -> Group:
    """The columns of a value class; what is said of the field holds for each of them."""
    parts = tuple(_parts(value.cls, f"{value.path}.", known, nullable=like.nullable))
    if len(parts) == 1 and isinstance(parts[0], Leaf):
        parts = (attrs.evolve(parts[0], column=attrs.evolve(parts[0].column, path=value.path)),)
    value = attrs.evolve(value, parts=parts)
    said = (
        attrs.evolve(column, personal=column.personal or like.personal, stamped=column.stamped or like.stamped)
        for column in value.columns()
    )
    return _with_columns(value, said)


def _unwrapped(hint: Any) -> tuple[Any, bool, tuple[Any, ...]]:
    """The type without `| None` and `Annotated`, whether it may be None, and the marks."""
    optional, marks = False, tuple[Any, ...]()
    while True:
        if get_origin(hint) is Annotated:
            hint, *more = get_args(hint)
            marks += tuple(more)
        elif get_origin(hint) in (Union, types.UnionType):
            inner = [each for each in get_args(hint) if each is not type(None)]
            if len(inner) != 1 or len(inner) == len(get_args(hint)):
                return hint, optional, marks
            optional, hint = True, inner[0]
        else:
            return hint, optional, marks


def _witness(group: Group) -> Column | None:
    """The column that is present exactly when an optional value is: its first that may not be missing by itself."""
    return next((part.column for part in group.parts if isinstance(part, Leaf) and not part.optional), None)


def flattener(shape: Shape) -> Callable[[Any], tuple[Any, ...]]:
    """The generated function from a record to its checked row."""
    code = _Code()
    cells = code.cells(shape.own, "record")
    for group in shape.extensions:
        cells += code.cells(group, code.let(f"record.ext[{code.name(group.cls)}]"))
    return code.function("record", cells)


def _expression_function(group: Group, value: Any) -> tuple[Any, ...]:
    code = _Code()
    row: tuple[Any, ...] = code.function("record", code.cells(group, "record"))(value)
    return row


def cells(part: Part, value: Any) -> tuple[tuple[Column, Any], ...]:
    """The columns of a field, and what stands in them when it has this value.

    :raises Invalid: a value that the field does not take
    """
    if isinstance(part, Leaf):
        return ((part.column, checker(part.column)(value)),)
    columns = tuple(part.columns())
    if value is None and part.optional:
        return tuple((column, None) for column in columns)
    if not isinstance(value, part.cls):
        raise Invalid(part.path, f"got a {type(value).__name__}", accepts=f"a {part.cls.__name__}")
    return tuple(zip(columns, _expression_function(part, value), strict=True))


def _instance(value: Group) -> Callable[[Any], Any]:
    """What lets a value of the class through, and says of anything else that it is none."""

    def checked(given: Any) -> Any:
        if isinstance(given, value.cls) or (given is None and value.optional):
            return given
        raise Invalid(value.path, f"got {shape(given)}", accepts=f"a value of {value.cls.__name__}")

    return checked


class _Code:
    """Source text in the making: statements so far, and the objects that it names."""

    def __init__(self) -> None:
        self.lines: list[str] = []
        self.names: dict[str, Any] = {}

    def name(self, value: Any) -> str:
        """A name under which the generated function reaches `value`."""
        found = f"_{len(self.names)}"
        self.names[found] = value
        return found

    def let(self, expression: str) -> str:
        """A local variable with the value of `expression`."""
        found = f"v{len(self.lines)}"
        self.lines.append(f"    {found} = {expression}")
        return found

    def cells(self, group: Group, source: str) -> list[str]:
        """One checked expression per column of `group`, reading from the expression `source`."""
        cells = []
        for part in group.parts:
            read = f"{source}.{part.attribute}"
            if isinstance(part, Leaf):
                cell = f"{self.name(checker(part.column))}({read})"
                nothing = part.column.scalar is Scalar.CUSTOM  # as most records have there
                cells.append(f"None if {read} is {self.name(NO_CUSTOM)} else {cell}" if nothing else cell)
                continue
            value = self.let(f"{self.name(_instance(part))}({read})")
            if part.optional:
                cells += [f"None if {value} is None else {cell}" for cell in self.cells(part, value)]
            else:
                cells += self.cells(part, value)
        return cells

    def function(self, parameter: str, cells: list[str]) -> Callable[[Any], Any]:
        """The function of one parameter that returns the tuple of `cells`."""
        return self.compiled(parameter, f"({', '.join(cells)},)")

    def compiled(self, parameters: str, result: str) -> Callable[..., Any]:
        """The function of these parameters that returns `result`."""
        source = "\n".join([f"def generated({parameters}):", *self.lines, f"    return {result}"])
        exec(compile(source, "<derived>", "exec"), self.names)
        function: Callable[..., Any] = self.names["generated"]
        return function


def builder(shape: Shape) -> Callable[[tuple[Any, ...]], Any]:
    """The generated function from a row to its record; it was checked before a store kept it."""
    code, cells = _Code(), [f"cell{place}" for place, _ in enumerate(shape.columns())]
    code.lines.append(f"    {', '.join(cells)}, = row")
    left = iter(cells)
    values = _values(shape.own, code, left)
    extended = [_made(group, code, left) for group in shape.extensions]
    ext = f"{code.name(Extensions)}({', '.join(extended)})" if extended else code.name(NO_EXTENSIONS)
    cast = caster(shape.own.cls, (*(part.attribute for part in shape.own.parts), "ext"))
    return code.compiled("row", f"{code.name(cast)}({', '.join([*values, ext])})")


def _made(group: Group, code: _Code, cells: Iterator[str]) -> str:
    cast = caster(group.cls, tuple(part.attribute for part in group.parts))
    return f"{code.name(cast)}({', '.join(_values(group, code, cells))})"


def _values(group: Group, code: _Code, cells: Iterator[str]) -> list[str]:
    defaults = attrs.fields_dict(group.cls)
    return [_expression(part, defaults[part.attribute].default, code, cells) for part in group.parts]


def _expression(part: Part, default: Any, code: _Code, cells: Iterator[str]) -> str:
    """What gives the value of a part; many records have the default there, and then it is the very same."""
    if isinstance(part, Leaf):
        return _value_of(part, next(cells), code)
    own = list(islice(cells, len(list(part.columns()))))
    built = _made(part, code, iter(own))
    if isinstance(default, part.cls):
        usual = code.name(_expression_function(part, default))
        return f"{code.name(default)} if ({', '.join(own)},) == {usual} else {built}"
    if not part.optional:
        return built
    witness = _witness(part)
    if witness is not None:
        own = [own[[column.path for column in part.columns()].index(witness.path)]]
    return f"None if {' is None and '.join(own)} is None else {built}"


def _value_of(leaf: Leaf, cell: str, code: _Code) -> str:
    if leaf.column.scalar is Scalar.CUSTOM:
        return f"{cell} or {code.name(NO_CUSTOM)}"
    if leaf.column.choices is None:
        return cell
    member = f"{code.name({str(choice): choice for choice in leaf.column.choices})}[{cell}]"
    return f"None if {cell} is None else {member}" if leaf.column.nullable else member


@lru_cache(maxsize=1024)
def replacer(cls: type[Any], names: tuple[str, ...]) -> Callable[..., Any]:
    """The generated function from an instance, and values for these of its fields, to one with them; as `attrs.evolve`.

    It knows the fields beforehand, and what was in them was checked already.
    """
    code, given = _Code(), {name: f"given{place}" for place, name in enumerate(names)}
    fields = [each for each in attrs.fields(cls) if each.init]
    values = [given.get(each.name, f"record.{each.name}") for each in fields]
    made = caster(cls, tuple(each.name for each in fields))
    if has_own_init(cls):
        made, values = cls, [f"{each.alias}={value}" for each, value in zip(fields, values, strict=True)]
    return code.compiled(", ".join(["record", *given.values()]), f"{code.name(made)}({', '.join(values)})")
