"""The demo's report on a terminal: each step; then what is expected, the bureau's ledger and our database compared."""

import sys
from collections.abc import Iterable, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Any

from rich import box
from rich.console import Console
from rich.table import Table
from rich.text import Text

from credit_protection import CreditQuery, Finding, Negativation, QueryStatus
from credit_protection.domain.state_table import Observed
from credit_protection.ui import label_for

Ledger = dict[str, Any]
"""The simulated bureau's ledger, as its control endpoint gives it: JSON."""

_PIPE_WIDTH = 140
NOT_ON_FILE = "nada consta"
ON_FILE = "consta"
REMOVED_FOR_PAYMENT = "saiu (pagamento)"
ONE_ANSWER = "1 respondida"


@dataclass(frozen=True, slots=True)
class Line:
    """One comparison: what is expected at the end, what the bureau's ledger has, and what our database has."""

    what: str
    expected: str
    bureau: str
    ours: str

    @property
    def is_as_expected(self) -> bool:
        """Whether all three agree."""
        return self.expected == self.bureau == self.ours


def query_line(ledger: Ledger, query: CreditQuery | None) -> Line:
    """The credit query was answered once, at the bureau and here."""
    requests = [request for request in ledger["requests"] if request["operation"] == "query"]
    answered = sum(request["outcome"] == "RESPONDIDA" for request in requests)
    bureau = f"{answered} respondida" if len(requests) == answered else f"{answered} respondida de {len(requests)}"
    ours = ONE_ANSWER if query is not None and query.status is QueryStatus.ANSWERED else "sem resposta"
    return Line("Consulta de crédito", ONE_ANSWER, bureau, ours)


def negativation_line(
    what: str,
    expected: str,
    ledger: Ledger,
    negativation: Negativation | None,
    reasons: Mapping[str, str] = MappingProxyType({}),
) -> Line:
    """A negativation; the bureau's record of it has the same contract reference.

    `reasons` are our words for the bureau's codes of removal reasons.
    """
    if negativation is None:
        return Line(what, expected, NOT_ON_FILE, NOT_ON_FILE)
    records = [record for record in ledger["records"] if record["contrato"] == negativation.reference]
    return Line(what, expected, _in_bureau_ledger(records, reasons), _in_our_database(negativation))


def refusal_line(what: str, ledger: Ledger, document: str, created: Sequence[Negativation]) -> Line:
    """A refused negativation: neither database has any record of the document."""
    records = [record for record in ledger["records"] if record["documento"] == document]
    ours = f"{len(created)} negativação(ões)" if created else NOT_ON_FILE
    return Line(what, NOT_ON_FILE, _in_bureau_ledger(records), ours)


def repeats_line(ledger: Ledger) -> Line:
    """No inclusion and no removal was sent twice."""
    return Line("Envios repetidos", "0", str(ledger["counts"]["repeated"]), "0")


def all_as_expected(lines: Iterable[Line]) -> bool:
    """Whether every line is as expected."""
    return all(line.is_as_expected for line in lines)


_BUREAU_STATUSES: Mapping[str, str] = {"INCLUSAO": ON_FILE, "PROCESSANDO": "em processamento", "ERRO": "erro"}
_OBSERVED: Mapping[Observed, str] = {
    Observed.ABSENT: NOT_ON_FILE,
    Observed.INCLUDING: "em processamento",
    Observed.PRESENT: ON_FILE,
    Observed.REMOVING: "em processamento",
    Observed.REJECTED: "recusada",
}


def _in_bureau_ledger(records: Sequence[Mapping[str, Any]], reasons: Mapping[str, str] = MappingProxyType({})) -> str:
    if not records:
        return NOT_ON_FILE
    return ", ".join(
        f"saiu ({reasons.get(str(record['motivo']), str(record['motivo']).lower())})"
        if record["situacao"] == "EXCLUSAO"
        else _BUREAU_STATUSES[record["situacao"]]
        for record in records
    )


def _in_our_database(negativation: Negativation) -> str:
    if negativation.observed is Observed.GONE:
        reason = negativation.removal_reason
        return f"saiu ({'sem motivo' if reason is None else label_for(reason)})"
    return _OBSERVED.get(negativation.observed, "em dúvida")


class ConsoleReporter:
    """Prints each step as it happens, and the comparison at the end."""

    def __init__(self) -> None:
        width = None if sys.stdout.isatty() else _PIPE_WIDTH
        self._console = Console(width=width, highlight=False, emoji=False)
        self._steps = 0

    def step(self, title: str) -> None:
        """Print the title of the next step."""
        self._steps += 1
        self._console.print(Text(f"{self._steps:2d}. {title}", style="bold"))

    def detail(self, text: str) -> None:
        """Print what happened in the step."""
        self._console.print(Text(f"    {text}"))

    def findings(self, findings: Iterable[Finding]) -> None:
        """Print the findings of the rules."""
        for finding in findings:
            self.detail(f"{label_for(finding.severity)} [{finding.code}]: {finding.message}")

    def waiting(self, what: str) -> AbstractContextManager[object]:
        """Show a spinner during the block; none where the output is no terminal."""
        return self._console.status(what)

    def summary(self, lines: Iterable[Line], seconds: float | None, pdf: Path | None) -> None:
        """Print the comparison, the seconds, and the name of the file that is kept."""
        table = Table(box=box.SIMPLE_HEAD, title="Birô e nós, lado a lado", title_justify="left")
        for heading in ("Registro", "Esperado", "No birô", "No nosso banco", "Confere"):
            table.add_column(heading)
        for line in lines:
            style, verdict = ("green", "ok") if line.is_as_expected else ("bold red", "DIFERE")
            table.add_row(*map(Text, (line.what, line.expected, line.bureau, line.ours)), Text(verdict, style))
        self._console.print()
        self._console.print(table)
        measured = "não aconteceu" if seconds is None else f"{seconds:.1f} segundos"
        self._console.print(Text(f"Do pagamento à remoção no birô: {measured}"))
        self._console.print(Text(f"Relatório da consulta (PDF): {'não veio' if pdf is None else pdf}"))
