"""Small domain values with every field different from its default. All people and companies are fictitious.

Each function gives a valid value; `dataclasses.replace` or the keyword arguments vary it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

from credit_protection.domain.audit import AuditEntry
from credit_protection.domain.capabilities import Registry
from credit_protection.domain.comparison.readings import Reading, StoredReading
from credit_protection.domain.comparison.rechecks import Recheck
from credit_protection.domain.creditors import Creditor
from credit_protection.domain.customers import InvoiceStatus
from credit_protection.domain.divergences import Decision, Divergence, DivergenceCode, DivergenceSeverity, Side
from credit_protection.domain.documents import Cnpj, Cpf, PersonType
from credit_protection.domain.events import Event, EventKind
from credit_protection.domain.guards import GuardSettings, TelecomGuard
from credit_protection.domain.integrations import Environment, Integration, IntegrationSettings, ReuseMode, ReuseWindow
from credit_protection.domain.money import Money
from credit_protection.domain.natures import InclusionNature
from credit_protection.domain.negativations import (
    Block,
    Claim,
    NegativatedInvoice,
    Negativation,
    Transmission,
    Unanswered,
)
from credit_protection.domain.products import Product, ProductInput, ProductKind
from credit_protection.domain.queries import CreditQuery, DocumentReport, Purpose, QueryStatus, StructuredReport
from credit_protection.domain.reasons import BureauReason, ReasonCode, ReasonMap, RemovalReason
from credit_protection.domain.removal_policy import RemovalCause, RemovalPolicy, RemovalRule, RemovalTrigger
from credit_protection.domain.requests import InclusionRequest
from credit_protection.domain.settlements import Reversal, Settlement, SettlementKind
from credit_protection.domain.state_table import Action, Observed
from credit_protection.domain.users import User

NOW = datetime(2026, 10, 5, 14, 30, 15, 123456, tzinfo=UTC)
TODAY = date(2026, 10, 5)
MINUTE = timedelta(minutes=1)
CPF = Cpf("90010020055")
CNPJ = Cnpj("12ABC34501DE35")
HOST = "local"
# Every byte value occurs: storage must return the same bytes.
PDF_BYTES = b"%PDF-1.7\n" + bytes(range(256)) * 4 + b"\r\n\x00%%EOF\n"


def creditor(creditor_id: str = "creditor-1") -> Creditor:
    """A provider in Manaus, an hour behind Brasília."""
    return Creditor(
        id=creditor_id,
        document=CNPJ,
        name="Provedor Exemplo Ltda",
        state="AM",
        city="Manaus",
        time_zone="America/Manaus",
        local_holidays=(date(2026, 10, 24), date(2027, 10, 24)),
        is_telecom=False,
    )


def integration(integration_id: str = "integration-1", **changes: Any) -> Integration:  # noqa: ANN401 - any field
    """An integration with every setting changed; `changes` names fields of it or of its settings."""
    made = Integration(
        id=integration_id,
        gateway="credito_na_medida",
        description="Conta da matriz",
        creditor_id="creditor-1",
        parameters={"client_id": "cliente", "unidade": "São José"},
        encrypted_parameters={"client_secret": "gAAAA-sealed"},
        created_at=NOW - timedelta(days=30),
        active=True,
        settings=IntegrationSettings(
            environment=Environment.TEST,
            removal_policy=RemovalPolicy(RemovalRule.ALL_INVOICES_SETTLED, Money(150), 1),
            guards=GuardSettings(
                minimum_days_late=15,
                maximum_age_years=4,
                age_margin_days=45,
                fine_percent=Decimal("2.00"),
                monthly_interest_percent=Decimal("0.9990"),
                creditor_notifies=True,
                notice_days=20,
                notice_days_by_state={"AM": 25},
                telecom=TelecomGuard.BLOCK,
            ),
            reuse=ReuseWindow(7, ReuseMode.BLOCK),
            grouped=True,
            rate_per_second=2.5,
            owns_transmission=False,
        ),
        paused_until=NOW - timedelta(hours=1),
        pause_reason="O birô recusou as credenciais.",
        deleted_at=None,
        version=1,
        failing_negativation_ids=("negativation-7", "negativation-9"),
        consecutive_pauses=2,
        paused_since=NOW - timedelta(hours=2),
        paused_at=NOW - timedelta(hours=2),
        reason_map=ReasonMap(
            ("2", "1"),
            {RemovalReason.PAYMENT: ReasonCode("2"), RemovalReason.CREDITOR_REQUEST: ReasonCode("1", "ana")},
            ReasonCode("1", "ana"),
        ),
    )
    settings = {name: changes.pop(name) for name in IntegrationSettings.__dataclass_fields__ if name in changes}
    return replace(made, settings=replace(made.settings, **settings), **changes)


def products() -> list[Product]:
    """A query with inputs, a hidden inclusion, a removal that is no longer offered."""
    inputs = (ProductInput("modelo", "Modelo de score", required=True), ProductInput("uf", "UF"))
    return [
        Product("900", "Consulta completa", ProductKind.QUERY, frozenset({PersonType.PF}), inputs, Money(1234)),
        Product("100", "Inclusão", ProductKind.INCLUSION, hidden=True),
        Product("200", "Baixa", ProductKind.REMOVAL, frozenset({PersonType.PJ}), gone_at=NOW),
    ]


def natures() -> list[InclusionNature]:
    """One for PF, one for both, one without a mark."""
    return [
        InclusionNature("DV", "Devedor (PF)", frozenset({PersonType.PF})),
        InclusionNature("DP", "Duplicata (PF/PJ)", frozenset(PersonType)),
        InclusionNature("AA", "Sem marca", None),
    ]


def reasons() -> list[BureauReason]:
    """Two, not in the order of their codes."""
    return [BureauReason("2", "Pagamento"), BureauReason("1", "Solicitação do credor")]


def query(query_id: str = "query-1", **changes: Any) -> CreditQuery:  # noqa: ANN401 - any field
    """A query that was sent."""
    made = CreditQuery(
        id=query_id,
        integration_id="integration-1",
        creditor_id="creditor-1",
        product_code="900",
        document=CPF,
        customer_id="customer-1",
        purpose=Purpose.COLLECTION,
        actor_id="ana",
        asked_at=NOW,
        inputs={"modelo": "V8", "uf": "SP"},
        cost=Money(1234),
    )
    return replace(made, **changes)


def answered_query(query_id: str = "query-1", **changes: Any) -> CreditQuery:  # noqa: ANN401 - any field
    """A query with every field of its answer."""
    outcome = {
        "status": QueryStatus.ANSWERED,
        "answered_at": NOW + MINUTE,
        "protocol": "PROT-77",
        "error_code": "aviso",
        "error_message": "Resposta parcial.",
        "media_type": "application/pdf",
        "size": len(PDF_BYTES),
        "sha256": document_report().sha256,
    }
    return query(query_id, **(outcome | changes))


def document_report() -> DocumentReport:
    """A PDF report."""
    return DocumentReport(PDF_BYTES, "application/pdf", "PROT-77")


def structured_report() -> StructuredReport:
    """A structured report, in the bureau's order of keys."""
    data = {"score": 512, "nome": "JOSÉ", "débitos": [{"valor": 10.5, "ativo": True, "nota": None}], "a": {}}
    return StructuredReport(data, "PROT-78", 512)


def request(request_id: str = "request-1") -> InclusionRequest:
    """A person's request for two invoices."""
    return InclusionRequest(
        id=request_id,
        integration_id="integration-1",
        actor_id="ana",
        actor_name="Ana Souza",
        requested_at=NOW,
        customer_id="customer-1",
        subscription_id="subscription-1",
        invoice_ids=("invoice-2", "invoice-1"),
        nature_code="DV",
        remark="Cliente não respondeu à cobrança.",
    )


def negativated_invoice(invoice_id: str = "invoice-1") -> NegativatedInvoice:
    """A negativated invoice, reported with charges."""
    return NegativatedInvoice(invoice_id, f"Nº {invoice_id}", date(2026, 8, 10), Money(11990), Money(12345))


def negativation(
    negativation_id: str = "negativation-1",
    invoice_ids: Sequence[str] = ("invoice-1",),
    **changes: Any,  # noqa: ANN401 - any field
) -> Negativation:
    """A new negativation: absent at the bureau, its inclusion due now."""
    made = Negativation(
        id=negativation_id,
        request_id="request-1",
        integration_id="integration-1",
        creditor_id="creditor-1",
        registry=Registry.SPC,
        host=HOST,
        customer_id="customer-1",
        subscription_id="subscription-1",
        customer_name="José da Silva Ação",
        document=CPF,
        invoices=tuple(negativated_invoice(invoice_id) for invoice_id in invoice_ids),
        nature_code="DV",
        reference=negativation_id.upper()[-16:],
        requested_by="ana",
        created_at=NOW,
        transmission=Transmission(Action.INCLUDE, NOW),
        observed=Observed.ABSENT,
        observed_since=NOW,
    )
    return replace(made, **changes)


def full_negativation(
    negativation_id: str = "negativation-1",
    invoice_ids: Sequence[str] = ("invoice-1", "invoice-2"),
    **changes: Any,  # noqa: ANN401 - any field
) -> Negativation:
    """A negativation with every field: its removal is claimed, after a refusal, for two reasons."""
    later = NOW + 5 * MINUTE
    everything = {
        "document": CNPJ,
        "registry": Registry.SERASA,
        "transmission": Transmission(
            action=Action.REMOVE,
            due_at=later,
            deadline=date(2026, 10, 9),
            attempts=3,
            fence=7,
            claim=Claim(Action.REMOVE, "worker-a", later, later + MINUTE, 7),
            block=Block("remocao_recusada", "O birô recusou.", later),
            last_error="limite_de_chamadas",
        ),
        "observed": Observed.IN_DOUBT_REMOVE,
        "observed_since": later,
        "triggers": (
            RemovalTrigger(RemovalCause.SETTLEMENT, NOW, date(2026, 10, 13)),
            RemovalTrigger(
                RemovalCause.PERSON, later, date(2026, 10, 9), "ana", RemovalReason.CORRECTION, "dados trocados"
            ),
        ),
        "unanswered_inclusions": Unanswered(2, NOW, NOW + 6 * MINUTE),
        "unanswered_removals": Unanswered(1, later, later + 6 * MINUTE),
        "known_at": NOW + MINUTE,
        "bureau_id": "BUR-9",
        "notice_sent_on": date(2026, 10, 6),
        "published_on": date(2026, 10, 16),
        "published_is_estimated": True,
        "removal_reason": RemovalReason.PAYMENT,
        "removal_code": "2",
        "refused_codes": ("9", "8"),
        "inclusion_claims": 2,
        "removal_claims": 4,
        "rejection": "E12: nome inválido",
        "is_adopted": True,
    }
    return negativation(negativation_id, invoice_ids, **(everything | changes))


def wants_removal(made: Negativation, deadline: date = date(2026, 10, 9), **work: Any) -> Negativation:  # noqa: ANN401 - any field
    """The negativation, present at the bureau and paid: its removal is due."""
    trigger = RemovalTrigger(RemovalCause.SETTLEMENT, NOW, deadline)
    removal: dict[str, Any] = {"action": Action.REMOVE, "deadline": deadline}
    transmission = replace(made.transmission, **(removal | work))
    return replace(made, observed=Observed.PRESENT, triggers=(trigger,), transmission=transmission)


def removed(made: Negativation) -> Negativation:
    """The negativation after its removal, closed."""
    gone = wants_removal(made)
    done = replace(gone.transmission, action=Action.CLOSE, deadline=None)
    return replace(gone, observed=Observed.GONE, transmission=done)


def event(negativation_id: str = "negativation-1", kind: EventKind = EventKind.CREATED, at: datetime = NOW) -> Event:
    """An event with an actor, a remark and details."""
    return Event(kind, negativation_id, at, "ana", "pedido do cliente", {"valor": "R$ 119,90", "código": "E1"})


def settlement(settlement_id: str = "settlement-1", invoice_id: str = "invoice-1", **changes: Any) -> Settlement:  # noqa: ANN401 - any field
    """A payment with every field filled in."""
    made = Settlement(
        id=settlement_id,
        invoice_id=invoice_id,
        kind=SettlementKind.CREDIT_NOTE,
        paid_on=date(2026, 10, 2),
        amount=Money(11990),
        discount=Money(10),
        available_on=date(2026, 10, 5),
        court_order=True,
    )
    return replace(made, **changes)


def reversal(settlement_id: str = "settlement-1", invoice_id: str = "invoice-1") -> Reversal:
    """The reversal of `settlement`."""
    return Reversal(settlement_id, invoice_id, date(2026, 10, 6))


def audit_entry(subject: str = "integration-1", at: datetime = NOW) -> AuditEntry:
    """An audit entry with every field."""
    return AuditEntry(
        at=at,
        actor_id="ana",
        actor_name="Ana Souza",
        act="integration.change",
        subject=subject,
        creditor_id="creditor-1",
        remark="troca de conta",
        before={"descrição": "antiga"},
        after={"descrição": "nova"},
    )


def user(user_id: str = "os:ana", **changes: Any) -> User:  # noqa: ANN401 - any field
    """An administrator of all creditors."""
    made = User(user_id, frozenset({"administrador"}), None, active=True, given_by="os:root", given_at=NOW)
    return replace(made, **changes)


def stored_reading(invoice_id: str = "invoice-1", as_of: datetime = NOW, **changes: Any) -> StoredReading:  # noqa: ANN401 - any field
    """A reading of an open invoice, with every field, that has said the same for a while."""
    made = Reading(
        invoice_id=invoice_id,
        as_of=as_of,
        status=InvoiceStatus.OPEN,
        amount=Money(11990),
        balance=Money(1990),
        due_date=date(2026, 9, 10),
        original_due_date=date(2026, 8, 10),
        customer_id="cliente é '\" 1",
        document=CPF.value,
        creditor_id="creditor-1",
        paid_on=date(2026, 10, 2),
        available_on=date(2026, 10, 5),
    )
    return StoredReading(replace(made, **changes), as_of - 3 * MINUTE, as_of - 9 * MINUTE)


def gone_reading(invoice_id: str = "invoice-1", as_of: datetime = NOW) -> StoredReading:
    """A reading of an invoice that the host did not give."""
    return StoredReading(Reading(invoice_id, as_of, None), as_of, as_of)


def recheck(recheck_id: str = "recheck-1", **changes: Any) -> Recheck:  # noqa: ANN401 - any field
    """A recheck that was seen, failed, and was done."""
    made = Recheck(
        id=recheck_id,
        host=HOST,
        invoice_id="invoice-1",
        recorded_at=NOW - 3 * MINUTE,
        due_at=NOW + MINUTE,
        seen_at=NOW - MINUTE,
        attempts=2,
        done_at=NOW + 2 * MINUTE,
    )
    return replace(made, **changes)


def divergence(divergence_id: str = "divergence-1", **changes: Any) -> Divergence:  # noqa: ANN401 - any field
    """An open divergence about `negativation-1` that awaits a person."""
    made = Divergence(
        id=divergence_id,
        subject="negativation-1",
        integration_id="integration-1",
        creditor_id="creditor-1",
        negativation_id="negativation-1",
        code=DivergenceCode.LOWER_AMOUNT,
        side=Side.ERP,
        severity=DivergenceSeverity.ALARM,
        ours="R$ 119,90",
        theirs="R$ 19,90",
        message="O birô mostra mais do que se deve. Remova o registro, ou mantenha e diga por quê.",
        opened_at=NOW,
        decide_by=date(2026, 10, 13),
    )
    return replace(made, **changes)


def decided_divergence(divergence_id: str = "divergence-1", **changes: Any) -> Divergence:  # noqa: ANN401 - any field
    """The same, decided by a person and closed."""
    decided = divergence(
        divergence_id,
        decision=Decision.KEEP,
        decided_by="ana",
        decided_at=NOW + MINUTE,
        remark="conferido com o cliente",
        closed_at=NOW + 2 * MINUTE,
    )
    return replace(decided, **changes)
