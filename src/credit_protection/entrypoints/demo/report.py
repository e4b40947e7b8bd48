"""How the story ends: what the bureau's own book holds, next to what we believe, next to what should be."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from credit_protection.domain.negativations import Observed
from credit_protection.domain.queries import QueryStatus
from credit_protection.domain.reasons import LABELS

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from credit_protection.domain.negativations import Negativation
    from credit_protection.domain.queries import CreditQuery

Ledger = dict[str, Any]
"""The simulated bureau's book, as its control endpoint gives it: JSON."""

NOTHING = "nada consta"
STANDS = "consta"
REMOVED_FOR_PAYMENT = "saiu (pagamento)"
ONE_ANSWER = "1 respondida"


@dataclass(frozen=True, slots=True)
class Line:
    """One thing that can be compared.

    Args:
        what: Portuguese.
        expected: how it should stand.
        bureau: how the bureau's book has it.
        ours: how we have it.
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
    """The credit query: answered once, there and here."""
    asked = [request for request in ledger["requests"] if request["operation"] == "query"]
    answered = sum(request["outcome"] == "RESPONDIDA" for request in asked)
    bureau = f"{answered} respondida" if len(asked) == answered else f"{answered} respondida de {len(asked)}"
    ours = ONE_ANSWER if query is not None and query.status is QueryStatus.ANSWERED else "sem resposta"
    return Line("Consulta de crédito", ONE_ANSWER, bureau, ours)


def negativation_line(what: str, expected: str, ledger: Ledger, negativation: Negativation | None) -> Line:
    """A negativation, found in the bureau's book by its contract reference."""
    if negativation is None:
        return Line(what, expected, NOTHING, NOTHING)
    records = [record for record in ledger["records"] if record["contrato"] == negativation.reference]
    return Line(what, expected, _in_the_book(records), _believed(negativation))


def refusal_line(what: str, ledger: Ledger, document: str, made: Sequence[Negativation]) -> Line:
    """What the rules refused: nothing may stand anywhere, under any reference."""
    records = [record for record in ledger["records"] if record["documento"] == document]
    return Line(what, NOTHING, _in_the_book(records), f"{len(made)} negativação(ões)" if made else NOTHING)


def repeats_line(ledger: Ledger) -> Line:
    """No request for an effect was sent where it had been sent before."""
    return Line("Envios repetidos", "0", str(ledger["counts"]["repeated"]), "0")


def all_as_expected(lines: Iterable[Line]) -> bool:
    """Whether the story ended as it should."""
    return all(line.is_as_expected for line in lines)


_SITUATIONS: Mapping[str, str] = {"INCLUSAO": STANDS, "PROCESSANDO": "em processamento", "ERRO": "erro"}
_OBSERVED: Mapping[Observed, str] = {
    Observed.ABSENT: NOTHING,
    Observed.INCLUDING: "em processamento",
    Observed.PRESENT: STANDS,
    Observed.REMOVING: "em processamento",
    Observed.REJECTED: "recusada",
}


def _in_the_book(records: Sequence[Mapping[str, Any]]) -> str:
    if not records:
        return NOTHING
    return ", ".join(
        f"saiu ({str(record['motivo']).lower()})"
        if record["situacao"] == "EXCLUSAO"
        else _SITUATIONS[record["situacao"]]
        for record in records
    )


def _believed(negativation: Negativation) -> str:
    if negativation.observed is Observed.GONE:
        reason = negativation.removal_reason
        return f"saiu ({'sem motivo' if reason is None else LABELS[reason]})"
    return _OBSERVED.get(negativation.observed, "em dúvida")
