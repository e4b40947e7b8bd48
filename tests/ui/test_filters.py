"""Filters and pages from form values."""

from datetime import date
from urllib.parse import parse_qs

import pytest

from credit_protection.domain.errors import InvalidInput
from credit_protection.domain.money import Money
from credit_protection.domain.state_table import Observed
from credit_protection.ports.host import OverdueFilter
from credit_protection.ports.storage import NegativationFilter, Page, PageRequest
from credit_protection.ui import negativation_filter, next_page_query, overdue_filter, page_request

TODAY = date(2026, 11, 24)


def test_blank_values_mean_no_limit() -> None:
    assert negativation_filter({"customer_id": "", "is_open": None, "document": " "}) == NegativationFilter()
    assert overdue_filter({"city": ""}, TODAY) == OverdueFilter(TODAY)


def test_negativation_filter_reads_form_values() -> None:
    values = {"document": "900.009.001-68", "is_open": "sim", "blocked": False, "observed": "present"}
    assert negativation_filter(values) == NegativationFilter(
        document="90000900168", is_open=True, blocked=False, observed=Observed.PRESENT
    )


def test_overdue_filter_reads_form_values() -> None:
    values = {"customer_id": "9001", "minimum_days_late": "30", "maximum_days_late": 90, "minimum_balance": "1.000,50"}
    assert overdue_filter(values, TODAY) == OverdueFilter(
        TODAY, minimum_days_late=30, maximum_days_late=90, minimum_balance=Money(100050), customer_id="9001"
    )


@pytest.mark.parametrize(
    ("values", "code"),
    [
        ({"colour": "blue"}, "filtro_desconhecido"),
        ({"is_open": "talvez"}, "filtro_invalido"),
        ({"observed": "nowhere"}, "filtro_invalido"),
        ({"document": "900.009.001-69"}, "cpf_digitos"),
    ],
)
def test_wrong_filter_value_is_refused(values: dict[str, str], code: str) -> None:
    with pytest.raises(InvalidInput) as error:
        negativation_filter(values)
    assert error.value.code == code
    assert error.value.field in values


def test_wrong_balance_names_its_field() -> None:
    with pytest.raises(InvalidInput) as error:
        overdue_filter({"minimum_balance": "much"}, TODAY)
    assert (error.value.code, error.value.field) == ("valor_formato", "minimum_balance")


def test_page_has_a_bounded_size() -> None:
    assert page_request() == PageRequest()
    assert page_request(10, "abc") == PageRequest(10, "abc")
    assert page_request(10, "").after is None
    for size in (0, 1001):
        with pytest.raises(InvalidInput):
            page_request(size)


def test_link_of_the_next_page_keeps_the_filter() -> None:
    page: Page[object] = Page([], "a b")
    query = next_page_query({"customer_id": "9001", "document": "", "is_open": True}, page)
    assert query is not None
    assert parse_qs(query) == {"customer_id": ["9001"], "is_open": ["True"], "after": ["a b"]}
    assert negativation_filter({"is_open": "True"}).is_open is True
    assert next_page_query({}, Page([], None)) is None
