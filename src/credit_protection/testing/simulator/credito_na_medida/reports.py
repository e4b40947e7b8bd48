"""The report of a query: a real PDF of several pages about a made-up person, the same for the same question."""

from __future__ import annotations

import hashlib
import io
import random
import threading
from dataclasses import dataclass
from datetime import date, timedelta
from functools import lru_cache
from typing import TYPE_CHECKING, Any, cast

from reportlab.lib.colors import HexColor, white
from reportlab.lib.pagesizes import A4
from reportlab.lib.units import mm
from reportlab.pdfgen.canvas import Canvas
from reportlab.platypus import Table, TableStyle

from credit_protection.testing.simulator.faults import FaultKind

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

HTML_PAGE = (
    b"<!DOCTYPE html>\n<html lang='pt-BR'><head><title>Erro</title></head>"
    b"<body><h1>503</h1><p>Servi&ccedil;o temporariamente indispon&iacute;vel.</p></body></html>\n"
)


@dataclass(frozen=True, slots=True)
class ReportOrder:
    """A question; equal questions have byte-for-byte equal reports."""

    documento: str
    produto: str
    nome_produto: str
    insumos: tuple[tuple[str, str], ...] = ()

    @property
    def protocolo(self) -> str:
        """The report's number, made of the question: `CNM-9F86D081884C`."""
        said = "|".join((self.documento, self.produto, *(f"{name}={value}" for name, value in self.insumos)))
        return f"CNM-{hashlib.sha256(said.encode()).hexdigest()[:12].upper()}"


def report(order: ReportOrder, fault: FaultKind | None = None) -> bytes:
    """The bytes of a report, spoilt where a fault says so."""
    if fault is FaultKind.HTML_INSTEAD_OF_PDF:
        return HTML_PAGE
    if fault is FaultKind.EMPTY_PDF:
        return b""
    whole = _rendered(order)
    return whole[: len(whole) // 2] if fault is FaultKind.TRUNCATED_PDF else whole


@lru_cache(maxsize=256)
def _rendered(order: ReportOrder) -> bytes:
    with _RENDERING:  # reportlab keeps state of its own between documents
        buffer = io.BytesIO()
        canvas = Canvas(buffer, pagesize=A4, invariant=True)
        canvas.setTitle(f"{order.nome_produto} - {order.protocolo}")
        canvas.setAuthor("Crédito na Medida (simulador)")
        story = _Story(order)
        pages: list[Callable[[Canvas], None]] = [story.summary, story.debts, story.previous_queries]
        for number, page in enumerate(pages, start=1):
            _header(canvas, order, story.issued)
            page(canvas)
            _footer(canvas, order.protocolo, number, len(pages))
            canvas.showPage()
        canvas.save()
        return buffer.getvalue()


_RENDERING = threading.Lock()
_WIDTH, _HEIGHT = A4
_MARGIN = 18 * mm
_BLUE, _PALE, _GREY = HexColor(0x17456B), HexColor(0xEAF1F7), HexColor(0x5A6570)

_FIRST = ["Ana", "Bruno", "Carla", "Diego", "Elaine", "Fábio", "Gisele", "Heitor", "Íris", "João", "Lívia", "Otávio"]
_LAST = ["Almeida", "Barros", "Conceição", "Duarte", "Esteves", "Fonseca", "Guimarães", "Leão", "Moura", "Ribeiro"]
_TRADES = ["Comércio de Alimentos", "Serviços Digitais", "Transportes", "Materiais de Construção", "Confecções"]
_CITIES = ["Campinas/SP", "Londrina/PR", "Uberlândia/MG", "Feira de Santana/BA", "Joinville/SC", "Caruaru/PE"]
_CREDITORS = [
    "Banco Aurora",
    "Loja Central",
    "Telefonia Horizonte",
    "Financeira Vale",
    "Rede Varejo Sul",
    "Energia Norte",
]
_DEBTS = ["Empréstimo pessoal", "Cartão de crédito", "Mensalidade", "Duplicata", "Financiamento", "Conta de consumo"]
_NOTARIES = ["1º Tabelionato de Protesto", "2º Tabelionato de Protesto", "3º Tabelionato de Protesto"]
_SEGMENTS = ["Varejo", "Banco", "Telecomunicações", "Seguradora", "Provedor de internet", "Locadora"]


class _Story:
    """The made-up facts, drawn from the question, and the pages that tell them."""

    def __init__(self, order: ReportOrder) -> None:
        draw = random.Random(f"{order.documento}/{order.produto}")
        self.order = order
        self.issued = date(2026, 1, 5) + timedelta(days=draw.randrange(180))
        company = len(order.documento) > len("00000000000")
        surname = draw.choice(_LAST)
        self.name = (
            f"{surname} {draw.choice(_TRADES)} Ltda."
            if company
            else f"{draw.choice(_FIRST)} {surname} {draw.choice(_LAST)}"
        )
        self.since = date(1958 + draw.randrange(40), 1 + draw.randrange(12), 1 + draw.randrange(28))
        self.since_label = "Data de fundação" if company else "Data de nascimento"
        self.city = draw.choice(_CITIES)
        self.score = draw.randrange(80, 960)
        self.debt_rows = [
            [
                self._day(draw),
                draw.choice(_DEBTS),
                draw.choice(_CREDITORS),
                f"{draw.randrange(10**8):08d}",
                self._money(draw),
            ]
            for _ in range(draw.randrange(1, 9))
        ]
        self.protest_rows = [
            [self._day(draw), draw.choice(_NOTARIES), draw.choice(_CITIES), self._money(draw)]
            for _ in range(draw.randrange(1, 5))
        ]
        self.query_rows = [[self._day(draw), draw.choice(_SEGMENTS)] for _ in range(draw.randrange(3, 12))]

        for rows in (self.debt_rows, self.protest_rows, self.query_rows):
            rows.sort(key=lambda row: row[0].split("/")[::-1], reverse=True)

    def summary(self, canvas: Canvas) -> None:
        """Page 1: who it is, the score, what was found."""
        top = _heading(canvas, _HEIGHT - 48 * mm, "Identificação")
        top = _table(
            canvas,
            top,
            [
                ["Documento", _formatted(self.order.documento)],
                ["Nome", self.name],
                [self.since_label, f"{self.since:%d/%m/%Y}"],
                ["Cidade", self.city],
                ["Situação cadastral", "Regular"],
                *([f"Insumo: {name}", value[:60]] for name, value in self.order.insumos),
            ],
            [50 * mm, 124 * mm],
        )
        top = _heading(canvas, top, "Score de crédito")
        canvas.setFillColor(_BLUE)
        canvas.setFont("Helvetica-Bold", 40)
        canvas.drawString(_MARGIN, top - 16 * mm, str(self.score))
        canvas.setFillColor(_GREY)
        canvas.setFont("Helvetica", 10)
        canvas.drawString(_MARGIN + 40 * mm, top - 10 * mm, f"Faixa: {self._band()} (de 0 a 1000)")
        canvas.drawString(_MARGIN + 40 * mm, top - 15 * mm, f"Pontualidade estimada: {self.score / 10:.0f}%")
        top = _heading(canvas, top - 30 * mm, "Resumo")
        _table(
            canvas,
            top,
            [
                ["Ocorrência", "Quantidade"],
                ["Pendências financeiras", str(len(self.debt_rows))],
                ["Protestos", str(len(self.protest_rows))],
                ["Consultas anteriores", str(len(self.query_rows))],
            ],
            [110 * mm, 64 * mm],
            headed=True,
        )

    def debts(self, canvas: Canvas) -> None:
        """Page 2: debts and protests."""
        top = _heading(canvas, _HEIGHT - 48 * mm, "Pendências financeiras")
        widths = [24 * mm, 40 * mm, 48 * mm, 32 * mm, 30 * mm]
        rows = [["Data", "Natureza", "Credor", "Contrato", "Valor (R$)"], *self.debt_rows]
        top = _table(canvas, top, rows, widths, headed=True)
        top = _heading(canvas, top, "Protestos")
        widths = [24 * mm, 70 * mm, 50 * mm, 30 * mm]
        _table(canvas, top, [["Data", "Cartório", "Cidade", "Valor (R$)"], *self.protest_rows], widths, headed=True)

    def previous_queries(self, canvas: Canvas) -> None:
        """Page 3: who asked before, and the small print."""
        top = _heading(canvas, _HEIGHT - 48 * mm, "Consultas anteriores")
        top = _table(canvas, top, [["Data", "Segmento"], *self.query_rows], [40 * mm, 134 * mm], headed=True)
        top = _heading(canvas, top, "Observações")
        canvas.setFillColor(_GREY)
        canvas.setFont("Helvetica", 9)
        for line in (
            "As informações deste relatório são confidenciais e destinam-se à análise de crédito do solicitante.",
            "A decisão de conceder ou não o crédito é de responsabilidade exclusiva do consulente.",
            "Relatório gerado por simulador: todos os dados são fictícios.",
        ):
            top -= 5 * mm
            canvas.drawString(_MARGIN, top, line)

    def _band(self) -> str:
        bands = ((300, "risco alto"), (500, "risco médio"), (700, "risco baixo"))
        return next((band for limit, band in bands if self.score < limit), "risco muito baixo")

    def _day(self, draw: random.Random) -> str:
        return f"{self.issued - timedelta(days=draw.randrange(10, 1500)):%d/%m/%Y}"

    def _money(self, draw: random.Random) -> str:
        return f"{draw.randrange(4_000, 900_000) / 100:,.2f}".translate(str.maketrans(",.", ".,"))


def _formatted(document: str) -> str:
    if len(document) == len("00000000000"):
        return f"{document[:3]}.{document[3:6]}.{document[6:9]}-{document[9:]}"
    return f"{document[:2]}.{document[2:5]}.{document[5:8]}/{document[8:12]}-{document[12:]}"


def _header(canvas: Canvas, order: ReportOrder, issued: date) -> None:
    canvas.setFillColor(_BLUE)
    canvas.rect(0, _HEIGHT - 30 * mm, _WIDTH, 30 * mm, stroke=0, fill=1)
    canvas.setFillColor(white)
    canvas.setFont("Helvetica-Bold", 17)
    canvas.drawString(_MARGIN, _HEIGHT - 14 * mm, "Crédito na Medida")
    canvas.setFont("Helvetica", 11)
    canvas.drawString(_MARGIN, _HEIGHT - 22 * mm, order.nome_produto)
    canvas.drawRightString(_WIDTH - _MARGIN, _HEIGHT - 14 * mm, _formatted(order.documento))
    canvas.drawRightString(_WIDTH - _MARGIN, _HEIGHT - 22 * mm, f"Emitido em {issued:%d/%m/%Y}")


def _footer(canvas: Canvas, protocolo: str, number: int, count: int) -> None:
    canvas.setFillColor(_GREY)
    canvas.setFont("Helvetica", 8)
    canvas.drawString(_MARGIN, 10 * mm, f"Protocolo {protocolo}")
    canvas.drawCentredString(_WIDTH / 2, 10 * mm, "Dados fictícios")
    canvas.drawRightString(_WIDTH - _MARGIN, 10 * mm, f"Página {number} de {count}")


def _heading(canvas: Canvas, top: float, title: str) -> float:
    """Draw a heading; the height below it is returned."""
    canvas.setFillColor(_BLUE)
    canvas.setFont("Helvetica-Bold", 12)
    canvas.drawString(_MARGIN, top, title)
    return cast("float", top - 4 * mm)


def _table(
    canvas: Canvas, top: float, rows: Sequence[Sequence[str]], widths: Sequence[float], *, headed: bool = False
) -> float:
    """Draw a table; the height below it, with some air, is returned."""
    table = Table([list(row) for row in rows], colWidths=list(widths))
    style: list[tuple[Any, ...]] = [
        ("FONT", (0, 0), (-1, -1), "Helvetica", 9),
        ("LINEBELOW", (0, 0), (-1, -1), 0.4, HexColor(0xC9D3DC)),
        ("ROWBACKGROUNDS", (0, 1 if headed else 0), (-1, -1), [white, _PALE]),
    ]
    if headed:
        style += [
            ("FONT", (0, 0), (-1, 0), "Helvetica-Bold", 9),
            ("BACKGROUND", (0, 0), (-1, 0), _BLUE),
            ("TEXTCOLOR", (0, 0), (-1, 0), white),
        ]
    else:
        style.append(("FONT", (0, 0), (0, -1), "Helvetica-Bold", 9))
    table.setStyle(TableStyle(style))
    _, height = table.wrapOn(canvas, _WIDTH, _HEIGHT)
    table.drawOn(canvas, _MARGIN, top - height)
    return cast("float", top - height - 12 * mm)
