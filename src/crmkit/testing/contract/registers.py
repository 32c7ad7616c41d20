"""What a store promises of counters and of reserved keys: both decide where they are written."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

import pytest

from crmkit.core.kernel.errors import StoreError
from crmkit.core.kernel.ids import Id
from crmkit.core.kernel.store import Session, Store
from crmkit.core.kernel.whole import LARGEST_INTEGER
from crmkit.testing.contract.checks import unkept
from crmkit.testing.contract.supplied import Supplied, at_once
from crmkit.testing.world.samples import an_id

#: Texts that are taken for each other by those who fold, trim, unescape or cut.
ALIKE: Final = (
    *("a", "A", "a ", " a", "á", "a\u0301", "ａ", "ß", "ss", "%", "_", "\\", "\\\\", "'", '"', "';--", ":key", "%s"),
    *("\t", "\n", "\x01", "\x7f", "\u2028", "\ufeff", "🎉", "한", "x" * 200, "x" * 199 + "y", "🎉" * 200),
)


class Registers(Supplied):
    """Numbers that several transactions write, and keys that several want."""

    def test_a_counter_begins_at_nothing_and_counts(self, session: Session) -> None:
        """Up and down, and is what it was last."""
        said = [session.count("c"), session.count("c", 3), session.count("c", -1), session.count("other", -4)]

        assert said == [0, 3, 2, -4]
        assert (session.count("c"), session.count("other")) == (2, -4)

    def test_a_counter_stays_within_the_bounds(self, session: Session) -> None:
        """Each of which may be reached; whatever goes beyond adds nothing, also when nobody has counted yet."""
        assert session.count("new", 4, least=0, most=3) is None
        assert session.count("new", -1, least=0, most=3) is None
        assert session.count("new", 3, least=0, most=3) == 3
        assert session.count("new", 1, least=0, most=3) is None
        assert session.count("new", -4, least=0, most=3) is None
        assert session.count("new", -3, least=0, most=3) == 0
        assert session.count("low", 1, least=2) is None
        assert session.count("low", 2, least=2) == 2
        assert (session.count("new"), session.count("low")) == (0, 2)

    def test_counters_are_as_wide_as_whole_numbers(self, session: Session) -> None:
        """63 bits and a sign; what would be wider is beyond every bound."""
        assert session.count("c", LARGEST_INTEGER) == LARGEST_INTEGER
        assert session.count("c", 1) is None
        assert session.count("c", -LARGEST_INTEGER) == 0
        assert session.count("c", -LARGEST_INTEGER) == -LARGEST_INTEGER
        assert session.count("c", -1) is None

    def test_keys_are_exact(self, store: Store) -> None:
        """Texts that differ are different counters and different keys, and come back as they were."""
        session = store.begin()
        for number, key in enumerate(ALIKE, start=1):
            assert session.count(key, number) == number
            assert session.reserve(key, [key], after=an_id(number)) == {key: an_id(number)}
            assert session.reserve("all", [key], after=an_id(number)) == {key: an_id(number)}
        session.commit()

        with unkept(store) as other:
            assert [other.count(key) for key in ALIKE] == list(range(1, len(ALIKE) + 1))
            assert other.reserve("all", ALIKE) == {key: an_id(number) for number, key in enumerate(ALIKE, start=1)}
            for number, key in enumerate(ALIKE, start=1):
                assert other.keys(an_id(number)) == sorted([(key, key), ("all", key)])

    def test_a_key_has_one_holder_in_each_space(self, session: Session) -> None:
        """The first; reserving again changes nothing and tells who it is."""
        assert session.reserve("mail", ["b", "a", "b"], after=an_id(1)) == {"a": an_id(1), "b": an_id(1)}
        assert session.reserve("mail", ["b", "c"], after=an_id(2)) == {"b": an_id(1), "c": an_id(2)}
        assert session.reserve("phone", ["b"], after=an_id(2)) == {"b": an_id(2)}
        assert session.reserve("mail", [], after=an_id(2)) == {}

        assert session.reserve("mail", ["a", "b", "c", "d"]) == {"a": an_id(1), "b": an_id(1), "c": an_id(2)}
        assert session.keys(an_id(2)) == [("mail", "c"), ("phone", "b")]
        assert session.keys(an_id(9)) == []

    def test_only_its_holder_gives_a_key_away(self, session: Session) -> None:
        """To another one or to nobody; keys that somebody else has, or nobody, stay as they are."""
        session.reserve("mail", ["a", "b"], after=an_id(1))
        session.reserve("mail", ["c"], after=an_id(2))

        assert session.reserve("mail", ["a", "c", "d"], before=an_id(1)) == {"c": an_id(2)}
        assert session.reserve("mail", ["a", "b", "c"], before=an_id(1), after=an_id(3)) == {
            "b": an_id(3),
            "c": an_id(2),
        }
        assert session.reserve("mail", ["a"], after=an_id(2)) == {"a": an_id(2)}

    def test_many_keys_are_reserved_at_once(self, session: Session) -> None:
        """A thousand."""
        keys = [f"k{number}" for number in range(1000)]
        session.reserve("s", keys[::2], after=an_id(1))

        found = session.reserve("s", keys, after=an_id(2))

        assert [found[key] for key in keys] == [an_id(1), an_id(2)] * 500
        assert len(session.reserve("s", keys, before=an_id(1))) == 500

    def test_what_is_rolled_back_was_never_counted_or_reserved(self, store: Store) -> None:
        """Neither the first of all, nor a change."""
        for _ in range(2):
            with unkept(store) as session:
                assert session.count("c", 2, most=2) == 2
                assert session.reserve("s", ["k"], after=an_id(1)) == {"k": an_id(1)}
        session = store.begin()
        session.count("c", 1)
        session.reserve("s", ["k"], after=an_id(1))
        session.commit()
        with unkept(store) as session:
            session.count("c", -1)
            session.reserve("s", ["k"], before=an_id(1))

        with unkept(store) as session:
            assert (session.count("c"), session.reserve("s", ["k"])) == (1, {"k": an_id(1)})

    def test_a_snapshot_shows_what_was_counted_and_reserved_when_it_began(self, store: Store) -> None:
        """And neither counts nor reserves."""
        session = store.begin()
        session.count("c", 1)
        session.reserve("s", ["k"], after=an_id(1))
        session.commit()
        snapshot = store.snapshot()
        session = store.begin()
        session.count("c", 1)
        session.reserve("s", ["k"], before=an_id(1))
        session.commit()

        attempts: tuple[Callable[[], object], ...] = (
            lambda: snapshot.count("c", 1),
            lambda: snapshot.reserve("s", ["j"], after=an_id(1)),
            lambda: snapshot.reserve("s", ["k"], before=an_id(1)),
        )
        for attempt in attempts:
            with pytest.raises(StoreError, match="does not write"):
                attempt()
            assert (snapshot.count("c"), snapshot.reserve("s", ["k", "j"])) == (1, {"k": an_id(1)})
            assert snapshot.keys(an_id(1)) == [("s", "k")]
        snapshot.rollback()

    @pytest.mark.parametrize("end", ["commit", "rollback"])
    def test_a_transaction_that_is_over_neither_counts_nor_reserves(self, store: Store, end: str) -> None:
        """Nor does it look."""
        session = store.begin()
        getattr(session, end)()

        attempts: tuple[Callable[[], object], ...] = (
            lambda: session.count("c"),
            lambda: session.count("c", 1),
            lambda: session.reserve("s", ["k"]),
            lambda: session.reserve("s", ["k"], after=an_id(1)),
            lambda: session.keys(an_id(1)),
        )
        for attempt in attempts:
            with pytest.raises(StoreError):
                attempt()

    @pytest.mark.parametrize("first", ["commit", "rollback"])
    def test_the_second_to_count_or_reserve_waits_for_the_first(self, store: Store, first: str) -> None:
        """Also if the first is the first of all: what it undoes is there for the second."""
        session = store.begin()
        assert session.count("c", 1, most=1) == 1
        assert session.reserve("s", ["k"], after=an_id(1)) == {"k": an_id(1)}

        def second() -> tuple[int | None, dict[str, Id[Any]]]:
            with unkept(store) as other:
                return other.count("c", 1, most=1), dict(other.reserve("s", ["k"], after=an_id(2)))

        (told,) = at_once([second], meanwhile=getattr(session, first))

        assert told == ((None, {"k": an_id(1)}) if first == "commit" else (1, {"k": an_id(2)}))

    def test_a_limit_holds_however_many_count_at_once(self, store: Store) -> None:
        """From the first of all on: exactly as many succeed as may, nobody fails, and keys have one holder."""

        def counting(turn: int) -> list[tuple[bool, bool]]:
            told = []
            for number in range(10):
                session = store.begin()
                counted = session.count(f"c{number}", 2, least=0, most=5) is not None
                held = session.reserve("s", [f"k{number}", f"a{number}"], after=an_id(turn))
                assert len(set(held.values())) == 1
                told.append((counted, set(held.values()) == {an_id(turn)}))
                session.commit()
            return told

        told = at_once([lambda turn=turn: counting(turn) for turn in range(1, 5)])  # type: ignore[misc]

        for of_one in zip(*told, strict=True):
            assert [sum(done) for done in zip(*of_one, strict=True)] == [2, 1]
        with unkept(store) as session:
            assert [session.count(f"c{number}") for number in range(10)] == [4] * 10
