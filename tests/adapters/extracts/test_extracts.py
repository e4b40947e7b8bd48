"""Extract files of any spreadsheet program give the same records, row by row."""

import sys
from collections.abc import Sequence
from dataclasses import replace
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st
from openpyxl import Workbook

from credit_protection.adapters.extracts import CsvExtract, XlsxExtract, open_extract, parsing
from credit_protection.domain.adoption_assessment import ExtractRow
from credit_protection.domain.bureau_answers import RecordState
from credit_protection.domain.errors import ConfigurationError, InvalidInput
from credit_protection.domain.money import Money

if TYPE_CHECKING:
    from collections.abc import Iterator

    from credit_protection.ports.extracts import Extract

HEADER = "Documento;Nome;Contrato;Vencimento;Valor;Operação;Situação"
LINE = "900.100.200-55;JOÃO D'ÁVILA;C-1/2020;05/10/2026;1.234,56;INCLUSÃO;INCLUSAO"
RECORD = ExtractRow(
    2, "900.100.200-55", "JOÃO D'ÁVILA", "C-1/2020", date(2026, 10, 5), Money(123456), RecordState.PRESENT
)


def of(path: Path) -> list[ExtractRow]:
    return list(open_extract(path).rows())


def csv(tmp_path: Path, text: str, encoding: str = "utf-8") -> Path:
    path = tmp_path / "extrato.csv"
    path.write_bytes(text.encode(encoding))
    return path


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "latin-1"])
@pytest.mark.parametrize("end", ["\n", "\r\n"])
def test_csv_file_of_any_usual_encoding_is_read(tmp_path: Path, encoding: str, end: str) -> None:
    assert of(csv(tmp_path, f"{HEADER}{end}{LINE}{end}", encoding)) == [RECORD]


def test_csv_with_commas_quotes_and_other_headers_is_read(tmp_path: Path) -> None:
    text = (
        'Extrato de negativações\nemitido em,05/10/2026\nSTATUS,"Valor (R$)",cpf/cnpj,CONTRATO,"Data de Vencimento",'
        'Operacao,Cliente,extra\ninclusao,"1.234,56",900.100.200-55,C-1/2020,2026-10-05,Inclusão,"JOÃO D\'ÁVILA",x\n'
    )
    assert of(csv(tmp_path, text)) == [replace(RECORD, line=4)]


def test_unreadable_cells_are_none_and_empty_rows_are_skipped(tmp_path: Path) -> None:
    text = f"{HEADER}\n;;;;;;\n\n123;;;31/02/2026;muito;OUTRA;INCLUSAO\n900\n"
    assert of(csv(tmp_path, text)) == [
        ExtractRow(4, "123", "", "", None, None, None),
        ExtractRow(5, "900", "", "", None, None, None),
    ]


def test_csv_file_is_streamed_and_can_be_read_again(tmp_path: Path) -> None:
    extract: Extract = CsvExtract(csv(tmp_path, "\n".join([HEADER, *[LINE] * 50_000])))
    first = next(extract.rows())
    assert first == RECORD
    assert sum(1 for _ in extract.rows()) == 50_000
    assert (extract.is_operation_log, extract.name) == (True, "extrato.csv")


def sheet(tmp_path: Path, *rows: Sequence[object]) -> Path:
    book = Workbook()
    page = book.active
    assert page is not None
    for row in rows:
        page.append(list(row))
    path = tmp_path / "extrato.xlsx"
    book.save(path)
    return path


def test_spreadsheet_gives_the_same_records(tmp_path: Path) -> None:
    path = sheet(
        tmp_path,
        HEADER.split(";"),
        LINE.split(";"),
        [1200020154, None, 77, datetime(2026, 10, 5), 119.9, "EXCLUSAO", "ERRO"],  # noqa: DTZ001 - as a cell has it
        [],
    )
    first, second = of(path)
    assert first == RECORD
    assert (second.reference, second.due_date, second.amount) == ("77", date(2026, 10, 5), Money(11990))
    assert (second.line, second.name, second.state) == (3, "", RecordState.REMOVAL_REFUSED)


def test_spreadsheet_without_the_extra_says_what_to_install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = sheet(tmp_path, HEADER.split(";"))
    monkeypatch.setitem(sys.modules, "openpyxl", None)
    with pytest.raises(ConfigurationError, match="xlsx"):
        of(path)


@pytest.mark.parametrize(
    "content",
    [b"", b"PK\x03\x04 this is no spreadsheet", b"\xd0\xcf\x11\xe0 an old one", b"a;b\n1;2\n", b"\x00\x01\x02" * 99],
)
def test_file_that_is_no_extract_is_refused_with_advice(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "x.dat"
    path.write_bytes(content)
    with pytest.raises(InvalidInput) as refused:
        of(path)
    assert refused.value.field == "file"


def test_missing_file_is_refused(tmp_path: Path) -> None:
    for path in (tmp_path / "none.csv", tmp_path):
        with pytest.raises(InvalidInput):
            of(path)


def test_missing_columns_are_named(tmp_path: Path) -> None:
    with pytest.raises(InvalidInput, match="falta vencimento, situação"):
        of(csv(tmp_path, "Documento;Contrato;Valor;Operação\n1;2;3;4\n"))


def test_closed_generator_closes_its_file(tmp_path: Path) -> None:
    rows: Iterator[ExtractRow] = XlsxExtract(sheet(tmp_path, HEADER.split(";"), LINE.split(";"))).rows()
    next(rows)
    rows.close()  # type: ignore[attr-defined]  # it is a generator


@pytest.mark.parametrize(
    ("written", "cents"),
    [
        ("1.234,56", 123456),
        ("1234.56", 123456),
        ("R$ 1.234,5", 123450),
        ("1,234.56", 123456),
        ("1.234", 123400),
        ("1.234.567", 123456700),
        ("119", 11900),
        (119.9, 11990),
        (119, 11900),
        (Decimal("0.1"), 10),
        ("-5,00", -500),
        ("1,234", None),
        ("12.3456", None),
        ("1234.500", None),
        ("+1,50", None),
        ("+5", None),
        ("+1.234,00", None),
        ("+1.234", None),
        ("R$ +5", None),
        ("", None),
        (None, None),
        (True, None),
        (float("nan"), None),
        (float("inf"), None),
    ],
)
def test_amount_is_read_or_none(written: object, cents: int | None) -> None:
    assert parsing.money(written) == (None if cents is None else Money(cents))


@given(cents=st.integers(0, 10**11))
def test_amount_is_read_in_brazilian_and_machine_format(cents: int) -> None:
    money = Money(cents)
    assert parsing.money(str(money)) == money
    assert parsing.money(str(money.amount)) == money


@given(day=st.dates(date(1950, 1, 1), date(2999, 12, 31)))
def test_day_is_read_in_every_spelling(day: date) -> None:
    forms: tuple[object, ...] = (
        day,
        day.isoformat(),
        f"{day.isoformat()} 00:00:00",
        f"{day.isoformat()}T10:00",
        f"{day:%d/%m/%Y}",
    )
    numbers = (day.year, day.month, day.day)
    forms += tuple("{0}-{1}-{2}|{2}/{1}/{0}|{2}-{1}-{0}|{2}.{1}.{0}".format(*numbers).split("|"))
    assert {parsing.day(form) for form in forms} == {day}


@pytest.mark.parametrize(
    "written", ["26-1-5", "2026-1", "2026-1-5-1", "2026-13-1", "2026-2-30", "2026-001-5", "2026/1/5"]
)
def test_other_text_is_no_day(written: str) -> None:
    assert parsing.day(written) is None


def test_dropped_leading_zeros_are_restored_only_if_the_document_is_valid() -> None:
    assert parsing.document(191) == "00000000191"  # a valid CPF, and also the end of a CNPJ
    assert parsing.document("1234567891") == "1234567891"
    assert parsing.document(90010020055.0) == "90010020055"
    assert parsing.document(" 900.100.200-55 ") == "900.100.200-55"


@given(cell=st.none() | st.text() | st.floats() | st.integers() | st.booleans() | st.dates())
def test_any_cell_is_read_or_none(cell: object) -> None:
    parsing.document(cell)
    parsing.day(cell)
    parsing.money(cell)
    assert parsing.state(cell, cell) in {None, *RecordState}
