"""Files and answers of hostile size or shape: one sentence each, in bounded time and memory."""

from __future__ import annotations

import io
import json
import time
import tracemalloc
import zipfile
from collections.abc import Callable, Mapping
from datetime import date
from pathlib import Path
from types import MappingProxyType

import openpyxl
import pytest

from credit_protection.adapters.extracts import files, open_extract
from credit_protection.adapters.extracts.portal import count_operations
from credit_protection.adapters.hosts.local import loading
from credit_protection.adapters.http import HttpReply
from credit_protection.domain.errors import InvalidInput
from tests.entrypoints.command_line import Cli

HEADER = ("documento", "nome", "contrato", "vencimento", "valor", "operacao", "situacao")
ROW = ("900.009.001-68", "N", "REF", "01/01/2026", "10,00", "INCLUSAO", "INCLUSAO")
_SHEET = "xl/worksheets/sheet1.xml"
MOST_SECONDS = 30.0
MOST_BYTES = 300 << 20


def workbook(change: Callable[[str], str] = str, further: Mapping[str, bytes] = MappingProxyType({})) -> bytes:
    """A workbook of one record, its sheet's XML changed, and with further parts."""
    parts = dict(further)
    book = openpyxl.Workbook()
    for row in (HEADER, ROW):
        book.active.append(row)  # type: ignore[union-attr] # a new workbook has a sheet
    plain = io.BytesIO()
    book.save(plain)
    changed = io.BytesIO()
    with zipfile.ZipFile(plain) as old, zipfile.ZipFile(changed, "w", zipfile.ZIP_DEFLATED) as new:
        for info in old.infolist():
            content = old.read(info)
            if info.filename == _SHEET:
                content = change(content.decode()).encode()
            new.writestr(info.filename, parts.pop(info.filename, content))
        for name, content in parts.items():
            new.writestr(name, content)
    return changed.getvalue()


def before_end(rows: str) -> Callable[[str], str]:
    return lambda xml: xml.replace("</sheetData>", f"{rows}</sheetData>")


def csv(*lines: str) -> bytes:
    return "\n".join((";".join(HEADER), *lines)).encode()


FILES: dict[str, Callable[[], bytes]] = {
    "the last of a billion rows": lambda: workbook(before_end('<row r="1000000000"><c r="A1000000000"/></row>')),
    "the last of 16 million rows, first": lambda: workbook(
        lambda xml: xml.replace("<sheetData>", '<sheetData><row r="16777216"/>')
    ),
    "a row that is no number": lambda: workbook(before_end('<row r="x"><c r="A3"/></row>')),
    "a column beyond all": lambda: workbook(before_end('<row r="3"><c r="ZZZZZZZ3"/></row>')),
    "one row without an end": lambda: workbook(
        before_end('<row r="3">' + '<c r="A3" t="inlineStr"><is><t>x</t></is></c>' * 300_000 + "</row>")
    ),
    "one text of 50 MB": lambda: workbook(
        before_end(f'<row r="3"><c r="A3" t="inlineStr"><is><t>{"x" * 50_000_000}</t></is></c></row>')
    ),
    "a bomb beside the sheet": lambda: workbook(further={"xl/media/x.xml": b" " * 60_000_000}),
    "shared strings of 100 MB": lambda: workbook(further={"xl/sharedStrings.xml": b"<si><t>x</t></si>" * 6_000_000}),
    "entities": lambda: workbook(
        lambda xml: '<!DOCTYPE x [<!ENTITY a "aaaa"><!ENTITY b "&a;&a;">]>' + xml.partition("?>")[2]
    ),
    "an external entity": lambda: workbook(
        lambda xml: '<!DOCTYPE x [<!ENTITY a SYSTEM "file:///etc/passwd">]>' + xml.partition("?>")[2]
    ),
    "5,000 parts": lambda: workbook(further={f"xl/x{number}.xml": b"" for number in range(5000)}),
    "half a workbook": lambda: workbook()[:3000],
    "no workbook in a zip": lambda: b"PK\x03\x04" + b"\0" * 100,
    "a line of 5 MB": lambda: csv("x" * 5_000_000),
    "a line without a break": lambda: b"x;" * 4_000_000,
    "zero bytes": lambda: b"\0" * 1_000_000,
    "nothing": lambda: b"",
    "one quote": lambda: b'"',
    "another charset's noise": lambda: bytes(range(256)) * 1000,
}


@pytest.mark.parametrize("name", sorted(FILES))
def test_hostile_extract_is_one_sentence_in_bounded_time_and_memory(tmp_path: Path, name: str) -> None:
    path = tmp_path / "extract.bin"
    path.write_bytes(FILES[name]())
    began = time.process_time()
    tracemalloc.start()
    try:
        for read in (lambda: sum(1 for _ in open_extract(path).rows()), lambda: count_operations(path)):
            with pytest.raises(InvalidInput) as refused:
                read()
            assert refused.value.message.strip().endswith(".")
            assert "\n" not in refused.value.message
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak < MOST_BYTES
    assert time.process_time() - began < MOST_SECONDS


def test_wide_rows_are_cut_and_lines_that_are_too_wide_are_named(tmp_path: Path) -> None:
    path = tmp_path / "wide.csv"
    path.write_bytes(csv(";".join(ROW), ";" * 100_000, ";".join(ROW)))
    rows = list(open_extract(path).rows())
    assert [bool(row.problems) for row in rows] == [False, True, False]
    far = '<c r="XFD2"><v>1</v></c></row>'
    path.write_bytes(workbook(lambda xml: far.join(xml.rsplit("</row>", 1))))
    began = time.process_time()
    assert [row.reference for row in open_extract(path).rows()] == ["REF"]
    assert time.process_time() - began < 5


def test_lone_quotes_in_every_line_cost_no_square(tmp_path: Path) -> None:
    def seconds(lines: int) -> float:
        path = tmp_path / f"{lines}.csv"
        path.write_bytes(csv(*(['"' + ";".join(ROW)[:40]] * lines)))
        began = time.process_time()
        assert sum(1 for _ in open_extract(path).rows()) == lines
        return time.process_time() - began

    few = seconds(500)
    assert seconds(5000) < 30 * max(few, 0.05)


def test_reading_that_takes_too_long_is_ended(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "slow.csv"
    path.write_bytes(csv(*[";".join(ROW)] * 10))
    monkeypatch.setattr(files, "_MAX_SECONDS", -1.0)
    with pytest.raises(InvalidInput, match="linhas demais"):
        list(open_extract(path).rows())


def test_workbook_with_too_many_rows_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "long.csv"
    path.write_bytes(csv(*[";".join(ROW)] * 30))
    monkeypatch.setattr(files, "MAX_ROWS", 20)
    with pytest.raises(InvalidInput, match="linhas demais"):
        list(open_extract(path).rows())


@pytest.mark.parametrize("name", ["half a workbook", "entities", "zero bytes", "the last of a billion rows"])
def test_hostile_extract_ends_the_command_with_code_2(cli: Cli, tmp_path: Path, name: str) -> None:
    path = tmp_path / "extract.xlsx"
    path.write_bytes(FILES[name]())
    error = cli.json("negativations", "adopt", "--file", str(path), "--dry-run", expect=2).error
    assert error["code"] in {"arquivo", "colunas_do_extrato"}


PROVIDERS: dict[str, bytes] = {
    "deep": b"[" * 1_000_000,
    "a long number": b'{"empresa": ' + b"9" * 100_000 + b"}",
    "a huge exponent": b'{"empresa": {"id": 1e999999999}, "clientes": [], "faturas": []}',
    "not a number": b'{"empresa": NaN, "clientes": Infinity, "faturas": -Infinity}',
    "a lone surrogate": b'{"empresa": "\\ud800"}',
    "lists for objects": b'{"empresa": [], "clientes": {}, "faturas": 1}',
    "UTF-16": '{"empresa": {}}'.encode("utf-16"),
    "noise": bytes(range(256)),
    "nothing": b"",
    "null": b"null",
}


@pytest.mark.parametrize("name", sorted(PROVIDERS))
def test_malformed_provider_file_is_one_sentence_and_code_2(bare: Cli, tmp_path: Path, name: str) -> None:
    path = tmp_path / "provider.json"
    path.write_bytes(PROVIDERS[name])
    error = bare.json("invoices", "import", str(path), expect=2).error
    assert error["message"].strip().endswith(".")
    assert "\n" not in error["message"]


def test_provider_file_of_hostile_size_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "provider.json"
    path.write_bytes(b" " * 2000)
    monkeypatch.setattr(loading, "_LARGEST", 1000)
    with pytest.raises(InvalidInput, match="passa de"):
        loading.read_text(path)
    monkeypatch.setattr(loading, "_MOST_PARTS", 100)
    with pytest.raises(InvalidInput, match="registros demais"):
        loading.load("[" + "{}," * 100 + "{}]", today=date(2026, 1, 1), shift=False)


@pytest.mark.parametrize(
    "body",
    [b"[" + b"{}," * 6_600_000 + b"{}]", b"[" * 20_000_000, b"[" + b"[],[]," * 3_300_000 + b"[]]"],
    ids=["objects", "deep", "lists"],
)
def test_json_answer_of_20_megabytes_costs_bounded_memory(body: bytes) -> None:
    tracemalloc.start()
    try:
        assert HttpReply(200, {"content-type": "application/json"}, body).parse_json() is None
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak < MOST_BYTES


def test_report_of_20_megabytes_in_json_is_read() -> None:
    body = json.dumps({"pdf_base64": "A" * 19_000_000}).encode()
    assert HttpReply(200, {}, body).parse_json() == {"pdf_base64": "A" * 19_000_000}
