"""What a bureau sells: its natures, its products, and what its gateway can do."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING

from hypothesis import strategies as st

from credit_protection.domain.capabilities import (
    AnswerKind,
    Capabilities,
    FieldLimit,
    Overflow,
    Pace,
    Registry,
    RemovalKey,
)
from credit_protection.domain.documents import PersonType
from credit_protection.domain.money import ZERO, Money
from credit_protection.domain.natures import InclusionNature
from credit_protection.domain.products import Product, ProductInput, ProductKind
from credit_protection.testing.strategies.documents_and_money import money
from credit_protection.testing.strategies.shared import NOW, ids

if TYPE_CHECKING:
    from hypothesis.strategies import SearchStrategy


NATURE = InclusionNature("1", "Devedor (PF/PJ)", frozenset(PersonType))
"""The nature that `candidates` asks for."""

_LIMITED_FIELDS = ("name", "street", "number", "complement", "district", "city")


def natures(person_type: PersonType | None = None) -> SearchStrategy[InclusionNature]:
    """A nature of inclusion, with the bureau's mark in its description where there is one.

    Args:
        person_type: one that it admits for sure; None for any nature, unmarked ones too.
    """
    marked = (
        InclusionNature("1", "Devedor (PF)", frozenset({PersonType.PF})),
        InclusionNature("2", "Duplicata (PJ)", frozenset({PersonType.PJ})),
        InclusionNature("3", "Prestação de serviço (PF/PJ)", frozenset(PersonType)),
    )
    unmarked = InclusionNature("4", "Outras operações")
    if person_type is None:
        return st.sampled_from((*marked, unmarked))
    return st.sampled_from([nature for nature in marked if nature.admits(person_type)])


def products(kind: ProductKind | None = None) -> SearchStrategy[Product]:
    """A product of a bureau, offered to operators or not.

    Args:
        kind: query, inclusion or removal; None for any. Only queries ask for inputs.
    """
    if kind is None:
        return st.one_of([products(each) for each in ProductKind])
    extra = st.builds(
        ProductInput, code=ids("I"), name=st.sampled_from(("Modelo de score", "UF de origem")), required=st.booleans()
    )
    asked = kind is ProductKind.QUERY
    return st.builds(
        Product,
        code=ids("P"),
        name=st.sampled_from(("Consulta completa", "Consulta simples", "Inclusão", "Baixa")),
        kind=st.just(kind),
        person_types=st.sampled_from([frozenset({each}) for each in PersonType] + [frozenset(PersonType)]),
        inputs=st.lists(extra, max_size=3, unique_by=lambda each: each.code).map(tuple) if asked else st.just(()),
        price=st.none() | money(maximum=Money(50_00)),
        hidden=st.booleans(),
        gone_at=st.none() | st.just(NOW),
    )


def capabilities(registry: Registry | None = None) -> SearchStrategy[Capabilities]:
    """What a gateway declares, in any combination that makes sense: what includes also removes, polling is a look-up.

    Args:
        registry: where its records end up; None for any.
    """

    def sensible(drawn: Capabilities) -> Capabilities:
        return replace(
            drawn,
            remove=drawn.include or drawn.remove,
            polling=drawn.find and drawn.polling,
            includes_pj=drawn.includes_pj or not drawn.includes_pf,
        )

    limits = st.builds(FieldLimit, length=st.integers(20, 60), overflow=st.sampled_from(Overflow))
    return st.builds(
        Capabilities,
        registry=st.sampled_from(Registry) if registry is None else st.just(registry),
        query=st.booleans(),
        include=st.booleans(),
        remove=st.booleans(),
        find=st.booleans(),
        list_records=st.booleans(),
        polling=st.booleans(),
        callback=st.booleans(),
        product_sync=st.booleans(),
        nature_sync=st.booleans(),
        test_environment=st.booleans(),
        answer_kind=st.sampled_from(AnswerKind),
        alphanumeric_cnpj=st.booleans(),
        grouping=st.booleans(),
        removal_key=st.sampled_from(RemovalKey),
        include_is_repeatable=st.booleans(),
        remove_is_repeatable=st.booleans(),
        not_found_is_an_answer=st.booleans(),
        max_processing=st.integers(0, 3600).map(_seconds),
        call_deadline=st.integers(1, 120).map(_seconds),
        minimum_amount=st.sampled_from((ZERO, Money(10_00))),
        field_limits=st.dictionaries(st.sampled_from(_LIMITED_FIELDS), limits, max_size=3),
        includes_pf=st.booleans(),
        includes_pj=st.booleans(),
        poll_pace=st.builds(Pace, first=st.integers(1, 60).map(_seconds), cap=st.integers(60, 3600).map(_seconds)),
    ).map(sensible)


def _seconds(count: int) -> timedelta:
    return timedelta(seconds=count)
