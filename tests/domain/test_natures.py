import pytest
from hypothesis import given
from hypothesis import strategies as st

from credit_protection.domain.documents import PersonType
from credit_protection.domain.natures import InclusionNature, persons_in
from credit_protection.testing.strategies import natures

PF, PJ = PersonType.PF, PersonType.PJ


@pytest.mark.parametrize(
    ("description", "persons"),
    [
        ("Devedor (PF)", {PF}),
        ("Duplicata (PJ)", {PJ}),
        ("Prestação de serviço (PF/PJ)", {PF, PJ}),
        ("Prestação de serviço (PJ/PF)", {PF, PJ}),
        ("Cheque (PF e PJ)", {PF, PJ}),
        ("Cheque ( pf , pj )", {PF, PJ}),
        ("Cheque (PF) (PJ)", {PF, PJ}),
        ("(PF/PF)", {PF}),
        ("Outras operações", None),
        ("PF sem parênteses", None),
        ("Sigla (PFX)", None),
        ("Sigla (PF/PX)", None),
        ("", None),
    ],
)
def test_mark_of_the_description_gives_the_person_types(description: str, persons: set[PersonType] | None) -> None:
    assert persons_in(description) == persons


@pytest.mark.parametrize(
    ("persons", "for_pf", "for_pj"),
    [
        (frozenset({PF}), True, False),
        (frozenset({PJ}), False, True),
        (frozenset({PF, PJ}), True, True),
        (None, None, None),
    ],
)
def test_nature_admits_the_persons_of_its_mark_and_is_unknown_without_one(
    persons: frozenset[PersonType] | None, for_pf: bool | None, for_pj: bool | None
) -> None:
    nature = InclusionNature("1", "x", persons)

    assert nature.admits(PF) is for_pf
    assert nature.admits(PJ) is for_pj


@given(natures())
def test_mark_and_person_types_agree(nature: InclusionNature) -> None:
    assert persons_in(nature.description) == nature.person_types


@given(st.sampled_from(PersonType).flatmap(lambda person: st.tuples(st.just(person), natures(person))))
def test_nature_for_a_person_admits_that_person(drawn: tuple[PersonType, InclusionNature]) -> None:
    person, nature = drawn
    assert nature.admits(person) is True


@given(st.text())
def test_any_description_is_read(description: str) -> None:
    persons = persons_in(description)
    assert persons is None or persons <= frozenset(PersonType)
