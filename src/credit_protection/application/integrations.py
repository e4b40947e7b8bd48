"""Integrations: register, edit, test, synchronise products, remove products, deactivate, delete."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import fields, is_dataclass, replace

from credit_protection.application.integration_context import visible_integration
from credit_protection.application.tenant_ports import TenantPorts
from credit_protection.domain.actors import Actor, Permission
from credit_protection.domain.audit import AuditEntry
from credit_protection.domain.breaker import close
from credit_protection.domain.creditors import Creditor
from credit_protection.domain.errors import InvalidInput, NotFound
from credit_protection.domain.integrations import Integration, IntegrationSettings, require_deletable
from credit_protection.domain.natures import InclusionNature
from credit_protection.domain.parameters import check_parameters
from credit_protection.domain.products import Product, Synchronisation, synchronise
from credit_protection.domain.reasons import BureauReason
from credit_protection.ports.storage import UnitOfWork


class Integrations:
    """The use cases about integrations."""

    def __init__(self, tenant: TenantPorts) -> None:
        self._tenant = tenant

    def creditors(self, actor: Actor) -> Sequence[Creditor]:
        """List the creditors that the actor sees: the host's, and those that were stored before."""
        with self._tenant.storage.read_only() as unit:
            stored = {creditor.id: creditor for creditor in unit.creditors.all()}
        known = {**stored, **{creditor.id: creditor for creditor in self._tenant.host.creditors()}}
        return [creditor for creditor in known.values() if actor.sees(creditor.id)]

    def list(self, actor: Actor) -> Sequence[Integration]:
        """List the integrations that the actor sees, oldest first."""
        with self._tenant.storage.read_only() as unit:
            return [one for one in unit.integrations.all() if actor.sees(one.creditor_id)]

    def get(self, actor: Actor, integration_id: str) -> Integration:
        """Read one integration. Raises `NotFound`."""
        with self._tenant.storage.read_only() as unit:
            return visible_integration(unit, actor, integration_id)

    def products(self, actor: Actor, integration_id: str, *, all_of_them: bool = False) -> Sequence[Product]:
        """List the products that an operator may choose; on request those that are hidden or gone too."""
        with self._tenant.storage.read_only() as unit:
            visible_integration(unit, actor, integration_id)
            products = unit.integrations.products(integration_id)
        return [product for product in products if all_of_them or product.offered]

    def natures(self, actor: Actor, integration_id: str) -> Sequence[InclusionNature]:
        """List the natures, in the bureau's order."""
        with self._tenant.storage.read_only() as unit:
            visible_integration(unit, actor, integration_id)
            return unit.integrations.natures(integration_id)

    def reasons(self, actor: Actor, integration_id: str) -> Sequence[BureauReason]:
        """List the bureau's removal reasons."""
        with self._tenant.storage.read_only() as unit:
            visible_integration(unit, actor, integration_id)
            return unit.integrations.reasons(integration_id)

    def register(
        self,
        actor: Actor,
        *,
        gateway: str,
        description: str,
        creditor_id: str,
        parameters: Mapping[str, str],
        settings: IntegrationSettings = IntegrationSettings(),
    ) -> Integration:
        """Register an integration; the secret parameters are encrypted before they are stored.

        Raises:
            InvalidInput: unknown gateway or creditor, blank description, or a wrong parameter.
            PermissionDenied: the actor may not.
        """
        actor.require(Permission.CONFIGURE, creditor_id)
        provider = self._tenant.gateways.provider(gateway)
        description = _checked_description(description)
        creditor = next((one for one in self.creditors(actor) if one.id == creditor_id), None)
        if creditor is None:
            raise InvalidInput(
                f"A empresa {creditor_id!r} não existe no ERP. Escolha uma da lista.",
                field="creditor_id",
                code="empresa_desconhecida",
            )
        plain, encrypted = self._split(gateway, check_parameters(provider.parameters, parameters))
        integration = Integration(
            id=self._tenant.identifiers.new_id(),
            gateway=gateway,
            description=description,
            creditor_id=creditor_id,
            parameters=plain,
            encrypted_parameters=encrypted,
            created_at=self._tenant.clock.now(),
            settings=settings,
        )
        with self._tenant.storage.unit() as unit:
            unit.creditors.save(creditor)
            unit.integrations.add(integration)
            self._audit(unit, actor, "integration.register", integration, after=audit_fields(integration))
            unit.commit()
        return integration

    def edit(
        self,
        actor: Actor,
        integration_id: str,
        *,
        description: str | None = None,
        parameters: Mapping[str, str] | None = None,
        settings: IntegrationSettings | None = None,
    ) -> Integration:
        """Change an integration; what is None, and a secret left blank, stays as it is. New parameters end a pause.

        Raises:
            NotFound, InvalidInput, PermissionDenied.
            Conflict: another process changed it at the same time.
        """
        with self._changing(actor, integration_id) as (unit, before):
            after = before
            if description is not None:
                after = replace(after, description=_checked_description(description))
            if parameters is not None:
                specs = self._tenant.gateways.provider(before.gateway).parameters
                given = {**before.parameters, **parameters}
                checked = check_parameters(specs, given, secrets_stored=before.encrypted_parameters.keys())
                plain, encrypted = self._split(before.gateway, checked)
                encrypted = {**before.encrypted_parameters, **encrypted}
                after = close(replace(after, parameters=plain, encrypted_parameters=encrypted))
            if settings is not None:
                after = replace(after, settings=settings)
            unit.integrations.save(after)
            self._audit(unit, actor, "integration.edit", after, before=audit_fields(before), after=audit_fields(after))
        self._tenant.queue.wake()
        return self.get(actor, integration_id)

    def test(self, actor: Actor, integration_id: str) -> None:
        """Authenticate at the bureau ("Testar"); success ends a pause.

        Raises:
            CredentialsRejected, BureauUnavailable, ...: what failed and how to mend it.
        """
        self._tenant.gateways.for_integration(self._configurable(actor, integration_id)).check()
        with self._changing(actor, integration_id) as (unit, current):
            closed = close(current)
            if closed is not current:
                unit.integrations.save(closed)
            self._audit(unit, actor, "integration.test", current, after={"result": "ok"})
        self._tenant.queue.wake()

    def synchronise(self, actor: Actor, integration_id: str) -> Synchronisation:
        """Fetch products, natures and removal reasons ("Produtos > Sincronizar"). Never deletes history.

        Raises:
            BureauError: the bureau could not be read; nothing was changed.
        """
        integration = self._configurable(actor, integration_id)
        has_natures = self._tenant.gateways.provider(integration.gateway).capabilities.nature_sync
        gateway = self._tenant.gateways.for_integration(integration)
        listed = gateway.products()
        natures = gateway.natures() if has_natures else ()
        reasons = gateway.reasons() if has_natures else ()
        with self._tenant.storage.unit() as unit:
            result = synchronise(unit.integrations.products(integration_id), listed, self._tenant.clock.now())
            unit.integrations.save_products(integration_id, result.products)
            if has_natures:
                unit.integrations.save_natures(integration_id, natures)
                unit.integrations.save_reasons(integration_id, reasons)
            codes = {"added": result.added, "updated": result.updated, "gone": result.gone}
            after = {change: ", ".join(changed) for change, changed in codes.items()}
            self._audit(unit, actor, "integration.synchronise", integration, after=after)
            unit.commit()
        return result

    def remove_products(self, actor: Actor, integration_id: str, codes: Iterable[str]) -> int:
        """Hide products from operators (one, or "Remover massivo"); history stays. Returns how many were hidden.

        Raises:
            NotFound: a code is not on the list; then none is hidden.
        """
        wanted = set(codes)
        with self._changing(actor, integration_id) as (unit, integration):
            products = unit.integrations.products(integration_id)
            if unknown := sorted(wanted - {product.code for product in products}):
                raise NotFound(
                    f"O produto {unknown[0]} não está na lista. Nenhum foi removido; confira os códigos.",
                    code="produto_desconhecido",
                )
            hidden = [replace(product, hidden=True) if product.code in wanted else product for product in products]
            unit.integrations.save_products(integration_id, hidden)
            after = {"codes": ", ".join(sorted(wanted))}
            self._audit(unit, actor, "integration.remove_products", integration, after=after)
        return len(wanted)

    def set_active(self, actor: Actor, integration_id: str, *, active: bool) -> Integration:
        """Activate or deactivate. Inactive blocks queries and inclusions only: removals go on."""
        with self._changing(actor, integration_id) as (unit, before):
            unit.integrations.save(replace(before, active=active))
            self._audit(unit, actor, "integration.activate" if active else "integration.deactivate", before)
        self._tenant.queue.wake()
        return self.get(actor, integration_id)

    def delete(self, actor: Actor, integration_id: str) -> None:
        """Delete an integration; its history stays.

        Raises:
            Conflict: it has open negativations.
        """
        with self._changing(actor, integration_id) as (unit, integration):
            require_deletable(integration, unit.negativations.count_open(integration_id))
            unit.integrations.save(replace(integration, active=False, deleted_at=self._tenant.clock.now()))
            self._audit(unit, actor, "integration.delete", integration, before=audit_fields(integration))

    def _configurable(self, actor: Actor, integration_id: str) -> Integration:
        integration = self.get(actor, integration_id)
        actor.require(Permission.CONFIGURE, integration.creditor_id)
        return integration

    @contextmanager
    def _changing(self, actor: Actor, integration_id: str) -> Iterator[tuple[UnitOfWork, Integration]]:
        """Open a unit of work on an integration that the actor may configure; commits unless the body raises."""
        with self._tenant.storage.unit() as unit:
            integration = visible_integration(unit, actor, integration_id)
            actor.require(Permission.CONFIGURE, integration.creditor_id)
            yield unit, integration
            unit.commit()

    def _split(self, gateway: str, values: Mapping[str, str]) -> tuple[dict[str, str], dict[str, str]]:
        """Part the plain parameters from the secret ones, these encrypted."""
        secret = {spec.name for spec in self._tenant.gateways.provider(gateway).parameters if spec.secret}
        plain = {name: value for name, value in values.items() if name not in secret}
        return plain, {name: self._tenant.vault.encrypt(value) for name, value in values.items() if name in secret}

    def _audit(
        self, unit: UnitOfWork, actor: Actor, act: str, integration: Integration, **states: Mapping[str, str]
    ) -> None:
        now, creditor_id = self._tenant.clock.now(), integration.creditor_id
        unit.audit.add(AuditEntry(now, actor.id, actor.name, act, integration.id, creditor_id, "", **states))


def _checked_description(text: str) -> str:
    if not text.strip():
        raise InvalidInput("Dê uma descrição à integração.", field="description", code="descricao_obrigatoria")
    return text.strip()


def audit_fields(integration: Integration) -> dict[str, str]:
    """Return an integration as text by field, for the audit trail; secrets only by name."""
    settings = integration.settings
    return {
        "gateway": integration.gateway,
        "description": integration.description,
        **{field.name: _setting_text(getattr(settings, field.name)) for field in fields(settings)},
        **{f"parameter.{name}": value for name, value in integration.parameters.items()},
        **{f"parameter.{name}": "***" for name in integration.encrypted_parameters},
    }


def _setting_text(value: object) -> str:
    if is_dataclass(value) and not isinstance(value, type):
        return ", ".join(f"{field.name}={getattr(value, field.name)}" for field in fields(value))
    return "" if value is None else str(value)
