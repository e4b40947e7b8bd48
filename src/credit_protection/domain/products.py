"""What a bureau sells under the contract, and how a synchronised list replaces the stored one."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum

from credit_protection.domain.documents import PersonType
from credit_protection.domain.errors import InvalidInput
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
        code: the bureau's.
        name: as the bureau writes it.
        kind: query, inclusion or removal.
        person_types: for whom.
        inputs: extra inputs.
        price: BRL where known.
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
    """What a synchronisation changed: the new list, and the codes by what happened to them."""

    products: tuple[Product, ...]
    added: tuple[str, ...]
    updated: tuple[str, ...]
    gone: tuple[str, ...]


def synchronise(stored: Iterable[Product], listed: Iterable[Product], now: datetime) -> Synchronisation:
    """Bring the stored products up to the bureau's list; never deletes.

    Args:
        stored: what we have, gone and hidden ones included.
        listed: what the bureau lists now.
        now: instant of the synchronisation, UTC.

    Returns:
        All products: the listed ones in the bureau's order, then those gone. One that comes back is no longer gone;
        one that an operator hid stays hidden.
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
    """Check that a query product fits the person and has what it needs.

    Returns:
        The inputs to send, blanks dropped.

    Raises:
        InvalidInput: not a query, not offered, not for this person, a required input missing, or an unknown one.
    """
    if product.kind is not ProductKind.QUERY:
        raise InvalidInput(
            f"O produto {product.code} não é uma consulta. Escolha um produto de consulta.",
            field="product",
            code="produto_nao_e_consulta",
        )
    if not product.offered:
        raise InvalidInput(
            f"O produto {product.code} não está mais disponível. Sincronize os produtos e escolha outro.",
            field="product",
            code="produto_indisponivel",
        )
    if person_type not in product.person_types:
        raise InvalidInput(
            f"O produto {product.code} não atende {person_type.value}. Escolha um produto para {person_type.value}.",
            field="product",
            code="produto_pessoa",
        )
    known = {extra.code for extra in product.inputs}
    inputs = {code: value.strip() for code, value in given.items() if value.strip()}
    if unknown := sorted(inputs.keys() - known):
        raise InvalidInput(
            f"O produto {product.code} não usa o insumo {unknown[0]}. Tire-o.",
            field=unknown[0],
            code="insumo_desconhecido",
        )
    for extra in product.inputs:
        if extra.required and extra.code not in inputs:
            raise InvalidInput(
                f"O produto {product.code} precisa do insumo {extra.name} ({extra.code}). Preencha-o.",
                field=extra.code,
                code="insumo_obrigatorio",
            )
    return inputs
