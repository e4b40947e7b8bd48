from dataclasses import replace
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from credit_protection.domain.documents import PersonType
from credit_protection.domain.errors import InvalidInput
from credit_protection.domain.money import Money
from credit_protection.domain.products import (
    BOTH,
    Product,
    ProductInput,
    ProductKind,
    Synchronisation,
    check_inputs,
    synchronise,
)
from credit_protection.testing.strategies import NOW, products
from tests.domain.message_checks import assert_says_what_to_do

EARLIER = NOW - timedelta(days=3)
SCORE = ProductInput("SCORE", "Modelo de score", required=True)
UF = ProductInput("UF", "UF de origem")
QUERY = Product("10", "Consulta completa", ProductKind.QUERY, inputs=(SCORE, UF))


def refusal(product: Product, person_type: PersonType, given_inputs: dict[str, str]) -> InvalidInput:
    with pytest.raises(InvalidInput) as caught:
        check_inputs(product, person_type, given_inputs)
    return caught.value


# ------------------------------------------------------------------------------------------------ what a query needs


def test_complete_query_is_accepted_without_blank_inputs() -> None:
    assert check_inputs(QUERY, PersonType.PF, {"SCORE": " A1 ", "UF": "  "}) == {"SCORE": "A1"}
    assert check_inputs(QUERY, PersonType.PJ, {"SCORE": "A1", "UF": "SP"}) == {"SCORE": "A1", "UF": "SP"}
    assert check_inputs(replace(QUERY, inputs=()), PersonType.PF, {}) == {}


@pytest.mark.parametrize(
    ("product", "inputs", "code", "field", "message"),
    [
        (
            replace(QUERY, kind=ProductKind.INCLUSION),
            {"SCORE": "A1"},
            "produto_nao_e_consulta",
            "product",
            "O produto 10 não é uma consulta. Escolha um produto de consulta.",
        ),
        (
            replace(QUERY, hidden=True),
            {"SCORE": "A1"},
            "produto_indisponivel",
            "product",
            "O produto 10 não está mais disponível. Sincronize os produtos e escolha outro.",
        ),
        (
            replace(QUERY, gone_at=NOW),
            {"SCORE": "A1"},
            "produto_indisponivel",
            "product",
            "O produto 10 não está mais disponível. Sincronize os produtos e escolha outro.",
        ),
        (
            replace(QUERY, person_types=frozenset({PersonType.PJ})),
            {"SCORE": "A1"},
            "produto_pessoa",
            "product",
            "O produto 10 não atende PF. Escolha um produto para PF.",
        ),
        (
            QUERY,
            {},
            "insumo_obrigatorio",
            "SCORE",
            "O produto 10 precisa do insumo Modelo de score (SCORE). Preencha-o.",
        ),
        (
            QUERY,
            {"SCORE": " ", "UF": "SP"},
            "insumo_obrigatorio",
            "SCORE",
            "O produto 10 precisa do insumo Modelo de score (SCORE). Preencha-o.",
        ),
    ],
)
def test_unsuitable_product_is_refused_with_advice(
    product: Product, inputs: dict[str, str], code: str, field: str, message: str
) -> None:
    error = refusal(product, PersonType.PF, inputs)

    assert (error.code, error.field, error.message) == (code, field, message)
    assert_says_what_to_do(error.message)


def test_unknown_input_is_refused_by_name() -> None:
    error = refusal(QUERY, PersonType.PF, {"SCORE": "A1", "Z": "1", "A": "2"})

    assert (error.code, error.field) == ("insumo_desconhecido", "A")
    assert error.message == "O produto 10 não usa o insumo A. Tire-o."
    assert check_inputs(QUERY, PersonType.PF, {"SCORE": "A1", "A": " "}) == {"SCORE": "A1"}


@given(
    products(), st.sampled_from(PersonType), st.dictionaries(st.sampled_from(["I1", "I2", "X"]), st.text(max_size=3))
)
def test_query_is_accepted_if_and_only_if_everything_fits(
    product: Product, person_type: PersonType, values: dict[str, str]
) -> None:
    filled = {code: value.strip() for code, value in values.items() if value.strip()}
    needed = {extra.code for extra in product.inputs if extra.required}
    known = {extra.code for extra in product.inputs}
    fits = (
        product.kind is ProductKind.QUERY
        and not product.hidden
        and product.gone_at is None
        and person_type in product.person_types
        and needed <= filled.keys() <= known
    )
    if fits:
        assert check_inputs(product, person_type, values) == filled
    else:
        refusal(product, person_type, values)


# ------------------------------------------------------------------------------------------------ synchronisation


def test_first_synchronisation_adds_everything() -> None:
    assert synchronise([], [QUERY], NOW) == Synchronisation((QUERY,), ("10",), (), ())


def test_unlisted_product_is_marked_as_gone_not_deleted() -> None:
    done = synchronise([QUERY], [], NOW)

    assert done == Synchronisation((replace(QUERY, gone_at=NOW),), (), (), ("10",))
    assert synchronise(done.products, [], NOW + timedelta(days=1)) == Synchronisation(done.products, (), (), ())


def test_changed_product_is_updated_and_a_hidden_one_stays_hidden() -> None:
    dearer = replace(QUERY, price=Money(9_90))
    done = synchronise([replace(QUERY, hidden=True)], [dearer], NOW)

    assert done == Synchronisation((replace(dearer, hidden=True),), (), ("10",), ())
    assert synchronise(done.products, [dearer], NOW) == Synchronisation(done.products, (), (), ())


def test_relisted_product_is_no_longer_gone() -> None:
    assert synchronise([replace(QUERY, gone_at=EARLIER)], [QUERY], NOW) == Synchronisation((QUERY,), (), ("10",), ())


def test_listed_products_come_first_in_the_bureaus_order_then_gone_ones() -> None:
    a, b, c = (replace(QUERY, code=code) for code in "abc")
    done = synchronise([a, b], [c, b], NOW)

    assert [product.code for product in done.products] == ["c", "b", "a"]
    assert (done.added, done.updated, done.gone) == (("c",), (), ("a",))


def test_product_is_for_everyone_offered_and_unpriced_by_default() -> None:
    plain = Product("1", "x", ProductKind.QUERY)

    assert plain == Product("1", "x", ProductKind.QUERY, BOTH, (), None, False, None)  # noqa: FBT003
    assert frozenset(PersonType) == BOTH
    assert plain.offered
    assert not replace(plain, hidden=True).offered
    assert not replace(plain, gone_at=NOW).offered
    assert not ProductInput("1", "x").required


lists = st.lists(products(), max_size=5, unique_by=lambda product: product.code)


@given(lists, lists)
def test_synchronising_never_loses_a_product_and_is_idempotent(stored: list[Product], sold: list[Product]) -> None:
    listed = [replace(product, hidden=False, gone_at=None) for product in sold]
    done = synchronise(iter(stored), iter(listed), NOW)
    by_code = {product.code: product for product in done.products}
    codes = {product.code for product in listed}

    assert len(by_code) == len(done.products)
    assert set(by_code) == {product.code for product in stored} | codes
    for product in stored:
        assert by_code[product.code].hidden is product.hidden
        assert (by_code[product.code].gone_at is None) is (product.code in codes)
        if product.gone_at is not None and product.code not in codes:
            assert by_code[product.code] == product
    again = synchronise(done.products, listed, NOW + timedelta(days=1))
    assert again == Synchronisation(done.products, (), (), ())
    assert not set(done.added) & set(done.updated)
