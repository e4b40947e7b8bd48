"""Values as text, and back."""

from datetime import UTC, date, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from credit_protection.domain.documents import Document
from credit_protection.domain.money import Money
from credit_protection.domain.parsing import parse_amount, parse_day
from credit_protection.domain.state_table import Observed
from credit_protection.domain.statuses import Status
from credit_protection.testing import strategies
from credit_protection.ui import format_value, mask_document

INSTANT = datetime(2026, 11, 24, 12, 30, 5, tzinfo=UTC)


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (Money(123456), "R$ 1.234,56"),
        (date(2026, 11, 24), "24/11/2026"),
        (INSTANT, INSTANT.astimezone().strftime("%d/%m/%Y %H:%M:%S")),
        (Status.REMOVAL_QUEUED, "na fila de remoção"),
        (Observed.GONE, "saiu"),
        (False, "não"),
        (True, "sim"),
        (3, "3"),
        (None, ""),
        (["a", Money(100)], "a, R$ 1,00"),
        ({"x": date(2026, 1, 2)}, "x: 02/01/2026"),
    ],
)
def test_value_as_text(value: object, text: str) -> None:
    assert format_value(value) == text


def test_instant_is_shown_in_the_given_timezone() -> None:
    assert format_value([INSTANT], timezone(timedelta(hours=-3))) == "24/11/2026 09:30:05"


@given(strategies.money())
def test_formatted_money_parses_back(amount: Money) -> None:
    assert parse_amount(format_value(amount)) == amount


@given(st.dates(date(1900, 1, 1), date(2200, 1, 1)))
def test_formatted_day_parses_back(day: date) -> None:
    assert parse_day(format_value(day)) == day


@given(strategies.documents())
def test_masked_document_hides_most_digits(document: Document) -> None:
    masked = mask_document(document.formatted)
    assert masked == document.masked
    assert document.value not in masked
    assert sum(character.isalnum() for character in masked) == 6


@pytest.mark.parametrize("text", ["", "90000900169", "not a document"])
def test_invalid_document_is_not_shown(text: str) -> None:
    assert mask_document(text) == "(inválido)"
