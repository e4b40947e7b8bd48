"""What a bureau sells under the contract, and how a synchronised list replaces the stored one."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum

from credit_protection.domain.documents import PersonType
from credit_protection.domain.errors import InvalidInput
from credit_protection.domain.findings import Finding
from credit_protection.domain.money import Money

BOTH = frozenset(PersonType)


class ProductKind(StrEnum):
    """What the product is for."""

    QUERY = "query"
    INCLUSION = "inclusion"
    REMOVAL = "removal"


@dataclass(frozen=True, slots=True)
class ProductInput:
    """An extra input (insumo) that a query product asks for: a score model, say."""

    code: str
    name: str
    required: bool = False


@dataclass(frozen=True, slots=True)
class Product:
    """A product (produto) of an integration.

    Args:
        hidden: removed from the operator's list; history stays.
        gone_at: since when the bureau no longer lists it; None while it does.
    """

    code: str
    name: str
    kind: ProductKind
    person_types: frozenset[PersonType] = BOTH
    inputs: tuple[ProductInput, ...] = ()
    price: Money | None = None
    hidden: bool = False
    gone_at: datetime | None = None

    @property
    def offered(self) -> bool:
        """Whether an operator may choose it."""
        return not self.hidden and self.gone_at is None


@dataclass(frozen=True, slots=True)
class Synchronisation:
    """What a synchronisation changed: the new list, and the codes by what happened to them.

    `findings` are about the removal reasons: what the bureau's list lacks.
    """

    products: tuple[Product, ...]
    added: tuple[str, ...]
    updated: tuple[str, ...]
    gone: tuple[str, ...]
    findings: tuple[Finding, ...] = ()


def synchronise(stored: Iterable[Product], listed: Iterable[Product], now: datetime) -> Synchronisation:
    """Bring the stored products, gone and hidden ones included, up to the bureau's list; never deletes.

    The listed products come first, in the bureau's order. One that comes back is no longer gone; one that an operator
    hid stays hidden.
    """
    before = {product.code: product for product in stored}
    current = {product.code: product for product in listed}
    merged = tuple(
        replace(product, hidden=before[code].hidden if code in before else False, gone_at=None)
        for code, product in current.items()
    )
    gone_before = tuple(product for code, product in before.items() if code not in current)
    return Synchronisation(
        products=merged + tuple(replace(product, gone_at=product.gone_at or now) for product in gone_before),
        added=tuple(code for code in current if code not in before),
        updated=tuple(product.code for product in merged if before.get(product.code, product) != product),
        gone=tuple(product.code for product in gone_before if product.gone_at is None),
    )


def check_inputs(product: Product, person_type: PersonType, given: Mapping[str, str]) -> dict[str, str]:
    """Check that a query product fits the person and has what it needs; returns the inputs to send, without blanks.

    Raises:
        InvalidInput: not a query, not offered, not for this person, a required input missing, or an unknown one.
    """

    def refused(code: str, text: str, field: str = "product") -> InvalidInput:
        return InvalidInput(f"O produto {product.code} {text}", field=field, code=code)

    if product.kind is not ProductKind.QUERY:
        raise refused("produto_nao_e_consulta", "não é uma consulta. Escolha um produto de consulta.")
    if not product.offered:
        raise refused("produto_indisponivel", "não está mais disponível. Sincronize os produtos e escolha outro.")
    if person_type not in product.person_types:
        kind = person_type.value
        raise refused("produto_pessoa", f"não atende {kind}. Escolha um produto para {kind}.")
    inputs = {code: value.strip() for code, value in given.items() if value.strip()}
    if unknown := sorted(inputs.keys() - {extra.code for extra in product.inputs}):
        raise refused("insumo_desconhecido", f"não usa o insumo {unknown[0]}. Tire-o.", unknown[0])
    for extra in product.inputs:
        if extra.required and extra.code not in inputs:
            text = f"precisa do insumo {extra.name} ({extra.code}). Preencha-o."
            raise refused("insumo_obrigatorio", text, extra.code)
    return inputs
