"""Integrations: register, edit, test, synchronise products, remove products, deactivate, delete."""

from __future__ import annotations

from dataclasses import dataclass, fields, replace
from typing import TYPE_CHECKING

from credit_protection.domain.actors import Permission
from credit_protection.domain.audit import AuditEntry
from credit_protection.domain.breaker import closed
from credit_protection.domain.errors import InvalidInput, NotFound
from credit_protection.domain.guards import GuardSettings
from credit_protection.domain.integrations import Environment, Integration, ReuseWindow, require_deletable
from credit_protection.domain.parameters import check_parameters
from credit_protection.domain.products import synchronise
from credit_protection.domain.removal_policy import RemovalPolicy

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from credit_protection.application.tenant import Tenant
    from credit_protection.domain.actors import Actor
    from credit_protection.domain.creditors import Creditor
    from credit_protection.domain.natures import InclusionNature
    from credit_protection.domain.products import Product, Synchronisation
    from credit_protection.domain.reasons import BureauReason
    from credit_protection.ports.bureau import GatewayKind
    from credit_protection.ports.storage import UnitOfWork


@dataclass(frozen=True, slots=True)
class IntegrationSettings:
    """What an operator sets besides the gateway's parameters.

    Args:
        environment: production or test.
        removal_policy: when a payment removes.
        guards: settings of the guards.
        reuse: reuse window of queries.
        grouped: one record covers the chosen invoices of a subscription.
        rate_per_second: calls per second at most; None for no limit.
        owns_transmission: this software transmits; False while the ERP itself still does.
    """

    environment: Environment = Environment.PRODUCTION
    removal_policy: RemovalPolicy = RemovalPolicy()
    guards: GuardSettings = GuardSettings()
    reuse: ReuseWindow = ReuseWindow()
    grouped: bool = False
    rate_per_second: float | None = None
    owns_transmission: bool = True


class Integrations:
    """The use cases about integrations."""

    def __init__(self, tenant: Tenant) -> None:
        self._tenant = tenant

    # -------------------------------------------------------------------------------------------- reading

    def gateways(self) -> Sequence[GatewayKind]:
        """The kinds of gateway to choose from, by code, each with what it needs filled in."""
        return [kind for _, kind in sorted(self._tenant.gateways.kinds.items())]

    def creditors(self, actor: Actor) -> Sequence[Creditor]:
        """The creditors that the actor sees: the host's, those stored before included."""
        with self._tenant.storage.reading() as unit:
            stored = {creditor.id: creditor for creditor in unit.creditors.all()}
        known = {**stored, **{creditor.id: creditor for creditor in self._tenant.host.creditors()}}
        return [creditor for creditor in known.values() if actor.sees(creditor.id)]

    def list(self, actor: Actor) -> Sequence[Integration]:
        """The integrations that the actor sees, oldest first."""
        with self._tenant.storage.reading() as unit:
            return [one for one in unit.integrations.all() if actor.sees(one.creditor_id)]

    def get(self, actor: Actor, integration_id: str) -> Integration:
        """One integration. Raises `NotFound`."""
        with self._tenant.storage.reading() as unit:
            return visible_integration(self._tenant, unit, actor, integration_id)

    def products(self, actor: Actor, integration_id: str, *, all_of_them: bool = False) -> Sequence[Product]:
        """The products that an operator may choose; hidden and gone ones too where asked for."""
        with self._tenant.storage.reading() as unit:
            visible_integration(self._tenant, unit, actor, integration_id)
            products = unit.integrations.products(integration_id)
        return [product for product in products if all_of_them or product.offered]

    def natures(self, actor: Actor, integration_id: str) -> Sequence[InclusionNature]:
        """The natures to choose from."""
        with self._tenant.storage.reading() as unit:
            visible_integration(self._tenant, unit, actor, integration_id)
            return unit.integrations.natures(integration_id)

    def reasons(self, actor: Actor, integration_id: str) -> Sequence[BureauReason]:
        """The removal reasons, as the bureau lists them."""
        with self._tenant.storage.reading() as unit:
            visible_integration(self._tenant, unit, actor, integration_id)
            return unit.integrations.reasons(integration_id)

    # -------------------------------------------------------------------------------------------- acts

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
        """Register an integration.

        Args:
            actor: who; needs "configurar".
            gateway: code of an installed gateway.
            description: what operators will call it.
            creditor_id: one of `creditors()`.
            parameters: the gateway's, by name; the secret ones are sealed before they are stored.
            settings: the rest.

        Raises:
            InvalidInput: unknown gateway or creditor, blank description, or a parameter is wrong.
            PermissionDenied: the actor may not.
        """
        actor.require(Permission.CONFIGURE, creditor_id)
        kind = self._tenant.gateways.kind(gateway)
        if not description.strip():
            raise InvalidInput("Dê uma descrição à integração.", field="description", code="descricao_obrigatoria")
        creditor = next((one for one in self.creditors(actor) if one.id == creditor_id), None)
        if creditor is None:
            raise InvalidInput(
                f"A empresa {creditor_id!r} não existe no ERP. Escolha uma da lista.",
                field="creditor_id",
                code="empresa_desconhecida",
            )
        plain, secret = self._split(gateway, check_parameters(kind.parameters, parameters))
        integration = Integration(
            id=self._tenant.identifiers.new_id(),
            gateway=gateway,
            description=description.strip(),
            creditor_id=creditor_id,
            parameters=plain,
            sealed=secret,
            created_at=self._tenant.clock.now(),
            environment=settings.environment,
            removal_policy=settings.removal_policy,
            guards=settings.guards,
            reuse=settings.reuse,
            grouped=settings.grouped,
            rate_per_second=settings.rate_per_second,
            owns_transmission=settings.owns_transmission,
        )
        with self._tenant.storage.unit() as unit:
            unit.creditors.save(creditor)
            unit.integrations.add(integration)
            self._audit(unit, actor, "integration.register", integration, after=described(integration))
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
        """Change an integration; what is None, and a secret left blank, stays as it is.

        Raises:
            NotFound, InvalidInput, PermissionDenied, Conflict: changed by somebody else meanwhile.
        """
        with self._tenant.storage.unit() as unit:
            before = visible_integration(self._tenant, unit, actor, integration_id)
            actor.require(Permission.CONFIGURE, before.creditor_id)
            after = before
            if description is not None:
                if not description.strip():
                    raise InvalidInput(
                        "Dê uma descrição à integração.", field="description", code="descricao_obrigatoria"
                    )
                after = replace(after, description=description.strip())
            if parameters is not None:
                specs = self._tenant.gateways.kind(before.gateway).parameters
                given = {**before.parameters, **parameters}
                checked = check_parameters(specs, given, secrets_stored=before.sealed.keys())
                plain, secret = self._split(before.gateway, checked)
                after = closed(replace(after, parameters=plain, sealed={**before.sealed, **secret}))
            if settings is not None:
                after = replace(
                    after,
                    environment=settings.environment,
                    removal_policy=settings.removal_policy,
                    guards=settings.guards,
                    reuse=settings.reuse,
                    grouped=settings.grouped,
                    rate_per_second=settings.rate_per_second,
                    owns_transmission=settings.owns_transmission,
                )
            unit.integrations.save(after)
            self._audit(unit, actor, "integration.edit", after, before=described(before), after=described(after))
            unit.commit()
        self._tenant.queue.wake()
        return self.get(actor, integration_id)

    def test(self, actor: Actor, integration_id: str) -> None:
        """Authenticate for real ("Testar"). Returns when all is well, and ends whatever pause there is.

        Raises:
            CredentialsRejected, BureauUnavailable, ...: what failed and how to mend it.
        """
        integration = self.get(actor, integration_id)
        actor.require(Permission.CONFIGURE, integration.creditor_id)
        self._tenant.gateways.of(integration).check()
        with self._tenant.storage.unit() as unit:
            current = unit.integrations.get(integration_id)
            mended = closed(current)
            if mended is not current:
                unit.integrations.save(mended)
            self._audit(unit, actor, "integration.test", current, after={"result": "ok"})
            unit.commit()
        self._tenant.queue.wake()

    def synchronise(self, actor: Actor, integration_id: str) -> Synchronisation:
        """Fetch products, natures and removal reasons ("Produtos > Sincronizar"). Never deletes history.

        Raises:
            BureauError: the bureau could not be read; nothing was changed.
        """
        integration = self.get(actor, integration_id)
        actor.require(Permission.CONFIGURE, integration.creditor_id)
        capabilities = self._tenant.gateways.kind(integration.gateway).capabilities
        gateway = self._tenant.gateways.of(integration)
        listed = gateway.products()
        natures = gateway.natures() if capabilities.nature_sync else ()
        reasons = gateway.reasons() if capabilities.nature_sync else ()
        with self._tenant.storage.unit() as unit:
            stored = unit.integrations.products(integration_id)
            result = synchronise(stored, listed, self._tenant.clock.now())
            unit.integrations.save_products(integration_id, result.products)
            if capabilities.nature_sync:
                unit.integrations.save_natures(integration_id, natures)
                unit.integrations.save_reasons(integration_id, reasons)
            changed = {
                "added": ", ".join(result.added),
                "updated": ", ".join(result.updated),
                "gone": ", ".join(result.gone),
            }
            self._audit(unit, actor, "integration.synchronise", integration, after=changed)
            unit.commit()
        return result

    def remove_products(self, actor: Actor, integration_id: str, codes: Iterable[str]) -> int:
        """Take products off the operator's list (one, or "Remover massivo"); history stays.

        Returns:
            How many were taken off.

        Raises:
            NotFound: a code is not on the list; then none is taken off.
        """
        wanted = set(codes)
        with self._tenant.storage.unit() as unit:
            integration = visible_integration(self._tenant, unit, actor, integration_id)
            actor.require(Permission.CONFIGURE, integration.creditor_id)
            products = unit.integrations.products(integration_id)
            if unknown := sorted(wanted - {product.code for product in products}):
                raise NotFound(
                    f"O produto {unknown[0]} não está na lista. Nenhum foi removido; confira os códigos.",
                    code="produto_desconhecido",
                )
            hidden = [replace(product, hidden=True) if product.code in wanted else product for product in products]
            unit.integrations.save_products(integration_id, hidden)
            self._audit(
                unit, actor, "integration.remove_products", integration, after={"codes": ", ".join(sorted(wanted))}
            )
            unit.commit()
        return len(wanted)

    def set_active(self, actor: Actor, integration_id: str, *, active: bool) -> Integration:
        """Activate or deactivate. Inactive blocks queries and inclusions only: removals go on."""
        with self._tenant.storage.unit() as unit:
            before = visible_integration(self._tenant, unit, actor, integration_id)
            actor.require(Permission.CONFIGURE, before.creditor_id)
            unit.integrations.save(replace(before, active=active))
            act = "integration.activate" if active else "integration.deactivate"
            self._audit(unit, actor, act, before)
            unit.commit()
        self._tenant.queue.wake()
        return self.get(actor, integration_id)

    def delete(self, actor: Actor, integration_id: str) -> None:
        """Delete an integration; its history stays.

        Raises:
            Conflict: it has open negativations.
        """
        with self._tenant.storage.unit() as unit:
            integration = visible_integration(self._tenant, unit, actor, integration_id)
            actor.require(Permission.CONFIGURE, integration.creditor_id)
            require_deletable(integration, unit.negativations.count_open(integration_id))
            unit.integrations.save(replace(integration, active=False, deleted_at=self._tenant.clock.now()))
            self._audit(unit, actor, "integration.delete", integration, before=described(integration))
            unit.commit()

    # -------------------------------------------------------------------------------------------- parts

    def _split(self, gateway: str, values: Mapping[str, str]) -> tuple[dict[str, str], dict[str, str]]:
        secret_names = {spec.name for spec in self._tenant.gateways.kind(gateway).parameters if spec.secret}
        plain = {name: value for name, value in values.items() if name not in secret_names}
        sealed = {name: self._tenant.vault.seal(value) for name, value in values.items() if name in secret_names}
        return plain, sealed

    def _audit(
        self,
        unit: UnitOfWork,
        actor: Actor,
        act: str,
        integration: Integration,
        before: Mapping[str, str] | None = None,
        after: Mapping[str, str] | None = None,
    ) -> None:
        unit.audit.add(
            AuditEntry(
                at=self._tenant.clock.now(),
                actor_id=actor.id,
                actor_name=actor.name,
                act=act,
                subject=integration.id,
                creditor_id=integration.creditor_id,
                before=before or {},
                after=after or {},
            )
        )


def visible_integration(tenant: Tenant, unit: UnitOfWork, actor: Actor, integration_id: str) -> Integration:
    """Read an integration that is not deleted and that the actor sees.

    Raises:
        NotFound: otherwise.
    """
    integration = unit.integrations.get(integration_id)
    if integration.deleted_at is not None:
        raise NotFound("Integração não encontrada: foi excluída.")
    tenant.visible(actor, integration.creditor_id, "Integração")
    return integration


def described(integration: Integration) -> dict[str, str]:
    """An integration as text by field, for the audit trail; secrets only by name."""
    return {
        "gateway": integration.gateway,
        "description": integration.description,
        "environment": integration.environment.value,
        "grouped": str(integration.grouped),
        "removal_policy": _told(integration.removal_policy),
        "guards": _told(integration.guards),
        "reuse": _told(integration.reuse),
        "rate_per_second": str(integration.rate_per_second or ""),
        "owns_transmission": str(integration.owns_transmission),
        **{f"parameter.{name}": value for name, value in integration.parameters.items()},
        **{f"parameter.{name}": "***" for name in integration.sealed},
    }


def _told(settings: RemovalPolicy | GuardSettings | ReuseWindow) -> str:
    return ", ".join(f"{setting.name}={getattr(settings, setting.name)}" for setting in fields(settings))
