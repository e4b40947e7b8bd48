"""What a bureau sells: natures, products, and the capabilities of its gateway."""

from __future__ import annotations

from dataclasses import fields, replace
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from hypothesis import strategies as st

from credit_protection.domain.capabilities import (
    Backoff,
    Capabilities,
    FieldLimit,
    Overflow,
    Registry,
    RemovalKey,
)
from credit_protection.domain.documents import PersonType
from credit_protection.domain.money import ZERO, Money
from credit_protection.domain.natures import InclusionNature
from credit_protection.domain.products import Product, ProductInput, ProductKind
from credit_protection.testing.strategies.documents_and_money import money
from credit_protection.testing.strategies.shared import NOW, derived, ids

if TYPE_CHECKING:
    from hypothesis.strategies import SearchStrategy

NATURE = InclusionNature("1", "Devedor (PF/PJ)", frozenset(PersonType))
"""The nature of `candidates`."""

_LIMITED_FIELDS = ("name", "street", "number", "complement", "district", "city")


def natures(person_type: PersonType | None = None) -> SearchStrategy[InclusionNature]:
    """A nature of inclusion: one that admits the person type, or any (None), those without a mark too."""
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
    """A product of a bureau of that kind, or of any (None), offered to operators or not. Only queries have inputs."""
    if kind is None:
        return st.one_of([products(each) for each in ProductKind])
    extra = st.builds(
        ProductInput, code=ids("I"), name=st.sampled_from(("Modelo de score", "UF de origem")), required=st.booleans()
    )
    has_inputs = kind is ProductKind.QUERY
    return st.builds(
        Product,
        code=ids("P"),
        name=st.sampled_from(("Consulta completa", "Consulta simples", "Inclusão", "Baixa")),
        kind=st.just(kind),
        person_types=st.sampled_from([frozenset({each}) for each in PersonType] + [frozenset(PersonType)]),
        inputs=st.lists(extra, max_size=3, unique_by=lambda each: each.code).map(tuple) if has_inputs else st.just(()),
        price=st.none() | money(maximum=Money(50_00)),
        hidden=st.booleans(),
        gone_at=st.none() | st.just(NOW),
    )


def capabilities(registry: Registry | None = None) -> SearchStrategy[Capabilities]:
    """What a gateway of that registry, or of any (None), declares, in any consistent combination.

    One that includes also removes; one that polls looks up.
    """

    def consistent(**drawn: Any) -> Capabilities:  # noqa: ANN401 - the fields of Capabilities
        made = Capabilities(**drawn)
        return replace(
            made,
            remove=made.include or made.remove,
            polling=made.find and made.polling,
            includes_pj=made.includes_pj or not made.includes_pf,
        )

    flags = [each.name for each in fields(Capabilities) if isinstance(each.default, bool)]
    limits = st.builds(FieldLimit, length=st.integers(20, 60), overflow=st.sampled_from(Overflow))
    return derived(
        consistent,
        registry=st.sampled_from(Registry) if registry is None else st.just(registry),
        removal_key=st.sampled_from(RemovalKey),
        max_processing=_seconds(0, 3600),
        call_deadline=_seconds(1, 120),
        minimum_amount=st.sampled_from((ZERO, Money(10_00))),
        field_limits=st.dictionaries(st.sampled_from(_LIMITED_FIELDS), limits, max_size=3),
        poll_backoff=st.builds(Backoff, first=_seconds(1, 60), cap=_seconds(60, 3600)),
        **dict.fromkeys(flags, st.booleans()),
    )


def _seconds(least: int, most: int) -> SearchStrategy[timedelta]:
    return derived(lambda count: timedelta(seconds=count), st.integers(least, most))
