"""What a set of entity classes amounts to: columns, paths, relations, and the way between a record and its row."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from difflib import get_close_matches
from functools import lru_cache
from graphlib import CycleError, TopologicalSorter
from operator import itemgetter
from typing import Any, TypeAlias

from attrs import field, frozen

from crmkit.core.kernel.columns import Column, from_json
from crmkit.core.kernel.custom import CUSTOM
from crmkit.core.kernel.derive import Shape, builder, flattener, shape_of
from crmkit.core.kernel.entity import Entity, Extended, Index, declared
from crmkit.core.kernel.errors import CriteriaError, DefinitionError
from crmkit.core.kernel.fields import Scalar

Row: TypeAlias = tuple[Any, ...]


@frozen
class Relation:
    """A way from one kind of record to another: `account`, along the column `account_id`."""

    path: str
    column: Column
    target: str


@frozen
class Resolved:
    """Where a path leads: over these relations, to this column."""

    hops: tuple[Relation, ...]
    kind: str
    column: Column


@frozen(eq=False)
class EntityModel:
    """One kind of record, as data."""

    kind: str
    cls: type[Entity]
    columns: tuple[Column, ...]
    indexes: tuple[Index, ...]
    by_path: Mapping[str, Column]
    groups: Mapping[str, Column]  #: path of a value such as `budget`: the column that is there whenever the value is
    relations: Mapping[str, Relation]
    position: Mapping[str, int]  #: path: place in the row
    flatten: Callable[[Any], Row]  #: the record's row; raises Invalid, naming the field, for what no store could keep
    build: Callable[[Row], Any]  #: the record that a row is
    shape: Shape = field(repr=False)  #: where in a record each column is found
    kinds: Mapping[str, EntityModel] = field(repr=False)  #: all of the same model, this one too: where relations lead
    blank: Row = field(init=False, repr=False)  #: a row in which nothing was said yet: only defaults of extensions

    @blank.default
    def _defaults(self) -> Row:
        return tuple(from_json(column.scalar, column.default) for column in self.columns)

    def reading(self, column: Column) -> Callable[[Row], Any]:
        """Where a row has the value of a column, also of one that was defined while the program ran."""
        if not column.defined:
            return itemgetter(self.position[column.path])
        place, name = self.position[CUSTOM], column.path.removeprefix(f"{CUSTOM}.")
        return lambda row: None if row[place] is None else row[place].get(name)

    @property
    def parents(self) -> tuple[Column, ...]:
        """The columns that make a tree: those pointing to the same kind."""
        return tuple(column for column in self.columns if column.target == self.kind)


Defined: TypeAlias = Callable[[str], Mapping[str, Column]]


def _nothing(_: str) -> Mapping[str, Column]:
    return {}


@frozen(eq=False)
class Model:
    """All kinds of record that one CRM knows, parents before children."""

    entities: Mapping[str, EntityModel]
    _by_class: Mapping[type[Any], EntityModel] = field(repr=False)
    defined: Defined = field(default=_nothing, repr=False)  #: by path, the fields of a kind that were defined since

    def of(self, cls: type[Any]) -> EntityModel:
        """The model of a class.

        :raises DefinitionError: the class is not part of this CRM
        """
        try:
            return self._by_class[cls]
        except KeyError:
            raise DefinitionError(
                f"{cls.__name__} is not an entity of this CRM", hint="CRM.open(..., entities=[...])"
            ) from None

    def kind(self, kind: str) -> EntityModel:
        """The model of a kind by its name.

        :raises CriteriaError: no such kind
        """
        try:
            return self.entities[kind]
        except KeyError:
            raise CriteriaError(f"there is no kind of record «{kind}»", hint=meant(kind, self.entities)) from None

    def resolve(self, kind: str, path: str) -> Resolved:
        """Where `path` leads from a record of `kind`: its own fields first, then over the longest relation.

        A relation or a value stands for its presence: `account` is `account_id`, `budget` is `budget.amount`.

        :raises CriteriaError: no such path; names the nearest ones
        """
        model, rest, hops = self.kind(kind), path, list[Relation]()
        while True:
            own = model.by_path.get(rest) or model.groups.get(rest)
            if own is not None:
                return Resolved(tuple(hops), model.kind, own)
            if rest in model.relations:
                return Resolved(tuple(hops), model.kind, model.relations[rest].column)
            defined = self.defined(model.kind) if rest.startswith(f"{CUSTOM}.") else {}
            if rest in defined:
                return Resolved(tuple(hops), model.kind, defined[rest])
            relation = _longest_prefix(model.relations, rest)
            if relation is None or relation.target not in self.entities:
                raise CriteriaError(
                    f"{kind} has no «{path}»",
                    hint=meant(rest, [*model.by_path, *model.relations, *defined]),
                    facts={"path": path},
                )
            hops.append(relation)
            model, rest = self.entities[relation.target], rest[len(relation.path) + 1 :]

    @staticmethod
    @lru_cache(maxsize=32)
    def build(entities: tuple[type[Entity], ...], extensions: tuple[type[Any], ...] = ()) -> Model:
        """The model of these classes, made once per set.

        :raises DefinitionError: a kind twice, a field that no store can keep, foreign keys in a circle,
            a relation to a class that is not among them
        """
        classes = {declared(cls).kind: cls for cls in entities}
        if len(classes) != len(set(entities)):
            raise DefinitionError("two entity classes have the same kind", hint="every kind has one class")
        known = {cls.__name__: cls for cls in entities}
        models: dict[str, EntityModel] = {}
        for kind, cls in classes.items():
            models[kind] = _entity_model(cls, _extensions_of(cls, extensions), known, models)
        ordered = {kind: models[kind] for kind in _parents_first(models)}
        return Model(ordered, {model.cls: model for model in ordered.values()})

    @staticmethod
    @lru_cache(maxsize=256)
    def alone(entity: type[Entity]) -> Model:
        """The model of one class by itself: its references are columns that lead nowhere.

        :raises DefinitionError: an annotation whose names only the model of a whole CRM knows
        """
        models: dict[str, EntityModel] = {}
        model = models[declared(entity).kind] = _entity_model(entity, (), {entity.__name__: entity}, models)
        return Model(models, {entity: model})


def _extensions_of(cls: type[Entity], extensions: Iterable[type[Any]]) -> tuple[tuple[str, type[Any]], ...]:
    found: dict[str, type[Any]] = {}
    for extension in extensions:
        says = vars(extension).get("__crm_extends__")
        if not isinstance(says, Extended):
            raise DefinitionError(
                f"{extension.__name__} extends nothing", hint="put @extends(Entity, prefix=...) above"
            )
        if says.entity is cls and found.setdefault(says.prefix, extension) is not extension:
            raise DefinitionError(f"two extensions of {cls.__name__} have the prefix «{says.prefix}»")
    return tuple(found.items())


def _entity_model(
    cls: type[Entity],
    extensions: tuple[tuple[str, type[Any]], ...],
    known: Mapping[str, type[Any]],
    kinds: Mapping[str, EntityModel],
) -> EntityModel:
    spec = declared(cls)
    shape = shape_of(cls, extensions, known)
    columns = tuple(shape.columns())
    by_path = {column.path: column for column in columns}
    names = {column.name for column in columns}
    if len(names) != len(columns):
        raise DefinitionError(f"two fields of {cls.__name__} need the same column name")
    if by_path[CUSTOM].scalar is not Scalar.CUSTOM or any(prefix == CUSTOM for prefix, _ in extensions):
        raise DefinitionError(
            f"{cls.__name__} has another «{CUSTOM}»", hint="that is where fields are kept that are defined at run time"
        )
    for path in (path for index in spec.indexes for path in index.paths):
        if path not in by_path:
            raise DefinitionError(f"{cls.__name__} has no «{path}» to index", hint=meant(path, by_path))
    return EntityModel(
        kind=spec.kind,
        cls=cls,
        columns=columns,
        indexes=spec.indexes,
        by_path=by_path,
        groups=shape.groups(),
        relations={
            path: Relation(path, column, column.target)
            for column in columns
            if column.target is not None
            for path in [column.path.removesuffix("_id")]
        },
        position={column.path: place for place, column in enumerate(columns)},
        flatten=flattener(shape),
        build=builder(shape),
        shape=shape,
        kinds=kinds,
    )


def _parents_first(models: Mapping[str, EntityModel]) -> list[str]:
    needs = {kind: {column.target for column in model.columns if column.target} for kind, model in models.items()}
    for kind, targets in needs.items():
        for target in targets - set(models):
            raise DefinitionError(f"{kind} points to «{target}», which is not an entity of this CRM")
    try:
        return list(
            TopologicalSorter({kind: sorted(targets - {kind}) for kind, targets in needs.items()}).static_order()
        )
    except CycleError as error:
        circle = " -> ".join(error.args[1])
        raise DefinitionError(
            f"foreign keys in a circle: {circle}", hint="keep one direction, find the other by query"
        ) from None


def _longest_prefix(relations: Mapping[str, Relation], path: str) -> Relation | None:
    fitting = [relation for at, relation in relations.items() if path.startswith(f"{at}.")]
    return max(fitting, key=lambda relation: len(relation.path), default=None)


def meant(word: str, words: Iterable[str]) -> str:
    """The question whether one of these words was meant; empty if none is near."""
    near = get_close_matches(word, list(words), n=3, cutoff=0.5)
    return f"did you mean {' or '.join(near)}?" if near else ""
