"""Reserved keys: texts that one record holds and no other, whichever transaction comes first.

reserved = tx.keys.reserve("email", ["ann@example.com"], holder=lead.id)
reserved.taken                          # (("ann@example.com", Id("...")),): somebody else's, and whose
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, Final

from attrs import frozen

from crmkit.core.kernel.command import command
from crmkit.core.kernel.errors import Refusal, Refused
from crmkit.core.kernel.ids import Id
from crmkit.core.kernel.several import several
from crmkit.core.kernel.text import named

if TYPE_CHECKING:
    from crmkit.core.kernel.work import Work

MOST_KEYS: Final = 1000  #: in one call


@frozen(kw_only=True)
class Reserved:
    """What became of reserving: the keys that the holder has now, and those that are somebody else's."""

    space: str
    held: tuple[str, ...]
    taken: tuple[tuple[str, Id[Any]], ...]  #: each with its holder

    @property
    def refusal(self) -> Refusal | None:
        """Why not all of them are the holder's: `key_taken`, with `space` and `taken` (key to holder) as facts."""
        if not self.taken:
            return None
        which = ", ".join(key for key, _ in self.taken)
        facts = {"space": self.space, "taken": {key: str(holder) for key, holder in self.taken}}
        return Refusal(code="key_taken", says=f"{self.space} {which} is taken", facts=facts)

    def require(self, what: str) -> None:
        """Nothing, if all of them are the holder's.

        :raises Refused: some are not; `what` is refused
        """
        if self.refusal is not None:
            raise Refused(what, [self.refusal])


@frozen(eq=False)
class Keys:
    """The keys of a CRM, in spaces such as `email`: exact texts, to be normalised by whoever reserves them.

    They are kept with the transaction and undone with it. A holder is any id; that there is such a record is not
    looked at. Who holds what has no events, and the journal does not rebuild it.
    """

    work: Work

    @command
    def reserve(self, space: str, keys: Sequence[str], *, holder: Id[Any]) -> Reserved:
        """Let the holder have those of the keys that nobody has.

        Of several transactions that reserve a key at once one gets it, and the others are told whose it is, once that
        one has ended. It stays so for them until they end.

        :raises Invalid: a space or key that is blank or too long, too many keys, no id
        """
        holder = Id.of(holder, "holder")
        found = self._given(space, keys, before=None, after=holder)
        held = tuple([key for key, by in found.items() if by == holder])
        return Reserved(space=space, held=held, taken=tuple([(key, by) for key, by in found.items() if by != holder]))

    @command
    def release(self, space: str, keys: Sequence[str], *, holder: Id[Any]) -> None:
        """Let nobody have those of the keys that the holder has; raises like `reserve`."""
        self._given(space, keys, before=Id.of(holder, "holder"), after=None)

    @command
    def hand_over(self, space: str, keys: Sequence[str], *, holder: Id[Any], to: Id[Any]) -> Reserved:
        """Let `to` have those of the keys that the holder has; raises like `reserve`."""
        to = Id.of(to, "to")
        found = self._given(space, keys, before=Id.of(holder, "holder"), after=to)
        held = tuple([key for key, by in found.items() if by == to])
        return Reserved(space=space, held=held, taken=tuple([(key, by) for key, by in found.items() if by != to]))

    def holders(self, space: str, keys: Sequence[str]) -> Mapping[str, Id[Any]]:
        """Who has these keys, of those that somebody has; raises like `reserve`."""
        named(space, "space")
        return self.work.session.reserve(space, _checked(keys))

    def of(self, holder: Id[Any]) -> tuple[tuple[str, str], ...]:
        """Space and key of all that this holder has, sorted.

        :raises Invalid: no id
        """
        return tuple(self.work.session.keys(Id.of(holder, "holder")))

    def _given(
        self, space: str, keys: Sequence[str], *, before: Id[Any] | None, after: Id[Any] | None
    ) -> dict[str, Id[Any]]:
        named(space, "space")
        wanted = _checked(keys)
        found = self.work.writing().reserve(space, wanted, before=before, after=after)
        return {key: found[key] for key in wanted if key in found}


def _checked(keys: Sequence[str]) -> list[str]:
    given = several(keys, "keys", accepts=f"a list of at most {MOST_KEYS:,} texts", most=MOST_KEYS)
    return list(dict.fromkeys([named(key, "keys") for key in given]))
