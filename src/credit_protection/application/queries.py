"""Credit queries: run, reuse window, unknown outcome, history, export."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from credit_protection.application.integrations import visible_integration
from credit_protection.application.permits import Permits
from credit_protection.domain import queries as rules
from credit_protection.domain.actors import Permission
from credit_protection.domain.audit import AuditEntry
from credit_protection.domain.documents import parse_document
from credit_protection.domain.errors import (
    BureauError,
    InvalidInput,
    OutcomeUnknown,
    ProtocolError,
)
from credit_protection.domain.products import check_inputs
from credit_protection.domain.queries import CreditQuery, DocumentReport, Purpose
from credit_protection.ports.bureau import QueryOrder
from credit_protection.ports.storage import Page, QueryFilter

if TYPE_CHECKING:
    from collections.abc import Mapping

    from credit_protection.application.tenant import Tenant
    from credit_protection.domain.actors import Actor
    from credit_protection.domain.documents import Document
    from credit_protection.domain.findings import Finding
    from credit_protection.domain.integrations import Integration
    from credit_protection.domain.products import Product
    from credit_protection.domain.queries import CreditReport, ExportFormat
    from credit_protection.ports.bureau import BureauGateway
    from credit_protection.ports.storage import Listed

LOST_AFTER = timedelta(minutes=10)
"""A query still without outcome after this long belongs to a process that died."""
_LOST_AT_ONCE = 100


class Queries:
    """The use cases about credit queries."""

    def __init__(self, tenant: Tenant) -> None:
        self._tenant = tenant
        self._permits = Permits(tenant)

    def run(
        self,
        actor: Actor,
        *,
        integration_id: str,
        product_code: str,
        document: str,
        inputs: Mapping[str, str] | None = None,
        customer_id: str | None = None,
        purpose: Purpose = Purpose.CREDIT_GRANTING,
        insist: bool = False,
    ) -> CreditQuery:
        """Ask once, and pay.

        Args:
            actor: who; needs "consultar".
            integration_id: through which integration.
            product_code: a query product of it.
            document: CPF or CNPJ, of a prospect or of a customer.
            inputs: extra inputs that the product needs.
            customer_id: the host's, where it is a customer.
            purpose: legal basis.
            insist: pay again though the reuse window warns.

        Returns:
            The answered query; `report()` gives its bytes.

        Raises:
            InvalidInput: document, product or inputs.
            RuleViolation: the integration is inactive, or a newer answer is at hand.
            OutcomeUnknown: the answer was lost; the query is stored as such, since it may have been paid.
            RateLimited: the integration's rate allowed no call for some seconds; nothing was sent, or stored.
            BureauError: it failed; the query is stored with the reason, and no report.
        """
        actor.require(Permission.QUERY)
        asked = parse_document(document)
        integration, product, finding = self._prepare(actor, integration_id, product_code, asked)
        integration.require_active()
        sent = check_inputs(product, asked.person_type, inputs or {})
        if asked.is_alphanumeric and not self._takes_letters(integration):
            raise InvalidInput(
                "Este birô ainda não aceita CNPJ com letras. Use outra integração.",
                field="document",
                code="cnpj_alfanumerico",
            )
        rules.require_reusable(finding, insist=insist)
        gateway = self._tenant.gateways.of(integration)
        self._permits.wait(integration)
        query = CreditQuery(
            id=self._tenant.identifiers.new_id(),
            integration_id=integration_id,
            creditor_id=integration.creditor_id,
            product_code=product_code,
            document=asked,
            customer_id=customer_id,
            purpose=purpose,
            actor_id=actor.id,
            asked_at=self._tenant.clock.now(),
            inputs=sent,
            cost=product.price,
        )
        with self._tenant.storage.unit() as unit:
            unit.queries.add(query)
            unit.audit.add(self._entry(actor, "query.run", query))
            unit.commit()
        return self._ask(gateway, query)

    def reuse(self, actor: Actor, integration_id: str, product_code: str, document: str) -> Finding | None:
        """What the reuse window says before paying: the finding to show, or None."""
        return self._prepare(actor, integration_id, product_code, parse_document(document))[2]

    def open(self, actor: Actor, query_id: str) -> tuple[CreditQuery, CreditReport]:
        """Open a stored answer; costs nothing, and is logged.

        Raises:
            NotFound: there is no such query, or it has no answer.
        """
        with self._tenant.storage.unit() as unit:
            query = self._visible(actor, unit.queries.get(query_id))
            report = unit.queries.report(query_id)
            unit.audit.add(self._entry(actor, "query.open", query))
            unit.commit()
        return query, report

    def get(self, actor: Actor, query_id: str) -> CreditQuery:
        """One query, without its answer's bytes."""
        with self._tenant.storage.reading() as unit:
            return self._visible(actor, unit.queries.get(query_id))

    def list(
        self,
        actor: Actor,
        *,
        customer_id: str | None = None,
        document: str | None = None,
        page: Page = Page(),
    ) -> Listed[CreditQuery]:
        """History, newest first: of all, of a customer, or of a document."""
        actor.require(Permission.READ_HISTORY)
        compact = None if document is None else parse_document(document).value
        wanted = QueryFilter(creditor_ids=actor.creditor_ids, customer_id=customer_id, document=compact)
        with self._tenant.storage.reading() as unit:
            return unit.queries.list(wanted, page)

    def export(self, actor: Actor, query_id: str, export: ExportFormat) -> bytes:
        """The stored answer as a file.

        Raises:
            InvalidInput: the answer is a ready-made document and can't become a spreadsheet.
        """
        rules.require_exportable(self.get(actor, query_id), export)
        _, report = self.open(actor, query_id)
        if isinstance(report, DocumentReport) and report.media_type == rules.PDF:
            return report.content
        raise InvalidInput(
            "Esta resposta ainda não pode ser exportada neste formato.", field="format", code="exportacao_indisponivel"
        )

    def give_up_lost(self) -> int:
        """Part of the sweep: queries whose process died become "resultado desconhecido". Returns how many."""
        now = self._tenant.clock.now()
        with self._tenant.storage.unit() as unit:
            lost = unit.queries.unanswered_since(now - LOST_AFTER, _LOST_AT_ONCE)
            for query in lost:
                unit.queries.save(rules.given_up(query, now))
            unit.commit()
        return len(lost)

    # -------------------------------------------------------------------------------------------- parts

    def _prepare(
        self, actor: Actor, integration_id: str, product_code: str, document: Document
    ) -> tuple[Integration, Product, Finding | None]:
        with self._tenant.storage.reading() as unit:
            integration = visible_integration(self._tenant, unit, actor, integration_id)
            products = unit.integrations.products(integration_id)
            earlier = unit.queries.newest_answered(integration_id, product_code, document.value)
        product = next((one for one in products if one.code == product_code), None)
        if product is None:
            raise InvalidInput(
                f"O produto {product_code!r} não existe nesta integração. Sincronize os produtos e escolha outro.",
                field="product",
                code="produto_desconhecido",
            )
        return integration, product, rules.reuse_finding(earlier, integration.reuse, self._tenant.clock.now())

    def _takes_letters(self, integration: Integration) -> bool:
        return self._tenant.gateways.kind(integration.gateway).capabilities.alphanumeric_cnpj

    def _ask(self, gateway: BureauGateway, query: CreditQuery) -> CreditQuery:
        """One call, outside any transaction; whatever comes of it is stored."""
        order = QueryOrder(query.product_code, query.document, query.purpose, query.inputs)
        try:
            report = gateway.query(order)
        except BureauError as error:
            unknown = isinstance(error, OutcomeUnknown | ProtocolError)
            outcome = rules.failed(query, error, self._tenant.clock.now(), unknown=unknown)
            with self._tenant.storage.unit() as unit:
                unit.queries.save(outcome)
                unit.commit()
            self._tenant.listeners.query_answered(outcome)
            error.context["query_id"] = query.id
            raise
        answered = rules.answered(query, report, self._tenant.clock.now())
        with self._tenant.storage.unit() as unit:
            unit.queries.save(answered, report)
            unit.commit()
        self._tenant.listeners.query_answered(answered)
        return answered

    def _visible(self, actor: Actor, query: CreditQuery) -> CreditQuery:
        actor.require(Permission.READ_HISTORY)
        self._tenant.visible(actor, query.creditor_id, "Consulta")
        return query

    def _entry(self, actor: Actor, act: str, query: CreditQuery) -> AuditEntry:
        after = {"document": query.document.masked, "product": query.product_code, "purpose": query.purpose.value}
        return AuditEntry(self._tenant.clock.now(), actor.id, actor.name, act, query.id, query.creditor_id, after=after)
