"""Credit queries: run, reuse window, unknown outcome, history, export."""

from __future__ import annotations

import contextlib
import logging
from collections.abc import Mapping
from dataclasses import replace

from credit_protection.application.admission_control import RateLimiter
from credit_protection.application.customers import unknown_customer
from credit_protection.application.host_scope import HostScope
from credit_protection.application.integration_context import locked_integration, require_visible, visible_integration
from credit_protection.application.tenant_ports import TenantPorts
from credit_protection.domain import queries as rules
from credit_protection.domain.actors import Actor, Permission
from credit_protection.domain.audit import AuditEntry
from credit_protection.domain.documents import Document, parse_document
from credit_protection.domain.errors import BureauError, Conflict, InvalidInput, OutcomeUnknown, UnstoredAnswer
from credit_protection.domain.findings import Finding
from credit_protection.domain.instants import SKEW
from credit_protection.domain.integrations import Integration
from credit_protection.domain.products import Product, check_inputs
from credit_protection.domain.queries import (
    CreditQuery,
    CreditReport,
    DocumentReport,
    ExportFormat,
    Purpose,
    UncheckedAnswer,
)
from credit_protection.ports.bureau import BureauGateway, QueryOrder
from credit_protection.ports.failpoints import failpoint
from credit_protection.ports.storage import Page, PageRequest, QueryFilter

EXPIRY_BATCH_SIZE = 100

log = logging.getLogger(__name__)


class Queries:
    """The use cases about credit queries."""

    def __init__(self, tenant: TenantPorts) -> None:
        self._tenant = tenant
        self._rate_limiter = RateLimiter(tenant)

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
        force: bool = False,
    ) -> CreditQuery:
        """Send one query, which is paid for, and store its outcome.

        Args:
            actor: needs "consultar".
            integration_id: through which integration.
            product_code: one of its query products.
            document: CPF or CNPJ, of a prospect or of a customer.
            inputs: extra inputs that the product needs, by code.
            customer_id: the host's, where it is a customer.
            purpose: legal basis.
            force: pay again though the reuse window warns.

        Returns:
            The answered query; `open` gives its report.

        Raises:
            InvalidInput: document, product or inputs.
            NotFound: the integration; or, to an actor bound to creditors, the customer.
            RuleViolation: the integration is inactive, a recent answer must be reused, or an equal query is running.
            OutcomeUnknown: the answer was lost; the query is stored as such, since it may have been paid.
            RateLimited: the integration's rate allowed no call for some seconds; nothing was sent or stored.
            UnstoredAnswer: it was answered and the database is in trouble; the error has the report.
            BureauError: it failed; the query is stored with the reason, without a report.
        """
        actor.require(Permission.QUERY)
        subject = parse_document(document)
        integration, product, finding = self._prepare(actor, integration_id, product_code, subject)
        integration.require_active()
        self._require_visible_customer(actor, customer_id)
        checked = check_inputs(product, subject.person_type, inputs or {})
        capabilities = self._tenant.gateways.provider(integration.gateway).capabilities
        if subject.is_alphanumeric and not capabilities.alphanumeric_cnpj:
            raise InvalidInput(
                "Este birô ainda não aceita CNPJ com letras. Use outra integração.",
                field="document",
                code="cnpj_alfanumerico",
            )
        rules.require_allowed(finding, force=force)
        gateway = self._tenant.gateways.for_integration(integration)
        self._rate_limiter.acquire_blocking(integration)
        query = CreditQuery(
            id=self._tenant.identifiers.new_id(),
            integration_id=integration_id,
            creditor_id=integration.creditor_id,
            product_code=product_code,
            document=subject,
            customer_id=customer_id,
            purpose=purpose,
            actor_id=actor.id,
            asked_at=self._tenant.clock.now(),
            inputs=checked,
            cost=product.price,
        )
        failpoint("ask.checked")
        self._begin(actor, query, force=force)
        return self._send(gateway, query)

    def _require_visible_customer(self, actor: Actor, customer_id: str | None) -> None:
        if customer_id is None or actor.creditor_ids is None:
            return
        scope = HostScope.of(self._tenant, actor)
        customer = self._tenant.host.customers([customer_id]).get(customer_id)
        if customer is None or not scope.sees(customer):
            raise unknown_customer(customer_id)

    def check_reuse_window(self, actor: Actor, integration_id: str, product_code: str, document: str) -> Finding | None:
        """Return the finding of the reuse window, to show before paying; None where there is none.

        Raises:
            PermissionDenied: the actor may not run queries.
            InvalidInput: document or product.
            NotFound: the integration, or the actor may not see its creditor.
        """
        actor.require(Permission.QUERY)
        return self._prepare(actor, integration_id, product_code, parse_document(document))[2]

    def open(self, actor: Actor, query_id: str) -> tuple[CreditQuery, CreditReport]:
        """Open a stored report: costs nothing, and is audited.

        Raises:
            NotFound: there is no such query, or it has no report.
            Conflict: its answer was kept and failed the checks: `open_unchecked`.
        """
        with self._tenant.storage.unit() as unit:
            query = self._visible(actor, unit.queries.get(query_id))
            rules.require_checked(query)
            report = unit.queries.report(query_id)
            unit.audit.add(self._entry(actor, "query.open", query))
            unit.commit()
        return query, report

    def open_unchecked(self, actor: Actor, query_id: str) -> tuple[CreditQuery, UncheckedAnswer]:
        """Open "assim mesmo" an answer that was kept and is no report; costs nothing, and is audited.

        Offer it as a download only, and say that it was not checked.

        Raises:
            NotFound: there is no such query, or nothing was kept.
            Conflict: it passed the checks: `open` gives it.
        """
        with self._tenant.storage.unit() as unit:
            query = self._visible(actor, unit.queries.get(query_id))
            answer = rules.unchecked_answer(query, unit.queries.report(query_id))
            unit.audit.add(self._entry(actor, "query.open_unchecked", query))
            unit.commit()
        return query, answer

    def get(self, actor: Actor, query_id: str) -> CreditQuery:
        """Read one query, without its report."""
        with self._tenant.storage.read_only() as unit:
            return self._visible(actor, unit.queries.get(query_id))

    def list(
        self, actor: Actor, wanted: QueryFilter = QueryFilter(), page: PageRequest = PageRequest()
    ) -> Page[CreditQuery]:
        """List the queries that the actor sees, newest first.

        Raises:
            PermissionDenied: the actor may not read the history.
        """
        actor.require(Permission.READ_HISTORY)
        scoped = replace(wanted, creditor_ids=actor.narrow(wanted.creditor_ids))
        with self._tenant.storage.read_only() as unit:
            return unit.queries.list(scoped, page)

    def export(self, actor: Actor, query_id: str, export: ExportFormat) -> bytes:
        """Return the stored report as a file; audited.

        Raises:
            InvalidInput: the report is not available in this format.
        """
        rules.require_exportable(self.get(actor, query_id), export)
        _, report = self.open(actor, query_id)
        if isinstance(report, DocumentReport) and report.media_type == rules.PDF:
            return report.content
        raise InvalidInput(
            "Esta resposta ainda não pode ser exportada neste formato.", field="format", code="exportacao_indisponivel"
        )

    def _begin(self, actor: Actor, query: CreditQuery, *, force: bool) -> None:
        """Store a query before it is sent: of equal ones at once, one is."""
        now, key = query.asked_at, (query.integration_id, query.product_code, query.document.value)
        with self._tenant.storage.unit() as unit:
            integration = locked_integration(unit, actor, query.integration_id)
            integration.require_active()
            running = unit.queries.running(*key)
            if running is not None and rules.is_lost(running, now):
                unit.queries.save(rules.mark_lost(running, now))
            try:
                unit.queries.add(query)
            except Conflict:
                rules.require_allowed(rules.check_running(unit.queries.running(*key)), force=force)
                raise
            earlier = unit.queries.newest_answered(*key)  # it may have been answered since the first look
            rules.require_allowed(rules.check_reuse_window(earlier, integration.settings.reuse, now), force=force)
            unit.audit.add(self._entry(actor, "query.run", query))
            unit.commit()

    def expire_unanswered(self) -> int:
        """Mark queries whose process died as "resultado desconhecido"; return how many. For the sweep."""
        now = self._tenant.clock.now()
        with self._tenant.storage.unit() as unit:
            lost = unit.queries.unanswered_since(now - rules.LOST_AFTER, EXPIRY_BATCH_SIZE, or_after=now + SKEW)
            for query in lost:
                unit.queries.save(rules.mark_lost(query, now))
            unit.commit()
        return len(lost)

    def _prepare(
        self, actor: Actor, integration_id: str, product_code: str, document: Document
    ) -> tuple[Integration, Product, Finding | None]:
        with self._tenant.storage.read_only() as unit:
            integration = visible_integration(unit, actor, integration_id)
            products = unit.integrations.products(integration_id)
            earlier = unit.queries.newest_answered(integration_id, product_code, document.value)
            running = unit.queries.running(integration_id, product_code, document.value)
        product = next((one for one in products if one.code == product_code), None)
        if product is None:
            raise InvalidInput(
                f"O produto {product_code!r} não existe nesta integração. Sincronize os produtos e escolha outro.",
                field="product",
                code="produto_desconhecido",
            )
        now = self._tenant.clock.now()
        is_running = running is not None and not rules.is_lost(running, now)
        finding = rules.check_running(running) if is_running else None
        return integration, product, finding or rules.check_reuse_window(earlier, integration.settings.reuse, now)

    def _send(self, gateway: BureauGateway, query: CreditQuery) -> CreditQuery:
        """Make one call, outside any transaction, and store its outcome."""
        order = QueryOrder(query.product_code, query.document, query.purpose, query.inputs)
        try:
            report = gateway.query(order)
        except BureauError as error:
            error.context["query_id"] = query.id
            now = self._tenant.clock.now()
            self._store_failure(rules.failed(query, error, now), rules.kept_answer(error), rules.mark_lost(query, now))
            raise
        except (
            Exception,
            KeyboardInterrupt,
        ) as error:  # a defect of the gateway, or Ctrl-C: the call may have gone out
            self._store_failure(rules.mark_lost(query, self._tenant.clock.now()))
            if not isinstance(error, Exception):
                raise
            log.exception("the gateway failed in query %s", query.id)
            raise OutcomeUnknown(
                "O programa do gateway falhou durante a consulta, que pode ter sido feita e cobrada. Confira no portal "
                "do birô antes de repetir.",
                query_id=query.id,
            ) from error
        now = self._tenant.clock.now()
        try:
            return self._store(rules.answered(query, report, now), report)
        except Exception as error:
            log.exception("the answer of query %s can't be stored", query.id)
            self._store_failure(rules.not_stored(query, report, now))
            raise UnstoredAnswer(
                "A consulta foi feita e pode ter sido cobrada, e a resposta não pôde ser guardada no banco. Libere "
                "espaço em disco, ou veja o que há com o banco, antes de consultar de novo.",
                report,
                request_id=report.protocol,
                query_id=query.id,
            ) from error

    def _store_failure(
        self, outcome: CreditQuery, report: CreditReport | None = None, without_report: CreditQuery | None = None
    ) -> None:
        """Store that a query brought no report; where that fails, without what came. The sweep marks the rest as lost.

        The error that the caller raises tells a person more than that of the database.
        """
        try:
            self._store(outcome, report)
        except Exception:
            log.exception("the outcome of query %s can't be stored", outcome.id)
            if report is not None and without_report is not None:
                with contextlib.suppress(Exception):
                    self._store(without_report)

    def _store(self, outcome: CreditQuery, report: CreditReport | None = None) -> CreditQuery:
        with self._tenant.storage.unit() as unit:
            unit.queries.save(outcome, report)
            unit.commit()
        self._tenant.listeners.query_answered(outcome)
        return outcome

    def _visible(self, actor: Actor, query: CreditQuery) -> CreditQuery:
        actor.require(Permission.READ_HISTORY)
        require_visible(actor, query.creditor_id, "Consulta")
        return query

    def _entry(self, actor: Actor, act: str, query: CreditQuery) -> AuditEntry:
        after = {"document": query.document.masked, "product": query.product_code, "purpose": query.purpose.value}
        return AuditEntry(self._tenant.clock.now(), actor.id, actor.name, act, query.id, query.creditor_id, after=after)
