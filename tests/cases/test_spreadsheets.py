"""What spreadsheets and systems write is read, or its line is refused with the reason; no file is an internal error."""

from __future__ import annotations

import io
import re
import zipfile
from contextlib import suppress
from datetime import date, datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from openpyxl import Workbook

from credit_protection.adapters.extracts import open_extract, parsing
from credit_protection.adapters.extracts.portal import count_operations
from credit_protection.domain.adoption_assessment import AdoptionFacts, ExtractRow, Verdict, assess
from credit_protection.domain.bureau_answers import RecordState
from credit_protection.domain.customers import Address, Customer, Invoice
from credit_protection.domain.documents import parse_document
from credit_protection.domain.errors import CreditProtectionError, InvalidInput
from credit_protection.domain.money import Money
from credit_protection.domain.operation_counts import OperationCounts

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

HEADER = ("CPF/CNPJ", "Nome", "Contrato", "Vencimento", "Valor", "Operação", "Situação")
CELLS = {
    "CPF/CNPJ": "90000900168",
    "Nome": "MARIA",
    "Contrato": "C-1",
    "Vencimento": "31/12/2025",
    "Valor": "119,90",
    "Operação": "INCLUSAO",
    "Situação": "INCLUSAO",
}
NEW_YEARS_EVE = date(2025, 12, 31)
FACTS = AdoptionFacts(
    [Customer("c1", "MARIA", "90000900168", Address())],
    [Invoice("i1", "c1", None, "1", NEW_YEARS_EVE, Money(11990), Money(11990))],
    None,
    frozenset(),
    date(2026, 5, 1),
)


def row(**changed: object) -> list[object]:
    names = {"doc": "CPF/CNPJ", "name": "Nome", "ref": "Contrato", "due": "Vencimento", "amount": "Valor"}
    cells = {**CELLS, **{names[key]: value for key, value in changed.items()}}
    return list(cells.values())


def sheet(path: Path, *rows: Sequence[object], form: str | None = None, epoch: datetime | None = None) -> Path:
    book = Workbook()
    page = book.active
    assert page is not None
    if epoch is not None:
        book.epoch = epoch
    for number, each in enumerate(rows, 1):
        page.append(list(each))
        for cell in page[number]:
            cell.data_type = "s" if cell.data_type == "f" else cell.data_type  # the text that a formula gave
    if form is not None:
        page.cell(2, 3).number_format = form
    book.save(path / "e.xlsx")
    return path / "e.xlsx"


def csv(path: Path, *rows: Sequence[object], encoding: str = "utf-8", separator: str = ";") -> Path:
    text = "".join(separator.join(map(str, each)) + "\n" for each in rows)
    (path / "e.csv").write_bytes(text.encode(encoding))
    return path / "e.csv"


def read(path: Path) -> list[ExtractRow]:
    return list(open_extract(path).rows())


def is_right(each: ExtractRow) -> bool:
    try:
        document = parse_document(each.document).value
    except InvalidInput:
        return False
    read_as = (document, each.due_date, each.amount, each.state, each.problems)
    return read_as == ("90000900168", NEW_YEARS_EVE, Money(11990), RecordState.PRESENT, ())


READ: dict[str, dict[str, object]] = {
    "date serial": {"due": 46022},
    "date serial with a time": {"due": 46022.75},
    "date serial as text": {"due": "46022"},
    "two-digit year": {"due": "31/12/25"},
    "two-digit year with points": {"due": "31.12.25"},
    "month by name": {"due": "31/dez/2025"},
    "month by name, short": {"due": "31-dez-25"},
    "month in words": {"due": "31 de dezembro de 2025"},
    "digits, day first": {"due": "31122025"},
    "digits, year first": {"due": "20251231"},
    "date with a time": {"due": "31/12/2025 00:00:00"},
    "formula": {"doc": '="90000900168"'},
    "formulas everywhere": {
        "doc": '="900.009.001-68"',
        "ref": '="0001"',
        "due": '="31/12/2025"',
        "amount": '="119,90"',
    },
    "apostrophe": {"doc": "'90000900168", "due": "'31/12/2025", "amount": "'119,90"},
    "decimals of a number": {"doc": "90000900168.0"},
    "padded to 14": {"doc": "00090000900168"},
    "padded to 15": {"doc": "000090000900168"},
    "half-punctuated": {"doc": "900009001-68"},
    "half-punctuated too": {"doc": "900.009.00168"},
    "blanks inside": {"doc": "900 009 001 68"},
    "zero-width space": {"doc": "\u200b90000900168\u200b", "due": "\ufeff31/12/2025", "amount": "119,90\u200e"},
    "no-break space": {"doc": "\u00a090000900168\u00a0", "amount": "R$\u00a0119,90"},
    "number as document": {"doc": 90000900168},
    "number as amount": {"amount": 119.9},
}


@pytest.mark.parametrize("cells", READ.values(), ids=READ)
@pytest.mark.parametrize("write", [sheet, csv])
def test_cell_as_spreadsheets_write_it_is_read(
    tmp_path: Path, cells: dict[str, object], write: Callable[..., Path]
) -> None:
    (found,) = read(write(tmp_path, HEADER, row(**cells)))
    assert is_right(found), found


LOST: dict[str, tuple[dict[str, object], str]] = {
    "document in scientific notation": ({"doc": "9,00009E+10"}, "document"),
    "document in scientific notation, small": ({"doc": "9.0000900168e+10"}, "document"),
    "contract in scientific notation": ({"ref": "1,23457E+11"}, "reference"),
    "contract without a mantissa": ({"ref": "1E+15"}, "reference"),
}


@pytest.mark.parametrize(("cells", "field"), LOST.values(), ids=LOST)
def test_digits_that_were_lost_are_never_guessed(tmp_path: Path, cells: dict[str, object], field: str) -> None:
    spoiled, good = read(csv(tmp_path, HEADER, row(**cells), row()))
    (problem,) = spoiled.problems
    assert (problem.code, problem.field, spoiled.line) == ("digitos_perdidos", field, 2)
    assert is_right(good)
    assessed = assess(spoiled, FACTS)
    assert assessed.verdict is Verdict.REFUSED
    assert [finding.code for finding in assessed.findings] == ["digitos_perdidos"]


@pytest.mark.parametrize("reference", [1234567890123456, 1.5e17, 12.5, datetime(2025, 12, 1), date(2025, 12, 1)])  # noqa: DTZ001
def test_contract_that_a_spreadsheet_spoiled_is_refused(tmp_path: Path, reference: object) -> None:
    (found,) = read(sheet(tmp_path, HEADER, row(ref=reference)))
    assert [problem.field for problem in found.problems] == ["reference"]


def test_contract_that_was_a_number_is_marked(tmp_path: Path) -> None:
    (number,) = read(sheet(tmp_path, HEADER, row(ref=123456)))
    assert (number.reference, number.reference_was_number) == ("123456", True)
    assert "contrato_numerico" in {finding.code for finding in assess(number, FACTS).findings}
    (pandas,) = read(csv(tmp_path, HEADER, row(ref="123456.0")))
    assert (pandas.reference, pandas.reference_was_number) == ("123456", True)
    (written,) = read(sheet(tmp_path, HEADER, row(ref="000123456")))
    assert (written.reference, written.reference_was_number) == ("000123456", False)
    (shown,) = read(sheet(tmp_path, HEADER, row(ref=123456), form="000000000"))
    assert (shown.reference, shown.reference_was_number) == ("000123456", False)


def test_dates_of_the_other_epoch_are_read(tmp_path: Path) -> None:
    (found,) = read(sheet(tmp_path, HEADER, row(due=46022 - 1462), epoch=datetime(1904, 1, 1)))  # noqa: DTZ001
    assert is_right(found)


HEADERS = {
    "Nº": ("CPF/CNPJ", "Nome", "Nº do Contrato", "Vencimento", "Valor", "Operação", "Situação"),
    "degree sign": ("CPF/CNPJ", "Nome", "N° Contrato", "Dt. Vencimento", "Valor (R$)", "Tipo de Operação", "Status"),
    "N.": ("Documento", "Cliente", "N. do contrato", "Data de Vencimento", "VALOR DA DÍVIDA", "operacao", "situacao"),
    "words": (
        "CNPJ/CPF",
        "Razão Social",
        "Número Contrato",
        "Data do vencimento",
        "Valor do débito",
        "Operação",
        "Estado",
    ),
}


@pytest.mark.parametrize("header", HEADERS.values(), ids=HEADERS)
def test_header_of_any_usual_wording_is_found(tmp_path: Path, header: Sequence[str]) -> None:
    assert all(map(is_right, read(csv(tmp_path, header, row()))))
    assert all(map(is_right, read(sheet(tmp_path, header, row()))))


def test_header_further_down_is_found_behind_commas_and_empty_rows(tmp_path: Path) -> None:
    title = [["Relatório de negativações, emitido em 05/01/2026, às 10:00, por ANA, BIA, RUI, LIA, EVA"]]
    for write in (sheet, csv):
        assert [is_right(each) for each in read(write(tmp_path, *title, *[[""]] * 60, HEADER, row(), row()))] == [
            True
        ] * 2
    marked = csv(tmp_path, ["sep=;"], HEADER, row())
    assert all(map(is_right, read(marked)))


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "cp1252"])
@pytest.mark.parametrize("separator", [";", "\t", "|"])
def test_file_in_any_encoding_is_read(tmp_path: Path, encoding: str, separator: str) -> None:
    (found,) = read(csv(tmp_path, HEADER, row(name="JOÃO – D’ÁVILA"), encoding=encoding, separator=separator))
    assert is_right(found)
    assert found.name == "JOÃO – D’ÁVILA"


# ------------------------------------------------------------------------------------------------ quotes


QUOTES = {
    "opened": '"BAR DO ZE',
    "closed": 'TV 50"',
    "inside": 'BAR "DO ZE',
    "in the middle": '"BAR" DO ZE',
    "quoted twice": '""BAR DO ZE""',
    "two": '"BAR "DO" ZE"',
}


@pytest.mark.parametrize("name", QUOTES.values(), ids=QUOTES)
@pytest.mark.parametrize("following", ['"ANA"', "ANA", '""', 'TV 32"', '"ANA'])
def test_lone_quote_spoils_no_other_line(tmp_path: Path, name: str, following: str) -> None:
    rows = [row(name=name), row(name=following, ref="C-2"), row(ref="C-3")]
    found = read(csv(tmp_path, HEADER, *rows))
    assert [(each.line, each.reference) for each in found] == [(2, "C-1"), (3, "C-2"), (4, "C-3")]
    assert all(map(is_right, found))


def test_line_whose_columns_can_not_be_told_apart_is_refused_and_the_next_ones_are_read(tmp_path: Path) -> None:
    found = read(csv(tmp_path, HEADER, row(name='"BAR; ZE', ref="C-1"), row()))
    assert [(each.line, [problem.code for problem in each.problems]) for each in found] == [
        (2, ["linha_ilegivel"]),
        (3, []),
    ]
    assert assess(found[0], FACTS).findings == found[0].problems


def test_quoted_text_of_several_lines_is_one_cell(tmp_path: Path) -> None:
    found = read(csv(tmp_path, HEADER, row(name='"MARIA\nDE ""EXEMPLO""; filial"'), row(ref="C-2")))
    assert [is_right(each) for each in found] == [True, True]
    assert found[0].name == 'MARIA\nDE "EXEMPLO"; filial'


# ------------------------------------------------------------------------------------------------ files


def rezipped(path: Path, change: Callable[[bytes], bytes]) -> Path:
    changed = path.with_name("changed.xlsx")
    with zipfile.ZipFile(path) as old, zipfile.ZipFile(changed, "w", zipfile.ZIP_DEFLATED) as new:
        for name in old.namelist():
            new.writestr(name, change(old.read(name)))
    return changed


def strict(content: bytes) -> bytes:
    return content.replace(
        b"http://schemas.openxmlformats.org/spreadsheetml/2006/main", b"http://purl.oclc.org/ooxml/spreadsheetml/main"
    ).replace(
        b"http://schemas.openxmlformats.org/officeDocument/2006/relationships",
        b"http://purl.oclc.org/ooxml/officeDocument/relationships",
    )


@pytest.mark.parametrize("count", [1, 3_000])
def test_strict_open_xml_is_read(tmp_path: Path, count: int) -> None:
    path = rezipped(sheet(tmp_path, HEADER, *[row(due=NEW_YEARS_EVE)] * count), strict)
    found = read(path)
    assert len(found) == count
    assert all(map(is_right, found))


def test_first_sheet_with_a_header_is_read(tmp_path: Path) -> None:
    book = Workbook()
    book.create_sheet("Capa", 0).append(["Relatório"])
    last = book.create_sheet("Dados")
    last.append(list(HEADER))
    last.append(row())
    book.save(tmp_path / "e.xlsx")
    assert all(map(is_right, read(tmp_path / "e.xlsx")))


def locked(path: Path) -> bytes:
    content = bytearray(path.read_bytes())
    for signature, offset in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        at = content.find(signature)
        while at >= 0:
            content[at + offset] |= 1
            at = content.find(signature, at + 1)
    return bytes(content)


UNREADABLE: dict[str, tuple[Callable[[Path], bytes], str]] = {
    "password": (
        lambda _: b"\xd0\xcf\x11\xe0" + b"\0" * 5000 + "EncryptedPackage".encode("utf-16-le"),
        "protegido por senha",
    ),
    "password of the parts": (locked, "protegido por senha"),
    "old Excel": (lambda _: b"\xd0\xcf\x11\xe0" + b"\0" * 500, "formato antigo"),
    "page": (lambda _: b"\r\n<html><table><tr><td>CPF</td></tr></table>", "página"),
    "PDF": (lambda _: b"%PDF-1.7", "PDF"),
    "cut": (lambda path: path.read_bytes()[:-200], "danificado ou cortado"),
    "another ZIP": (lambda _: zipped({"mimetype": b"application/vnd.oasis.opendocument.spreadsheet"}), "danificado"),
    "no sheets": (
        lambda path: rezipped(path, lambda part: re.sub(rb"<sheet [^>]*/>", b"", part)).read_bytes(),
        "danificado",
    ),
    "broken XML": (
        lambda path: rezipped(path, lambda part: part.replace(b"</row>", b"</wor>")).read_bytes(),
        "danificado",
    ),
    "cut UTF-16": (lambda _: "CPF;Ação\n".encode("utf-16")[:-1], "danificado|falta"),
    "empty": (lambda _: b"", "falta documento"),
}


def zipped(parts: dict[str, bytes]) -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        for name, content in parts.items():
            archive.writestr(name, content)
    return file.getvalue()


@pytest.mark.parametrize(("make", "words"), UNREADABLE.values(), ids=UNREADABLE)
def test_file_that_can_not_be_read_is_one_sentence(tmp_path: Path, make: Callable[[Path], bytes], words: str) -> None:
    path = tmp_path / "x.xlsx"
    path.write_bytes(make(sheet(tmp_path, HEADER, row())))
    with pytest.raises(InvalidInput, match=words) as refused:
        read(path)
    assert refused.value.field == "file"
    assert "\n" not in refused.value.message


# ------------------------------------------------------------------------------------------------ properties

MONTHS = ["jan", "fev", "mar", "abr", "mai", "jun", "jul", "ago", "set", "out", "nov", "dez"]
DAYS = st.dates(date(2000, 1, 1), date(2060, 12, 31))
WAYS_OF_A_DAY: tuple[Callable[[date], object], ...] = (
    lambda day: day,
    lambda day: f"{day:%d/%m/%Y}",
    lambda day: f"{day:%d/%m/%y}",
    lambda day: day.isoformat(),
    lambda day: f"{day:%d%m%Y}",
    lambda day: f"{day:%Y%m%d}",
    lambda day: (day - date(1899, 12, 30)).days,
    lambda day: f"{(day - date(1899, 12, 30)).days}.0",
    lambda day: f'="{day:%d/%m/%Y}"',
    lambda day: f"\u200b{day.day}/{day.month}/{day.year}\u00a0",
    lambda day: f"{day.day:02}/{MONTHS[day.month - 1]}/{day.year}",
)


@given(DAYS)
def test_day_is_the_same_in_every_way_of_writing_it(day: date) -> None:
    assert [parsing.day(write(day)) for write in WAYS_OF_A_DAY] == [day] * len(WAYS_OF_A_DAY)


DOCUMENTS = st.sampled_from(("90010020055", "90000900168", "12ABC34501DE35", "99009000000110"))


@given(DOCUMENTS, st.data())
def test_document_is_the_same_with_any_punctuation_and_padding(document: str, data: st.DataObject) -> None:
    written = "".join(sign + data.draw(st.sampled_from(("", "", "", ".", "-", "/", " "))) for sign in document)
    if document.isdigit():
        written = data.draw(st.sampled_from(("", "0", "000"))) + written
    written = data.draw(st.sampled_from(("{}", "'{}", '="{}"', "\u200b{} "))).format(written)
    assert parse_document(parsing.document(written)).value == document


CELL = st.none() | st.text(max_size=12) | st.integers() | st.floats() | st.booleans() | st.dates() | st.datetimes()


@given(CELL)
@example("1" * 5000)
@example(float("inf"))
def test_any_cell_is_a_value_or_none(cell: object) -> None:
    parsing.day(cell)
    parsing.moment(cell)
    parsing.money(cell)
    parsing.document(cell)
    parsing.reference(cell)
    parsing.is_number(cell)
    parsing.has_lost_digits(cell)


BYTES = st.binary(max_size=400) | st.text(alphabet='";,\n\r\t|aé1\x00', max_size=200).map(str.encode)
HEAD = ";".join(HEADER).encode() + b"\n"


@settings(suppress_health_check=[HealthCheck.too_slow])
@given(st.sampled_from((b"", HEAD, b"\xff\xfe", b"PK\x03\x04", b"\xd0\xcf\x11\xe0")), BYTES)
def test_any_bytes_are_rows_or_an_error_of_ours(beginning: bytes, rest: bytes) -> None:
    with TemporaryDirectory() as folder:
        path = Path(folder) / "e.dat"
        path.write_bytes(beginning + rest)
        with suppress(CreditProtectionError):
            for each in read(path):
                assert assess(each, FACTS).verdict.is_adopted or assess(each, FACTS).findings
        with suppress(CreditProtectionError):
            count_operations(path)


@pytest.fixture(scope="module")
def workbook(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    return sheet(tmp_path_factory.mktemp("sheets"), HEADER, row(), row(due=46022)).read_bytes()


@settings(suppress_health_check=[HealthCheck.too_slow], max_examples=60)
@given(st.data())
def test_damaged_workbook_is_rows_or_an_error_of_ours(workbook: bytes, data: st.DataObject) -> None:
    place = data.draw(st.integers(0, len(workbook)))
    damaged = workbook[:place] + data.draw(st.binary(max_size=8)) + workbook[place + data.draw(st.integers(0, 40)) :]
    with TemporaryDirectory() as folder:
        path = Path(folder) / "e.xlsx"
        path.write_bytes(damaged)
        with suppress(CreditProtectionError):
            read(path)


@given(st.lists(st.sampled_from(tuple(READ.values()) + tuple(cells for cells, _ in LOST.values())), max_size=6))
def test_every_line_is_read_or_refused_by_its_number(forms: list[dict[str, object]]) -> None:
    with TemporaryDirectory() as folder:
        found = read(csv(Path(folder), HEADER, *(row(**cells) for cells in forms)))
    assert [each.line for each in found] == list(range(2, len(forms) + 2))
    for each, cells in zip(found, forms, strict=True):
        assert is_right(each) is (cells in READ.values())


# ------------------------------------------------------------------------------------------------ the portal's extract


def test_portals_extract_is_counted_by_document(tmp_path: Path) -> None:
    rows: list[Sequence[object]] = [
        ["Extrato de operações"],
        ["Período", "01/10/2026 a 31/10/2026"],
        ["Documento", "Nome", "Operação", "Tipo"],
        ["900.100.200-55", "MARIA", 1001, "INCLUSAO"],
        ["90010020055", "MARIA", 1002, "Exclusão"],
        [90010020055, "MARIA", 1003, "PROCESSANDO"],
        ["12.ABC.345/01DE-35", "PADARIA", 1004, "FALHA NO ENVIO"],
        ["123", "?", 1005, "INCLUSAO"],
    ]
    expected = {"90010020055": OperationCounts(1, 1, 1), "12ABC34501DE35": OperationCounts(failed=1)}
    for path in (csv(tmp_path, *rows), sheet(tmp_path, *rows)):
        found = count_operations(path)
        assert found.counts == expected
        assert [line for line, _ in found.refused] == [8]
        with pytest.raises(InvalidInput) as refused:
            read(path)
        assert refused.value.code == "colunas_do_extrato"
