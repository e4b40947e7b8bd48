"""Adoption: records that a bureau had before this software was installed are taken over as they are.

An adopted record was included elsewhere: it is PRESENT (or its inclusion is still processed). The person who imports it
is the person of rule 1. From then on a payment removes it like any other.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, replace
from datetime import date, datetime

from credit_protection.domain.actors import Actor
from credit_protection.domain.adoption_assessment import Assessment, Verdict
from credit_protection.domain.bureau_answers import RecordState
from credit_protection.domain.capabilities import Capabilities
from credit_protection.domain.customers import Invoice
from credit_protection.domain.errors import RuleViolation
from credit_protection.domain.events import Event, EventKind
from credit_protection.domain.integrations import Integration
from credit_protection.domain.money import Money
from credit_protection.domain.negativations import Change, NegativatedInvoice, sync_transmission
from credit_protection.domain.requests import InclusionRequest, new_negativation
from credit_protection.domain.state_table import Observed

CAUSE = "import"
"""The cause of every adoption, in its history."""
HOST_MISSING = ""
DUPLICATE_PREFIX = "repetido:"
"""Of the invoice that a record covers which stands once more under the key of another one."""
"""The host of what is adopted without an invoice: no ERP is asked about it, and no payment finds it."""
_OBSERVED = {
    RecordState.PRESENT: Observed.PRESENT,
    RecordState.REMOVAL_REFUSED: Observed.PRESENT,
    RecordState.INCLUDING: Observed.INCLUDING,
}


def adopt(
    assessment: Assessment,
    *,
    new_ids: tuple[str, str],
    actor: Actor,
    integration: Integration,
    capabilities: Capabilities,
    host: str,
    now: datetime,
    is_shown: bool,
) -> tuple[InclusionRequest, Change]:
    """Make the negativation of a record that may be adopted; `new_ids` are the request's and its own.

    It is PRESENT, or INCLUDING where the bureau still processes it; unconfirmed, unless the bureau itself `is_shown`
    to have it now, in its list.

    Raises:
        RuleViolation: the actor is no person, or the record may not be adopted.
    """
    require_person(actor)
    row, document, customer, invoice = assessment.row, assessment.document, assessment.customer, assessment.invoice
    due_date, amount = row.due_date, row.amount
    observed = None if row.state is None else _OBSERVED.get(row.state)
    refused = RuleViolation("Este registro não pode ser adotado. Veja os motivos.", assessment.findings)
    if not assessment.verdict.is_adopted or document is None or customer is None:
        raise refused
    if observed is None or due_date is None or amount is None:
        raise refused
    request_id, negativation_id = new_ids
    covered = _covered(invoice, due_date, amount, negativation_id)
    request = InclusionRequest(
        id=request_id,
        integration_id=integration.id,
        actor_id=actor.id,
        actor_name=actor.name,
        requested_at=now,
        customer_id=customer.id,
        subscription_id="" if invoice is None else invoice.subscription_id or "",
        invoice_ids=(covered.invoice_id,),
        nature_code="",
        remark=CAUSE,
    )
    new = new_negativation(
        request,
        new_ids=(negativation_id, row.reference),
        integration=integration,
        capabilities=capabilities,
        host=HOST_MISSING if invoice is None else host,
        customer_name=customer.name or row.name,
        document=document,
        invoices=(covered,),
    )
    known = replace(
        new,
        observed=observed,
        known_at=now if is_shown else None,
        is_unconfirmed=not is_shown,
        bureau_id=row.bureau_id,
        notice_sent_on=row.notice_sent_on,
        published_on=row.published_on,
        is_adopted=True,
    )
    detail = {"request": request_id, "reference": row.reference, "amount": str(amount), "line": str(row.line)}
    event = Event(EventKind.ADOPTED, negativation_id, now, actor.id, CAUSE, detail)
    return request, Change(sync_transmission(known, capabilities, now), (event,))


def require_person(actor: Actor) -> None:
    """Require a person (rule 1).

    Raises:
        RuleViolation: the actor is the system or a host's hook.
    """
    if not actor.is_person:
        raise RuleViolation("Só uma pessoa pode adotar negativações. Entre com um usuário seu.", code="sem_pessoa")


def _covered(invoice: Invoice | None, due_date: date, amount: Money, negativation_id: str) -> NegativatedInvoice:
    """What it covers, as the bureau has it; without an invoice, an id that no host knows."""
    if invoice is None:
        return NegativatedInvoice(f"sem-fatura:{negativation_id}", "", due_date, amount, amount)
    return NegativatedInvoice(invoice.id, invoice.number, due_date, invoice.amount, amount, invoice.amount)


@dataclass(frozen=True, slots=True)
class AdoptionSummary:
    """Counts of the rows by verdict.

    Args:
        unreadable: what the source itself could not read; empty where it read everything.
    """

    rows: int
    by_verdict: dict[Verdict, int]
    by_code: dict[str, int]
    unreadable: str = ""

    @classmethod
    def zero(cls) -> AdoptionSummary:
        """No row yet."""
        return cls(0, dict.fromkeys(Verdict, 0), {})

    def add(self, assessment: Assessment) -> AdoptionSummary:
        """With one more row."""
        verdicts = {**self.by_verdict, assessment.verdict: self.by_verdict[assessment.verdict] + 1}
        codes = Counter(self.by_code)
        codes.update(finding.code for finding in assessment.findings)
        return replace(self, rows=self.rows + 1, by_verdict=verdicts, by_code=dict(codes))

    @property
    def adopted(self) -> int:
        """How many are adopted."""
        return sum(count for verdict, count in self.by_verdict.items() if verdict.is_adopted)
