"""Where the family name stands in a name that was written as one text, as far as writing alone can tell.

Korean and Chinese names begin with it, without a space; most other names end with it. A comma says more than any rule,
and a form that asks for the two parts says most: `PersonName.given_first("María", "García López")`.
"""

from __future__ import annotations

import re
from typing import TypeAlias

Parts: TypeAlias = tuple[str | None, str]  #: family and given name

_HANGUL_OR_HAN = re.compile("[가-힣\u3005\u3007\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U000323af ,]+")

_KOREAN_OF_TWO = "남궁 황보 제갈 사공 선우 서문 독고 동방"
_CHINESE_OF_TWO = """
    欧阳 司马 上官 诸葛 东方 尉迟 公孙 慕容 令狐 司徒 司空 夏侯 皇甫 长孙 宇文 端木 南宫 西门 独孤 鲜于
    歐陽 司馬      諸葛 東方 尉遲 公孫                            長孫           南宮 西門 獨孤 鮮于
"""
_OF_TWO = frozenset(f"{_KOREAN_OF_TWO} {_CHINESE_OF_TWO}".split())

# Words that begin a family name (de la Cruz, van den Berg, al Rashid), in whatever case they are written.
_BEGINNINGS = """
    da das de del della den der di do dos du la las le los san santa ten ter van vom von zu zum zur al bin el ibn
"""
_PARTICLES = frozenset(_BEGINNINGS.split())
# Words in the middle of one: Ortega y Gasset, Puig i Cadafalch. In capitals they are initials.
_JOINERS = frozenset({"y", "i"})


def begins_with_family(name: str) -> bool:
    """Whether a name in its composed form (NFC) is written in Hangul or Han characters alone."""
    return _HANGUL_OR_HAN.fullmatch(name) is not None


def parted_at_comma(name: str) -> Parts | None:
    """What a comma separates, family name first, as in "García López, María"; None without a comma."""
    family, comma, given = name.partition(",")
    return (family.strip(), given.strip()) if comma else None


def family_in_front(name: str) -> Parts:
    """A Korean or Chinese name: split at the space if there is one, else behind a surname of one or two syllables.

    A single syllable could be either, and is taken for the given name.
    """
    family, space, given = name.partition(" ")
    if space:
        return family, given
    length = 2 if len(name) > 2 and name[:2] in _OF_TWO else 1
    return (name[:length], name[length:]) if len(name) > 1 else (None, name)


def family_at_end(name: str) -> Parts:
    """Any other name: the last word with the particles before it; a single word is taken for the given name."""
    words = name.split(" ")
    start = len(words) - 1
    while start > 1:
        before = words[start - 1]
        if before.casefold() in _PARTICLES:
            start -= 1
        elif before in _JOINERS and start > 2:
            start -= 2
        else:
            break
    return (" ".join(words[start:]), " ".join(words[:start])) if start else (None, name)
