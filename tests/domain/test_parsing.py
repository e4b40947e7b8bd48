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
    parse_file_amount,
    parse_iso_day,
    parse_machine_amount,
    restore_leading_zeros,
)

amounts = st.integers(-(10**12), 10**12).map(Money)
days = st.dates(date(1000, 1, 1))
AMOUNT_PARSERS = (parse_machine_amount, parse_brazilian_amount, parse_file_amount, parse_amount)
DAY_PARSERS = (parse_iso_day, parse_brazilian_day, parse_day)


def brazilian(amount: Money) -> str:
    return f"{amount.amount:,.2f}".translate(str.maketrans(",.", ".,"))


@given(amounts)
@example(Money(-5))
def test_amount_of_a_file_is_read_from_either_format(amount: Money) -> None:
    assert parse_machine_amount(str(amount.amount)) == parse_file_amount(f" {amount.amount} ") == amount
    for written in (brazilian(amount), brazilian(amount).replace(".", ""), f" {brazilian(amount)} "):
        assert parse_brazilian_amount(written) == parse_file_amount(written) == amount


@given(amounts.map(lambda amount: Money(abs(amount.cents))))
@example(Money(0))
@example(Money(100_000))
def test_shown_amount_is_read_back_however_it_is_typed(amount: Money) -> None:
    shown = str(amount)
    bare = shown.removeprefix("R$ ")
    spellings = {
        shown,
        f" {shown} ",
        shown.replace(" ", ""),
        shown.replace(" ", "\N{NO-BREAK SPACE}"),
        shown.lower(),
        bare,
    }
    spellings |= {bare.replace(".", ""), bare.removesuffix(",00"), bare.replace(".", "").removesuffix(",00")}
    if bare.endswith("0"):
        spellings.add(bare.removesuffix("0"))
    for written in spellings:
        assert parse_amount(written.removesuffix(",")) == amount


@given(amounts)
def test_each_format_refuses_the_other(amount: Money) -> None:
    with pytest.raises(InvalidInput):
        parse_machine_amount(brazilian(amount))
    with pytest.raises(InvalidInput):
        parse_brazilian_amount(str(amount.amount))
    with pytest.raises(InvalidInput):
        parse_amount(str(amount.amount))


@pytest.mark.parametrize(
    ("written", "cents"),
    [("119,9", 11990), ("-0,05", -5), ("12", 1200), ("119.900", 11990), ("119.9", 11990)],
)
def test_amount_of_a_file_may_have_one_place_a_minus_or_no_cents(written: str, cents: int) -> None:
    assert parse_file_amount(written) == Money(cents)


@pytest.mark.parametrize(
    ("written", "cents"),
    [
        ("1.000", 1000_00),
        ("1.000,50", 1000_50),
        ("1000,5", 1000_50),
        ("1000", 1000_00),
        ("12.345.678,9", 12_345_678_90),
        ("R$ 5", 5_00),
        ("r$0,05", 5),
    ],
)
def test_person_types_the_thousands_with_a_point_and_the_cents_with_a_comma(written: str, cents: int) -> None:
    assert parse_amount(written) == Money(cents)


@pytest.mark.parametrize("written", ["1.5", "1.50", "1.0000", "1000.50", "1000.000", "0.500", "R$ 119.90", "1.00.000"])
def test_point_that_does_not_separate_thousands_is_ambiguous_where_a_person_types(written: str) -> None:
    with pytest.raises(InvalidInput, match=r"Use a vírgula para os centavos") as caught:
        parse_amount(written, field="--amount")
    assert (caught.value.field, caught.value.code) == ("--amount", "valor_ambiguo")


@pytest.mark.parametrize("written", ["-5", "-0,05", "-1.000,00", "R$ -5", "-R$ 5,00", "-1.5"])
def test_person_types_no_negative_amount(written: str) -> None:
    with pytest.raises(InvalidInput, match=r"não pode ser negativo") as caught:
        parse_amount(written, field="--amount")
    assert (caught.value.field, caught.value.code) == ("--amount", "valor_negativo")


OTHER_TEXTS = [
    "",
    ",",
    "1,",
    ",5",
    "1.23,45",
    "1,234",
    "1,2,3",
    "1e5",
    "١٢",
    "--1",
    "+-1",
    "+1,50",
    "+5",
    "R$",
    "1 000",
]


@pytest.mark.parametrize("parse", [parse_amount, parse_file_amount])
@pytest.mark.parametrize(
    "written", [*OTHER_TEXTS, "1 000", "1.2.3,4", "01.000,00", "1,50 R$", "+1.5", "R$ R$ 1", "1" * 16]
)
def test_other_text_is_no_amount(parse: Callable[..., Money], written: str) -> None:
    with pytest.raises(InvalidInput) as caught:
        parse(written, field="--minimum")
    assert (caught.value.field, caught.value.code) == ("--minimum", "valor_formato")


@pytest.mark.parametrize("written", ["1.234", "R$ 1,00", "1.5.0"])
def test_file_has_no_thousands_without_cents_and_no_currency(written: str) -> None:
    with pytest.raises(InvalidInput):
        parse_file_amount(written)


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
