from __future__ import annotations

from typing import Any, get_type_hints
from unicodedata import normalize

import attrs
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from crmkit.core.kernel.errors import Invalid
from crmkit.core.kernel.values import Address, Email, NameOrder, PersonName, Phone, Written

WRITTEN: list[type[Written]] = [PersonName, Email, Phone]
UNFIT: list[Any] = ["", " ", "\x00", "a\x00b", "\ud800", None, 5, b"1"]
ENDLESS = "1" * 10_000_000


def fields_of(value: Any) -> dict[str, Any]:
    """The stored fields, as a loader has them."""
    return attrs.asdict(value, recurse=False)


class TestWritten:
    """What a caller gives for an optional value."""

    @pytest.mark.parametrize("kind", WRITTEN)
    @pytest.mark.parametrize("blank", [None, "", " ", "\t\u3000\n"])
    def test_blank_is_none(self, kind: type[Written], blank: str | None) -> None:
        """An empty cell of a file is no value, and no error."""
        assert kind.given(blank, "cell") is None

    def test_value_is_taken_as_it_is(self) -> None:
        """Who has the value already does not write it down again."""
        email = Email.of("a@example.com")

        assert Email.given(email, "email") is email

    def test_text_is_read(self) -> None:
        """A text becomes the value that it means."""
        assert Email.given(" a@example.com ", "email") == Email.of("a@example.com")

    @pytest.mark.parametrize("kind", WRITTEN)
    @pytest.mark.parametrize("unfit", [5, b"a@example.com", ["x"], "\x00", ","])
    def test_refusal_names_the_field_of_the_caller(self, kind: type[Written], unfit: Any) -> None:
        """The caller's own word for the field is in the error, whoever refused."""
        with pytest.raises(Invalid) as refused:
            kind.given(unfit, "second_contact")

        assert refused.value.field == "second_contact"
        assert refused.value.facts["field"] == "second_contact"
        assert refused.value.accepts

    def test_value_of_another_kind_is_refused(self) -> None:
        """A phone is not taken for an e-mail address."""
        phone: Any = Phone.of("010-1234-5678")

        with pytest.raises(Invalid, match="a text or a value of Email"):
            Email.given(phone, "email")

    @pytest.mark.parametrize("kind", WRITTEN)
    @pytest.mark.parametrize("unfit", UNFIT)
    def test_text_that_no_store_holds_is_refused(self, kind: type[Written], unfit: Any) -> None:
        """Nothing, NUL, half a character, no text at all: refused with a reason."""
        with pytest.raises(Invalid):
            kind.of(unfit)

    @pytest.mark.parametrize("kind", WRITTEN)
    def test_endless_text_is_refused_shortly(self, kind: type[Written]) -> None:
        """Ten megabytes are answered in one line."""
        with pytest.raises(Invalid) as refused:
            kind.given(ENDLESS, "cell")

        assert len(str(refused.value)) < 200

    @pytest.mark.parametrize(
        "value",
        [
            PersonName.of("홍길동"),
            Email.of("Gildong@Example.com"),
            Phone.of("+82 10-1234-5678 ext. 12"),
            Address(city="Seoul", country="KR"),
        ],
        ids=lambda value: type(value).__name__,
    )
    def test_stored_fields_build_the_same_value(self, value: Any) -> None:
        """A loader that knows the fields only gets an equal value with an equal hash, and every field has a type."""
        loaded = type(value)(**fields_of(value))

        assert loaded == value
        assert hash(loaded) == hash(value)
        assert attrs.evolve(value) == value
        assert set(fields_of(value)) <= set(get_type_hints(type(value), include_extras=True))
        with pytest.raises(attrs.exceptions.FrozenInstanceError):
            setattr(value, next(iter(fields_of(value))), "other")


class TestPersonName:
    """Names, in the order of the people who have them."""

    @pytest.mark.parametrize(
        ("text", "family", "given_name", "order"),
        [
            ("홍길동", "홍", "길동", NameOrder.FAMILY_FIRST),
            ("남궁 민수", "남궁", "민수", NameOrder.FAMILY_FIRST),
            ("欧阳娜娜", "欧阳", "娜娜", NameOrder.FAMILY_FIRST),
            ("홍, 길동", "홍", "길동", NameOrder.FAMILY_FIRST),
            ("María García López", "López", "María García", NameOrder.GIVEN_FIRST),
            ("García López, María", "García López", "María", NameOrder.GIVEN_FIRST),
            ("Juan de la Cruz", "de la Cruz", "Juan", NameOrder.GIVEN_FIRST),
            ("  John \t Smith \n", "Smith", "John", NameOrder.GIVEN_FIRST),
            ("Cher", None, "Cher", NameOrder.GIVEN_FIRST),
            ("Smith,", None, "Smith", NameOrder.GIVEN_FIRST),
        ],
    )
    def test_parts_are_found(self, text: str, family: str | None, given_name: str, order: NameOrder) -> None:
        """Family and given name come from where the script, a space or a comma puts them."""
        name = PersonName.of(text)

        assert (name.family_name, name.given_name, name.order) == (family, given_name, order)
        assert str(name) == " ".join(text.split())

    def test_decomposed_hangul_is_split_between_syllables(self) -> None:
        """A name whose syllables are taken apart has whole syllables for parts, and keeps its text."""
        apart = normalize("NFD", "홍길동")

        assert PersonName.of(apart).family_name == "홍"
        assert PersonName.of(apart).full == apart

    def test_known_parts_are_joined_as_they_are_said(self) -> None:
        """Hangul and Han without a space, anything else with one."""
        assert PersonName.family_first("홍", "길동") == PersonName.of("홍길동")
        assert str(PersonName.family_first("Nguyễn", "An")) == "Nguyễn An"
        assert str(PersonName.given_first("María", "García López")) == "María García López"
        assert PersonName.given_first("María", "García López").family_name == "García López"

    def test_blank_part_is_refused_where_both_are_known(self) -> None:
        """Who knows both parts has two."""
        with pytest.raises(Invalid) as refused:
            PersonName.given_first("María", " ")

        assert refused.value.field == "family"

    def test_blank_part_is_none(self) -> None:
        """A name that is loaded again from an empty column is the same."""
        assert PersonName(full="Cher", family_name=" ", given_name="Cher") == PersonName(full="Cher", given_name="Cher")

    def test_order_is_one_of_two(self) -> None:
        """A word for the order that nobody knows is refused with those that are known."""
        order: Any = "upside_down"

        with pytest.raises(Invalid, match="given_first or family_first"):
            PersonName(full="Cher", order=order)

    def test_directory_sorts_by_family_name(self) -> None:
        """Family name first, then given name, whatever the case and width; one word sorts by itself."""
        names = [PersonName.of(text) for text in ["Zoe adams", "Bea Brown", "ＡＮＮ Brown", "Cher", "홍길동", "강감찬"]]

        assert [str(name) for name in sorted(names, key=lambda name: name.sort_key)] == [
            *["Zoe adams", "ＡＮＮ Brown", "Bea Brown", "Cher", "강감찬", "홍길동"]
        ]

    @given(
        st.text(
            st.characters(exclude_categories=["Cs"], exclude_characters="\x00") | st.sampled_from(" ,홍de"), max_size=60
        )
    )
    def test_no_character_is_lost(self, text: str) -> None:
        """Whatever stands in a name but blanks stands in `full`, and but commas in the parts."""
        assume(text.strip(" ,") and " ".join(text.split()).strip(" ,"))
        name = PersonName.of(text)
        front_first = name.order is NameOrder.FAMILY_FIRST or "," in normalize("NFC", name.full).strip(" ,")
        parts = [name.family_name, name.given_name] if front_first else [name.given_name, name.family_name]

        assert name.full.split() == text.split()
        assert _letters("".join(filter(None, parts))) == _letters(normalize("NFC", name.full))

    @given(st.text(st.sampled_from("홍길동欧阳 ,deYy"), min_size=1, max_size=30).filter(lambda text: text.strip(" ,")))
    def test_reading_twice_is_reading_once(self, text: str) -> None:
        """What a name says of itself is read as the same name."""
        assert PersonName.of(str(PersonName.of(text))) == PersonName.of(text)


def _letters(text: str) -> str:
    return "".join(text.replace(",", " ").split())


class TestEmail:
    """Addresses with the shape of one."""

    @pytest.mark.parametrize(
        "address",
        [
            "gildong@example.com",
            "Gil.Dong+crm@Sub.Example.co.kr",
            "o'neil@example.com",
            '"a@b"@example.com',
            "홍길동@예시.한국",
            "a@localhost",
            "x@" + "d" * 63 + ".com",
            "l" * 64 + "@example.com",
        ],
    )
    def test_address_is_kept_as_written(self, address: str) -> None:
        """Case, tags and letters of any script stay."""
        assert str(Email.of(address)) == address

    @pytest.mark.parametrize("blanks", [" ", "\t", "\u3000", "\xa0"])
    def test_blanks_around_it_go(self, blanks: str) -> None:
        """A cell padded with blanks holds the same address."""
        assert Email.of(f"{blanks}a@example.com{blanks}") == Email.of("a@example.com")

    @pytest.mark.parametrize(
        "text",
        [
            *["a", "@", "a@", "@example.com", "a@b@example.com", "a b@example.com", "a@exam ple.com", "a@example..com"],
            *["a@.com", "a@example.com.", "a@-example.com", "a@example-.com", "a@exam_ple.com", "a@[192.0.2.1]"],
            *["a@example.com\n", "a@example.com\r\nBcc: b@example.com", "a\x07@example.com", "a\u200b@example.com"],
            *["a\u202e@example.com", "Gildong <a@example.com>", "<a@example.com>", "mailto:a@example.com"],
            *["a@example.com;b@example.com", "a@example.com,b@example.com", '"@example.com', '""@example.com'],
            *["x@" + "d" * 64 + ".com", "l" * 65 + "@example.com", "홍" * 22 + "@example.com"],
        ],
    )
    def test_other_shapes_are_refused(self, text: str) -> None:
        """Two addresses, a display name, a line break, an invisible character: none is one address."""
        with pytest.raises(Invalid) as refused:
            Email.of(text)

        assert refused.value.field == "email"

    def test_longest_address_has_254_octets(self) -> None:
        """The limit counts octets, and is exact."""
        domain = ".".join(["d" * 60] * 3)
        fits = "l" * 64 + "@" + domain + "." + "e" * (254 - 65 - len(domain) - 1)

        assert len(fits) == 254
        assert Email.of(fits).address == fits
        with pytest.raises(Invalid):
            Email.of(fits + "e")
        with pytest.raises(Invalid):
            Email.of(fits[:-1] + "é")

    def test_constructor_refuses_what_of_refuses(self) -> None:
        """No way around the shape leads through the fields."""
        with pytest.raises(Invalid):
            Email(address="a@example.com\n")

    def test_domain_is_folded(self) -> None:
        """Addresses of one company have one domain, also behind a quoted @."""
        assert Email.of("a@Example.COM").domain == "example.com"
        assert Email.of('"a@b"@example.com').domain == "example.com"

    def test_repr_evaluates_to_the_same(self) -> None:
        """What a debugger shows can be pasted."""
        assert repr(Email.of("a@example.com")) == "Email.of('a@example.com')"

    @given(st.emails())
    def test_reading_twice_is_reading_once(self, address: str) -> None:
        """Every address of RFC 5322 without quotes is taken, and says itself."""
        email = Email.of(address)

        assert email.address == address
        assert Email.of(str(email)) == email


class TestPhone:
    """Numbers as written, with the digits they are compared by."""

    def test_same_number_has_the_same_digits(self) -> None:
        """However it is written, its digits are the same; the writing stays."""
        assert Phone.of("010-1234-5678").number == Phone.of("010 1234 5678 (내선 12)").number == "01012345678"
        assert str(Phone.of(" 010 1234 5678 (내선 12) ")) == "010 1234 5678 (내선 12)"

    def test_rule_says_who_read_it(self) -> None:
        """A number tells by which rule and version its digits were found."""
        assert Phone.of("010-1234-5678").rule == "digits/1"

    @pytest.mark.parametrize(
        "text", ["1234", "1" * 16, "+12", "none", "010-1234-567a", "-----", "010-1234-5678, 010-2222-3333"]
    )
    def test_other_shapes_are_refused(self, text: str) -> None:
        """Too short, too long, with letters, two at once: none is a number, and the message shows one that is."""
        with pytest.raises(Invalid, match="010-1234-5678 or") as refused:
            Phone.of(text)

        assert refused.value.field == "phone"

    def test_constructor_refuses_digits_that_are_none(self) -> None:
        """Stored digits have the form that comparing needs."""
        with pytest.raises(Invalid):
            Phone(written="010-1234-5678", number="010-1234-5678")

    def test_repr_is_short(self) -> None:
        """A debugger shows the writing."""
        assert repr(Phone.of("010-1234-5678")) == "Phone.of('010-1234-5678')"

    @given(st.from_regex(r"(\+|00)?[1-9][0-9 .()/-]{4,16}( x[0-9]{1,5})?", fullmatch=True))
    def test_digits_are_their_own_number(self, text: str) -> None:
        """A number that is read again is itself, and the writing reads the same again."""
        try:
            phone = Phone.of(text)
        except Invalid:
            assume(False)
            raise

        assert Phone.of(phone.number).number == phone.number
        assert Phone.of(str(phone)) == phone


class TestAddress:
    """Places of which any part may be missing."""

    def test_one_part_is_enough(self) -> None:
        """A city alone can be visited."""
        assert Address(city="Seoul").city == "Seoul"

    @pytest.mark.parametrize("nothing", [{}, {"street": ""}, {"city": " ", "country": "\u3000"}])
    def test_nothing_at_all_is_refused(self, nothing: dict[str, str]) -> None:
        """An address of blanks is None, not an address."""
        with pytest.raises(Invalid, match="None instead"):
            Address(**nothing)

    def test_blank_parts_are_none(self) -> None:
        """Blank columns and padded ones load as the same address."""
        assert Address(street=" ", city=" Seoul ") == Address(city="Seoul")

    @pytest.mark.parametrize("country", ["kr", "KOR", "K", "한국", "K1", "ＫＲ"])
    def test_country_is_two_capital_letters(self, country: str) -> None:
        """Names and other codes of a country are refused with the code of one."""
        with pytest.raises(Invalid, match="such as KR") as refused:
            Address(country=country)

        assert refused.value.field == "country"

    @pytest.mark.parametrize("part", ["street", "city", "region", "postal_code", "country"])
    def test_part_that_no_store_holds_is_refused_by_name(self, part: str) -> None:
        """NUL, half a character, ten megabytes, no text: the refusal says in one line which part it is."""
        unfit: list[Any] = ["\x00", "\udfff", ENDLESS, 5]
        for value in unfit:
            with pytest.raises(Invalid) as refused:
                Address(**{part: value})

            assert refused.value.field == part
            assert len(str(refused.value)) < 200
