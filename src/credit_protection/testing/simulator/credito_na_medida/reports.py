"""The report of a query: a PDF of several pages about a fictitious person, the same for equal queries."""

from __future__ import annotations

import hashlib
import io
import random
import threading
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, timedelta
from functools import lru_cache

from reportlab.lib.colors import HexColor, white
from reportlab.lib.pagesizes import A4
from reportlab.lib.styles import ParagraphStyle
from reportlab.lib.units import mm
from reportlab.pdfgen.canvas import Canvas
from reportlab.platypus import Flowable, PageBreak, Paragraph, SimpleDocTemplate, Spacer, Table

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
    """A heading and its table, whose first row is a header."""

    heading: str
    widths: tuple[int, ...]
    rows: list[list[str]]


@lru_cache(maxsize=256)
def _rendered(order: ReportOrder) -> bytes:
    with _RENDERING:  # reportlab has global state
        draw = random.Random(f"{order.documento}/{order.produto}")
        issued = date(2026, 1, 5) + timedelta(days=draw.randrange(180))
        pages = _pages(order, issued, draw)
        story: list[Flowable] = []
        for sections in pages:
            for section in sections:
                story += [Paragraph(section.heading, _HEADING), _table(section), Spacer(0, 8 * mm)]
            story.append(PageBreak())

        def draw_frame(canvas: Canvas, _: object) -> None:
            _draw_frame(canvas, order, issued, f"Página {canvas.getPageNumber()} de {len(pages)}")

        buffer = io.BytesIO()
        SimpleDocTemplate(
            buffer,
            pagesize=A4,
            topMargin=40 * mm,
            leftMargin=_MARGIN,
            rightMargin=_MARGIN,
            title=f"{order.nome_produto} - {order.protocolo}",
            author="Crédito na Medida (simulador)",
            invariant=True,
        ).build(story, draw_frame, draw_frame)
        return buffer.getvalue()


_RENDERING = threading.Lock()
_WIDTH, _HEIGHT = A4
_MARGIN = 18 * mm
_BLUE, _PALE, _GREY, _LINE = HexColor(0x17456B), HexColor(0xEAF1F7), HexColor(0x5A6570), HexColor(0xC9D3DC)
_HEADING = ParagraphStyle("heading", fontName="Helvetica-Bold", fontSize=12, textColor=_BLUE, spaceAfter=8)

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
    ["Aviso"],
    ["As informações deste relatório são confidenciais e destinam-se à análise de crédito do solicitante."],
    ["A decisão de conceder ou não o crédito é de responsabilidade exclusiva do consulente."],
    ["Relatório gerado por simulador: todos os dados são fictícios."],
]


def _pages(order: ReportOrder, issued: date, draw: random.Random) -> list[list[_Section]]:
    def day() -> str:
        return f"{issued - timedelta(days=draw.randrange(10, 1500)):%d/%m/%Y}"

    def amount() -> str:
        return f"{draw.randrange(4_000, 900_000) / 100:,.2f}".translate(str.maketrans(",.", ".,"))

    def one_of(words: list[str]) -> Callable[[], str]:
        return lambda: draw.choice(words)

    def newest_first(least: int, most: int, *columns: Callable[[], str]) -> list[list[str]]:
        rows = [[column() for column in (day, *columns)] for _ in range(draw.randint(least, most))]
        return sorted(rows, key=lambda row: row[0].split("/")[::-1], reverse=True)

    is_company = len(order.documento) > len("00000000000")
    surname = draw.choice(_LAST)
    company, person = f"{surname} {draw.choice(_TRADES)} Ltda.", f"{draw.choice(_FIRST)} {surname} {draw.choice(_LAST)}"
    since = date(1958 + draw.randrange(40), 1 + draw.randrange(12), 1 + draw.randrange(28))
    score = draw.randrange(80, 960)
    debts = newest_first(1, 8, one_of(_DEBTS), one_of(_CREDITORS), lambda: f"{draw.randrange(10**8):08d}", amount)
    protests = newest_first(1, 4, one_of(_NOTARIES), one_of(_CITIES), amount)
    queries = newest_first(3, 11, one_of(_SEGMENTS))
    identification = [
        ["Campo", "Valor"],
        ["Documento", parse_document(order.documento).formatted],
        ["Nome", company if is_company else person],
        ["Data de fundação" if is_company else "Data de nascimento", f"{since:%d/%m/%Y}"],
        ["Cidade", draw.choice(_CITIES)],
        ["Situação cadastral", "Regular"],
        *([f"Insumo: {name}", value[:60]] for name, value in order.insumos),
    ]
    scored = [
        ["Campo", "Valor"],
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
            _Section("Identificação", (50, 124), identification),
            _Section("Score de crédito", (50, 124), scored),
            _Section("Resumo", (110, 64), [["Ocorrência", "Quantidade"], *counts]),
        ],
        [
            _Section("Pendências financeiras", (24, 40, 48, 32, 30), [debt_header, *debts]),
            _Section("Protestos", (24, 70, 50, 30), [["Data", "Cartório", "Cidade", "Valor (R$)"], *protests]),
        ],
        [
            _Section("Consultas anteriores", (40, 134), [["Data", "Segmento"], *queries]),
            _Section("Observações", (174,), _NOTES),
        ],
    ]


def _draw_frame(canvas: Canvas, order: ReportOrder, issued: date, page: str) -> None:
    canvas.setFillColor(_BLUE)
    canvas.rect(0, _HEIGHT - 30 * mm, _WIDTH, 30 * mm, stroke=0, fill=1)
    canvas.setFillColor(white)
    canvas.setFont("Helvetica-Bold", 17)
    canvas.drawString(_MARGIN, _HEIGHT - 14 * mm, "Crédito na Medida")
    canvas.setFont("Helvetica", 11)
    canvas.drawString(_MARGIN, _HEIGHT - 22 * mm, order.nome_produto)
    canvas.drawRightString(_WIDTH - _MARGIN, _HEIGHT - 14 * mm, parse_document(order.documento).formatted)
    canvas.drawRightString(_WIDTH - _MARGIN, _HEIGHT - 22 * mm, f"Emitido em {issued:%d/%m/%Y}")
    canvas.setFillColor(_GREY)
    canvas.setFont("Helvetica", 8)
    canvas.drawString(_MARGIN, 10 * mm, f"Protocolo {order.protocolo}")
    canvas.drawCentredString(_WIDTH / 2, 10 * mm, "Dados fictícios")
    canvas.drawRightString(_WIDTH - _MARGIN, 10 * mm, page)


def _table(section: _Section) -> Table:
    style = [
        ("FONT", (0, 0), (-1, -1), "Helvetica", 9),
        ("FONT", (0, 0), (-1, 0), "Helvetica-Bold", 9),
        ("LINEBELOW", (0, 0), (-1, -1), 0.4, _LINE),
        ("ROWBACKGROUNDS", (0, 1), (-1, -1), [white, _PALE]),
        ("BACKGROUND", (0, 0), (-1, 0), _BLUE),
        ("TEXTCOLOR", (0, 0), (-1, 0), white),
    ]
    return Table(section.rows, [width * mm for width in section.widths], style=style)
