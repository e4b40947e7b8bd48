"""The report of a query: a PDF of several pages about a fictitious person, the same for equal queries."""

from __future__ import annotations

import hashlib
import io
import random
import threading
from dataclasses import dataclass
from datetime import date, timedelta
from functools import lru_cache
from typing import Any

from reportlab.lib.colors import HexColor, white
from reportlab.lib.pagesizes import A4
from reportlab.lib.units import mm
from reportlab.pdfgen.canvas import Canvas
from reportlab.platypus import Table, TableStyle

from credit_protection.domain.documents import parse_document
from credit_protection.testing.simulator.faults import FaultKind

HTML_PAGE = (
    b"<!DOCTYPE html>\n<html lang='pt-BR'><head><title>Erro</title></head>"
    b"<body><h1>503</h1><p>Servi&ccedil;o temporariamente indispon&iacute;vel.</p></body></html>\n"
)


@dataclass(frozen=True, slots=True)
class ReportOrder:
    """A query; equal queries have byte-for-byte equal reports."""

    documento: str
    produto: str
    nome_produto: str
    insumos: tuple[tuple[str, str], ...] = ()

    @property
    def protocolo(self) -> str:
        """The report's number, derived from the query: `CNM-9F86D081884C`."""
        identity = "|".join((self.documento, self.produto, *(f"{name}={value}" for name, value in self.insumos)))
        return f"CNM-{hashlib.sha256(identity.encode()).hexdigest()[:12].upper()}"


def report(order: ReportOrder, fault: FaultKind | None = None) -> bytes:
    """The bytes of a report, changed by a fault."""
    if fault is FaultKind.HTML_INSTEAD_OF_PDF:
        return HTML_PAGE
    if fault is FaultKind.EMPTY_PDF:
        return b""
    whole = _rendered(order)
    return whole[: len(whole) // 2] if fault is FaultKind.TRUNCATED_PDF else whole


@dataclass(frozen=True, slots=True)
class _Section:
    """A heading and its table; the first row is a header where `has_header`."""

    heading: str
    widths: tuple[int, ...]
    rows: list[list[str]]
    has_header: bool = True


@lru_cache(maxsize=256)
def _rendered(order: ReportOrder) -> bytes:
    with _RENDERING:  # reportlab has global state
        draw = random.Random(f"{order.documento}/{order.produto}")
        issued = date(2026, 1, 5) + timedelta(days=draw.randrange(180))
        pages = _pages(order, issued, draw)
        buffer = io.BytesIO()
        canvas = Canvas(buffer, pagesize=A4, invariant=True)
        canvas.setTitle(f"{order.nome_produto} - {order.protocolo}")
        canvas.setAuthor("Crédito na Medida (simulador)")
        for number, sections in enumerate(pages, start=1):
            _draw_frame(canvas, order, issued, f"Página {number} de {len(pages)}")
            top = _HEIGHT - 48 * mm
            for section in sections:
                top = _draw_section(canvas, top, section)
            canvas.showPage()
        canvas.save()
        return buffer.getvalue()


_RENDERING = threading.Lock()
_WIDTH, _HEIGHT = A4
_MARGIN = 18 * mm
_BLUE, _PALE, _GREY, _LINE = HexColor(0x17456B), HexColor(0xEAF1F7), HexColor(0x5A6570), HexColor(0xC9D3DC)

_FIRST = ["Ana", "Bruno", "Carla", "Diego", "Elaine", "Fábio", "Gisele", "Heitor", "Íris", "João", "Lívia", "Otávio"]
_LAST = ["Almeida", "Barros", "Conceição", "Duarte", "Esteves", "Fonseca", "Guimarães", "Leão", "Moura", "Ribeiro"]
_TRADES = ["Comércio de Alimentos", "Serviços Digitais", "Transportes", "Materiais de Construção", "Confecções"]
_CITIES = ["Campinas/SP", "Londrina/PR", "Uberlândia/MG", "Feira de Santana/BA", "Joinville/SC", "Caruaru/PE"]
_CREDITORS = ["Banco Aurora", "Loja Central", "Telefonia Horizonte", "Financeira Vale", "Rede Varejo Sul"]
_DEBTS = ["Empréstimo pessoal", "Cartão de crédito", "Mensalidade", "Duplicata", "Financiamento", "Conta de consumo"]
_NOTARIES = ["1º Tabelionato de Protesto", "2º Tabelionato de Protesto", "3º Tabelionato de Protesto"]
_SEGMENTS = ["Varejo", "Banco", "Telecomunicações", "Seguradora", "Provedor de internet", "Locadora"]
_BANDS = ((300, "risco alto"), (500, "risco médio"), (700, "risco baixo"), (1001, "risco muito baixo"))
_NOTES = [
    ["As informações deste relatório são confidenciais e destinam-se à análise de crédito do solicitante."],
    ["A decisão de conceder ou não o crédito é de responsabilidade exclusiva do consulente."],
    ["Relatório gerado por simulador: todos os dados são fictícios."],
]


def _pages(order: ReportOrder, issued: date, draw: random.Random) -> list[list[_Section]]:
    """Fictitious data, drawn from the query."""

    def day() -> str:
        return f"{issued - timedelta(days=draw.randrange(10, 1500)):%d/%m/%Y}"

    def amount() -> str:
        return f"{draw.randrange(4_000, 900_000) / 100:,.2f}".translate(str.maketrans(",.", ".,"))

    def newest_first(rows: list[list[str]]) -> list[list[str]]:
        return sorted(rows, key=lambda row: row[0].split("/")[::-1], reverse=True)

    is_company = len(order.documento) > len("00000000000")
    surname = draw.choice(_LAST)
    company, person = f"{surname} {draw.choice(_TRADES)} Ltda.", f"{draw.choice(_FIRST)} {surname} {draw.choice(_LAST)}"
    since = date(1958 + draw.randrange(40), 1 + draw.randrange(12), 1 + draw.randrange(28))
    score = draw.randrange(80, 960)
    debts = newest_first(
        [
            [day(), draw.choice(_DEBTS), draw.choice(_CREDITORS), f"{draw.randrange(10**8):08d}", amount()]
            for _ in range(draw.randrange(1, 9))
        ]
    )
    protests = newest_first(
        [[day(), draw.choice(_NOTARIES), draw.choice(_CITIES), amount()] for _ in range(draw.randrange(1, 5))]
    )
    queries = newest_first([[day(), draw.choice(_SEGMENTS)] for _ in range(draw.randrange(3, 12))])
    identification = [
        ["Documento", _formatted(order.documento)],
        ["Nome", company if is_company else person],
        ["Data de fundação" if is_company else "Data de nascimento", f"{since:%d/%m/%Y}"],
        ["Cidade", draw.choice(_CITIES)],
        ["Situação cadastral", "Regular"],
        *([f"Insumo: {name}", value[:60]] for name, value in order.insumos),
    ]
    scored = [
        ["Score (de 0 a 1000)", str(score)],
        ["Faixa", next(band for limit, band in _BANDS if score < limit)],
        ["Pontualidade estimada", f"{score / 10:.0f}%"],
    ]
    counts = [
        ["Pendências financeiras", str(len(debts))],
        ["Protestos", str(len(protests))],
        ["Consultas anteriores", str(len(queries))],
    ]
    debt_header = ["Data", "Natureza", "Credor", "Contrato", "Valor (R$)"]
    return [
        [
            _Section("Identificação", (50, 124), identification, has_header=False),
            _Section("Score de crédito", (50, 124), scored, has_header=False),
            _Section("Resumo", (110, 64), [["Ocorrência", "Quantidade"], *counts]),
        ],
        [
            _Section("Pendências financeiras", (24, 40, 48, 32, 30), [debt_header, *debts]),
            _Section("Protestos", (24, 70, 50, 30), [["Data", "Cartório", "Cidade", "Valor (R$)"], *protests]),
        ],
        [
            _Section("Consultas anteriores", (40, 134), [["Data", "Segmento"], *queries]),
            _Section("Observações", (174,), _NOTES, has_header=False),
        ],
    ]


def _formatted(document: str) -> str:
    return parse_document(document).formatted


def _draw_frame(canvas: Canvas, order: ReportOrder, issued: date, page: str) -> None:
    """Draw a page's header and footer."""
    canvas.setFillColor(_BLUE)
    canvas.rect(0, _HEIGHT - 30 * mm, _WIDTH, 30 * mm, stroke=0, fill=1)
    canvas.setFillColor(white)
    canvas.setFont("Helvetica-Bold", 17)
    canvas.drawString(_MARGIN, _HEIGHT - 14 * mm, "Crédito na Medida")
    canvas.setFont("Helvetica", 11)
    canvas.drawString(_MARGIN, _HEIGHT - 22 * mm, order.nome_produto)
    canvas.drawRightString(_WIDTH - _MARGIN, _HEIGHT - 14 * mm, _formatted(order.documento))
    canvas.drawRightString(_WIDTH - _MARGIN, _HEIGHT - 22 * mm, f"Emitido em {issued:%d/%m/%Y}")
    canvas.setFillColor(_GREY)
    canvas.setFont("Helvetica", 8)
    canvas.drawString(_MARGIN, 10 * mm, f"Protocolo {order.protocolo}")
    canvas.drawCentredString(_WIDTH / 2, 10 * mm, "Dados fictícios")
    canvas.drawRightString(_WIDTH - _MARGIN, 10 * mm, page)


def _draw_section(canvas: Canvas, top: float, section: _Section) -> float:
    """Draw a heading and its table; return the height below them, with a margin."""
    canvas.setFillColor(_BLUE)
    canvas.setFont("Helvetica-Bold", 12)
    canvas.drawString(_MARGIN, top, section.heading)
    first_row = 1 if section.has_header else 0
    style: list[tuple[Any, ...]] = [
        ("FONT", (0, 0), (-1, -1), "Helvetica", 9),
        ("LINEBELOW", (0, 0), (-1, -1), 0.4, _LINE),
        ("ROWBACKGROUNDS", (0, first_row), (-1, -1), [white, _PALE]),
    ]
    if section.has_header:
        style += [
            ("FONT", (0, 0), (-1, 0), "Helvetica-Bold", 9),
            ("BACKGROUND", (0, 0), (-1, 0), _BLUE),
            ("TEXTCOLOR", (0, 0), (-1, 0), white),
        ]
    table = Table(section.rows, colWidths=[width * mm for width in section.widths])
    table.setStyle(TableStyle(style))
    _, height = table.wrapOn(canvas, _WIDTH, _HEIGHT)
    table.drawOn(canvas, _MARGIN, top - 4 * mm - height)
    return float(top - 4 * mm - height - 12 * mm)
