"""The demo's result: the bureau's ledger, our database and what is expected, compared line by line."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from credit_protection import QueryStatus
from credit_protection.domain.state_table import Observed
from credit_protection.ui import label_for

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from credit_protection import CreditQuery, Negativation

Ledger = dict[str, Any]
"""The simulated bureau's ledger, as its control endpoint gives it: JSON."""

NOT_ON_FILE = "nada consta"
ON_FILE = "consta"
REMOVED_FOR_PAYMENT = "saiu (pagamento)"
ONE_ANSWER = "1 respondida"


@dataclass(frozen=True, slots=True)
class Line:
    """One comparison.

    Args:
        what: Portuguese.
        expected: at the end of the scenario.
        bureau: in the bureau's ledger.
        ours: in our database.
    """

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


def negativation_line(what: str, expected: str, ledger: Ledger, negativation: Negativation | None) -> Line:
    """A negativation; the bureau's record of it has the same contract reference."""
    if negativation is None:
        return Line(what, expected, NOT_ON_FILE, NOT_ON_FILE)
    records = [record for record in ledger["records"] if record["contrato"] == negativation.reference]
    return Line(what, expected, _in_bureau_ledger(records), _in_our_database(negativation))


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


def _in_bureau_ledger(records: Sequence[Mapping[str, Any]]) -> str:
    if not records:
        return NOT_ON_FILE
    return ", ".join(
        f"saiu ({str(record['motivo']).lower()})"
        if record["situacao"] == "EXCLUSAO"
        else _BUREAU_STATUSES[record["situacao"]]
        for record in records
    )


def _in_our_database(negativation: Negativation) -> str:
    if negativation.observed is Observed.GONE:
        reason = negativation.removal_reason
        return f"saiu ({'sem motivo' if reason is None else label_for(reason)})"
    return _OBSERVED.get(negativation.observed, "em dúvida")
