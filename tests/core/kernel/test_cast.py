"""An instance that is cast is the one that its class would have made."""

from __future__ import annotations

from typing import Any, ClassVar
from uuid import SafeUUID

import attrs
import pytest
from hypothesis import given
from hypothesis import strategies as st

from crmkit.core.kernel.cast import caster
from crmkit.core.kernel.errors import Invalid
from crmkit.core.kernel.ids import Id, id_of


def below_ten(_: Any, field: Any, value: int) -> None:
    if value >= 10:
        raise Invalid(field.name, "is too large", accepts="a number below ten")


@attrs.frozen
class Point:
    x: int
    _y: int


@attrs.frozen
class Validated:
    x: int = attrs.field(validator=below_ten)
    _y: int


@attrs.frozen
class Converted:
    x: int
    _y: int = attrs.field(converter=abs)


@attrs.frozen
class Looking:
    x: int
    _y: int

    def __attrs_post_init__(self) -> None:
        below_ten(self, attrs.fields(Looking).x, self.x)


@attrs.frozen
class Foregoing:
    x: int
    _y: int

    def __attrs_pre_init__(self, x: int, y: int) -> None:
        below_ten(self, attrs.fields(Foregoing).x, x)


@attrs.frozen(slots=False)
class Roomy:
    x: int
    _y: int


@attrs.frozen(cache_hash=True)
class Remembering:
    x: int
    _y: int


class Family:
    members: ClassVar[list[str]] = []

    def __init_subclass__(cls) -> None:
        Family.members.append(cls.__name__)


@attrs.frozen(slots=False)
class Child(Family):
    x: int
    _y: int


@attrs.frozen
class Numbered:
    made: ClassVar[list[int]] = []
    x: int
    _y: int

    def __new__(cls, *_: Any, **__: Any) -> Any:
        Numbered.made.append(1)
        return object.__new__(cls)


class Following(Point):
    __slots__ = ()
    made: ClassVar[list[int]] = []

    def __init__(self, x: int, y: int) -> None:
        Following.made.append(1)
        super().__init__(x, y)


CLASSES = [Point, Validated, Converted, Looking, Foregoing, Roomy, Remembering, Child, Numbered, Following]


def made(make: Any, *values: int) -> Any:
    """The instance, its class and its hash; or what is said instead."""
    try:
        one = make(*values)
    except Invalid as refused:
        return str(refused)
    return one, type(one), hash(one), repr(one)


@pytest.mark.parametrize("cls", CLASSES)
@given(x=st.integers(-20, 20), y=st.integers(-20, 20))
def test_a_cast_is_what_the_class_itself_makes(cls: Any, x: int, y: int) -> None:
    """Whatever attrs or the class does to the values on their way, the same instance, or the same refusal."""
    assert made(caster(cls, ("x", "_y")), x, y) == made(cls, x, y)


@pytest.mark.parametrize("cls", CLASSES)
def test_a_cast_is_as_frozen_as_any(cls: Any) -> None:
    """Nothing of the mould is left; fields come in the order of their names."""
    one = caster(cls, ("_y", "x"))(2, 1)
    assert one == cls(1, 2)
    with pytest.raises(attrs.exceptions.FrozenInstanceError):
        one.x = 3
    with pytest.raises(attrs.exceptions.FrozenInstanceError):
        del one.x


def test_a_class_that_follows_its_family_has_no_mould_in_it() -> None:
    """Whoever is told of subclasses is told of none that nobody wrote."""
    before = list(Family.members)
    caster(Child, ("x", "_y"))(1, 2)
    assert Family.members == before


def test_a_class_that_makes_its_instances_itself_makes_all_of_them() -> None:
    """Its `__new__` is called."""
    Numbered.made.clear()
    caster(Numbered, ("x", "_y"))(1, 2)
    assert Numbered.made == [1]


def test_a_class_that_attrs_did_not_make_has_its_own_init_called() -> None:
    """It has no field of its own, and may do what the class that it follows does not."""
    Following.made.clear()
    caster(Following, ("x", "_y"))(1, 2)
    assert Following.made == [1]


def test_an_init_in_front_of_that_of_attrs_is_passed_by() -> None:
    """Fields that were kept are not read once more as something else."""

    @attrs.frozen(init=False)
    class Doubled:
        x: int

        def __init__(self, half: int) -> None:
            self.__attrs_init__(2 * half)

    assert caster(Doubled, ("x",))(4) == Doubled(2)


@given(st.uuids())
def test_an_id_of_its_bits_is_like_one_that_was_read(uuid: Any) -> None:
    """In its class, its hash and what it is equal to, and as unchangeable."""
    one = id_of(uuid.int)
    assert (type(one), one, hash(one), one.is_safe) == (Id, Id(int=uuid.int), hash(uuid), SafeUUID.unknown)
    with pytest.raises(TypeError):
        one.int = 1  # type: ignore[misc]
