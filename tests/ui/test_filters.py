"""Filters and pages from form values."""

from datetime import UTC, date, datetime, timedelta, timezone
from urllib.parse import parse_qs, parse_qsl

import pytest
from hypothesis import given
from hypothesis import strategies as st

from credit_protection.domain.divergences import DivergenceCode
from credit_protection.domain.errors import InvalidInput
from credit_protection.domain.money import Money
from credit_protection.domain.state_table import Observed
from credit_protection.ports.host import OverdueFilter
from credit_protection.ports.storage import (
    AuditFilter,
    DivergenceFilter,
    NegativationFilter,
    Page,
    PageRequest,
    QueryFilter,
)
from credit_protection.ui import (
    audit_filter,
    divergence_filter,
    negativation_filter,
    next_page_query,
    overdue_filter,
    page_request,
    query_filter,
)

TODAY = date(2026, 11, 24)
BRASILIA = timezone(timedelta(hours=-3))
TEXT = st.text(min_size=1).filter(lambda text: text == text.strip())
NEGATIVATION_VALUES = st.fixed_dictionaries(
    {},
    optional={
        "integration_id": TEXT,
        "customer_id": TEXT,
        "document": st.sampled_from(["900.009.001-68", "90000900168"]),
        "is_open": st.booleans(),
        "in_removal_queue": st.booleans(),
        "blocked": st.booleans() | st.none(),
        "observed": st.sampled_from(Observed),
        "size": st.integers(1, 1000),
        "after": TEXT,
    },
)
OVERDUE_VALUES = st.fixed_dictionaries(
    {},
    optional={
        "customer_id": TEXT,
        "city": TEXT,
        "minimum_days_late": st.integers(0, 36_500),
        "maximum_days_late": st.integers(0, 36_500),
        "minimum_balance": st.integers(0, 10**12).map(Money),
        "size": st.integers(1, 1000),
    },
)
DAYS = st.dates(date(1900, 1, 1), date(2200, 1, 1))
AUDIT_VALUES = st.fixed_dictionaries(
    {}, optional={"subject": TEXT, "actor_id": TEXT, "act": TEXT, "since": DAYS, "until": DAYS, "after": TEXT}
)


def test_blank_values_mean_no_limit() -> None:
    assert negativation_filter({"customer_id": "", "is_open": None, "document": " "}) == NegativationFilter()
    assert overdue_filter({"city": ""}, TODAY) == OverdueFilter(TODAY)


def test_negativation_filter_reads_form_values() -> None:
    values = {"document": "900.009.001-68", "is_open": "sim", "blocked": False, "observed": "present"}
    assert negativation_filter(values) == NegativationFilter(
        document="90000900168", is_open=True, blocked=False, observed=Observed.PRESENT
    )


def test_divergence_filter_reads_form_values() -> None:
    values = {"negativation_id": "n", "integration_id": "", "code": "retido", "is_open": "não", "awaits_person": True}
    assert divergence_filter(values) == DivergenceFilter(
        negativation_id="n", code=DivergenceCode.HELD, is_open=False, awaits_person=True
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
    assert parse_qs(query) == {"customer_id": ["9001"], "is_open": ["sim"], "after": ["a b"]}
    assert negativation_filter({"is_open": "True"}).is_open is True
    assert next_page_query({}, Page([], None)) is None


@given(NEGATIVATION_VALUES, TEXT)
def test_query_of_the_next_page_has_the_same_filter_of_negativations(values: dict[str, object], cursor: str) -> None:
    query = next_page_query(values, Page([], cursor))
    assert query is not None
    for read in (dict(parse_qsl(query)), parse_qs(query)):
        assert negativation_filter(read) == negativation_filter(values)
        assert page_request(read.get("size"), read["after"]) == PageRequest(
            page_request(values.get("size")).size, cursor
        )


@given(OVERDUE_VALUES)
def test_query_of_the_next_page_has_the_same_filter_of_invoices(values: dict[str, object]) -> None:
    query = next_page_query(values, Page([], "cursor"))
    assert query is not None
    assert overdue_filter(parse_qs(query), TODAY) == overdue_filter(values, TODAY)


@given(AUDIT_VALUES)
def test_query_of_the_next_page_has_the_same_filter_of_the_audit_trail(values: dict[str, object]) -> None:
    query = next_page_query(values, Page([], "cursor"))
    assert query is not None
    assert audit_filter(parse_qs(query), BRASILIA) == audit_filter(values, BRASILIA)


def test_audit_filter_includes_the_last_day_in_the_given_timezone() -> None:
    values = {"actor_id": "os:ana", "act": "negativation.delete", "since": "23/11/2026", "until": "2026-11-24"}
    assert audit_filter(values, BRASILIA) == AuditFilter(
        actor_id="os:ana",
        act="negativation.delete",
        since=datetime(2026, 11, 23, 3, tzinfo=UTC),
        before=datetime(2026, 11, 25, 3, tzinfo=UTC),
    )
    assert audit_filter({"subject": ["x"], "until": ""}, BRASILIA) == AuditFilter(subject="x")


def test_query_filter_reads_form_values() -> None:
    assert query_filter({"document": "900.009.001-68", "actor_id": "os:ana", "after": "x", "size": "5"}) == QueryFilter(
        document="90000900168", actor_id="os:ana"
    )


@pytest.mark.parametrize(
    ("values", "code"),
    [
        ({"customer_id": ["1", "2"]}, "filtro_repetido"),
        ({"minimum_days_late": "-1"}, "filtro_invalido"),
        ({"minimum_days_late": -1}, "filtro_invalido"),
        ({"minimum_days_late": True}, "filtro_invalido"),
        ({"minimum_days_late": "999999999"}, "filtro_invalido"),
        ({"maximum_days_late": 36_501}, "filtro_invalido"),
        ({"minimum_balance": "-5"}, "valor_negativo"),
        ({"minimum_balance": "R$ -5,00"}, "valor_negativo"),
        ({"minimum_balance": Money(-500)}, "filtro_invalido"),
        ({"minimum_balance": 5}, "filtro_invalido"),
        ({"minimum_balance": "1.50"}, "valor_ambiguo"),
        ({"customer_id": 7}, "filtro_invalido"),
    ],
)
def test_wrong_value_of_an_overdue_filter_is_refused(values: dict[str, object], code: str) -> None:
    with pytest.raises(InvalidInput) as error:
        overdue_filter(values, TODAY)
    assert error.value.code == code
    assert error.value.field in values


@pytest.mark.parametrize("values", [{"since": "yesterday"}, {"until": "9999-12-31"}, {"colour": "blue"}])
def test_wrong_value_of_an_audit_filter_is_refused(values: dict[str, object]) -> None:
    with pytest.raises(InvalidInput) as error:
        audit_filter(values, BRASILIA)
    assert error.value.field in values


def test_lists_of_one_value_are_read_as_that_value() -> None:
    assert overdue_filter({"city": ["Natal"], "minimum_balance": ["R$ 1.000"], "customer_id": []}, TODAY) == (
        OverdueFilter(TODAY, city="Natal", minimum_balance=Money(1000_00))
    )
    assert page_request(["20"], ["abc"]) == PageRequest(20, "abc")


@pytest.mark.parametrize("size", ["x", "-1", "1.5", "1001", "0", "9" * 5_000, "²", 1.5, True, ["1", "2"]])
def test_page_size_that_is_no_number_of_rows_is_refused(size: object) -> None:
    with pytest.raises(InvalidInput) as error:
        page_request(size)
    assert error.value.field == "size"


def test_page_request_reads_text_and_defaults_to_fifty_rows() -> None:
    assert page_request("10", "abc") == PageRequest(10, "abc")
    assert page_request("", " ") == page_request(None, None) == PageRequest()
    with pytest.raises(InvalidInput):
        page_request(10, 5)
