"""Amounts, days, documents and names as people and files write them."""

import contextlib
from collections.abc import Callable
from datetime import date

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from validate_docbr import CNPJ, CPF

from credit_protection.domain.documents import parse_document
from credit_protection.domain.errors import InvalidInput
from credit_protection.domain.money import Money
from credit_protection.domain.parsing import (
    compact_document,
    fold,
    is_ambiguous_amount,
    parse_amount,
    parse_brazilian_amount,
    parse_brazilian_day,
    parse_day,
    parse_iso_day,
    parse_machine_amount,
    restore_leading_zeros,
)

amounts = st.integers(-(10**12), 10**12).map(Money)
days = st.dates(date(1000, 1, 1))
AMOUNT_PARSERS = (parse_machine_amount, parse_brazilian_amount, parse_amount)
DAY_PARSERS = (parse_iso_day, parse_brazilian_day, parse_day)


def brazilian(amount: Money) -> str:
    return f"{amount.amount:,.2f}".translate(str.maketrans(",.", ".,"))


@given(amounts)
@example(Money(-5))
def test_amount_is_read_from_either_format(amount: Money) -> None:
    assert parse_machine_amount(str(amount.amount)) == parse_amount(f" {amount.amount} ") == amount
    for written in (brazilian(amount), brazilian(amount).replace(".", ""), f" {brazilian(amount)} "):
        assert parse_brazilian_amount(written) == parse_amount(written) == amount


@given(amounts)
def test_each_format_refuses_the_other(amount: Money) -> None:
    with pytest.raises(InvalidInput):
        parse_machine_amount(brazilian(amount))
    with pytest.raises(InvalidInput):
        parse_brazilian_amount(str(amount.amount))


@pytest.mark.parametrize(
    ("written", "cents"),
    [("119,9", 11990), ("+1,5", 150), ("+1.5", 150), ("-0,05", -5), ("12", 1200), ("119.900", 11990)],
)
def test_amount_with_one_place_a_sign_or_no_cents_is_read(written: str, cents: int) -> None:
    assert parse_amount(written) == Money(cents)


@pytest.mark.parametrize(
    "written",
    ["", ",", "1,", ",5", "1.2.3,4", "1.23,45", "1.234", "1,234", "1,2,3", "1e5", "١٢", "R$ 1,00", "--1", "+-1"],
)
def test_other_text_is_no_amount(written: str) -> None:
    with pytest.raises(InvalidInput) as caught:
        parse_amount(written, field="--minimum")
    assert (caught.value.field, caught.value.code) == ("--minimum", "valor_formato")


@pytest.mark.parametrize(
    ("written", "is_ambiguous"),
    [("1.234", True), ("-119.900", True), ("1234.567", False), ("1.23", False), ("1,234", False)],
)
def test_point_before_three_digits_is_ambiguous(written: str, is_ambiguous: bool) -> None:
    assert is_ambiguous_amount(written) is is_ambiguous


@given(days)
def test_day_is_read_from_either_format(day: date) -> None:
    padded, short = day.strftime("%d/%m/") + f"{day.year:04d}", f"{day.day}/{day.month}/{day.year:04d}"
    assert parse_iso_day(day.isoformat()) == parse_day(f" {day.isoformat()} ") == day
    assert parse_brazilian_day(padded) == parse_brazilian_day(short) == parse_day(padded) == day
    assert parse_day(padded.replace("/", "."), separators="/.-") == day


@pytest.mark.parametrize(
    "written",
    [
        "",
        "2026-02-30",
        "29/02/2025",
        "05/31/2026",
        "31-05-2026",
        "2026/05/31",
        "2026-5-1",
        "31/05-2026",
        "２０２６-05-31",
    ],
)
def test_other_text_is_no_day(written: str) -> None:
    with pytest.raises(InvalidInput, match=r"^--since deve ser um dia") as caught:
        parse_day(written, field="--since")
    assert (caught.value.field, caught.value.code) == ("--since", "data_formato")


@given(st.text(), st.sampled_from((*AMOUNT_PARSERS, *DAY_PARSERS)))
def test_any_text_is_read_or_refused_with_a_typed_error(text: str, parse: Callable[[str], object]) -> None:
    with contextlib.suppress(InvalidInput):
        assert isinstance(parse(text), Money | date)


@given(st.integers(0, 10**9 - 1))
def test_zeros_dropped_by_a_spreadsheet_are_restored(number: int) -> None:
    stem = f"{number:09d}"
    cpf = next((stem + f"{check:02d}" for check in range(100) if CPF().validate(stem + f"{check:02d}")), None)
    if cpf is not None:
        assert restore_leading_zeros(cpf.lstrip("0") or "0") == cpf


@given(st.text() | st.integers(0, 10**15).map(str))
def test_zeros_are_restored_only_where_they_make_a_document(text: str) -> None:
    restored = restore_leading_zeros(text)
    assert restored == text.strip() or parse_document(restored).value == restored


def test_document_of_full_length_is_left_as_written() -> None:
    cnpj = CNPJ().generate()
    for written in (cnpj, "90010020055", "90010020000", " 900.100.200-55 "):
        assert restore_leading_zeros(written) == written.strip()


def test_spellings_of_one_document_have_one_compact_form() -> None:
    assert compact_document("12.abc.345/01de-35") == compact_document(" 12ABC34501DE35 ") == "12ABC34501DE35"


@given(st.text())
def test_case_accents_and_blanks_do_not_matter_in_a_name(text: str) -> None:
    assert fold(fold(text)) == fold(text) == fold(f"  {text} ")
    assert fold("  São   Paulo\n") == fold("SAO PAULO") == "sao paulo"
