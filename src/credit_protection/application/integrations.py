"""Integrations: register, edit, test, synchronise products, remove products, deactivate, delete."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import fields, is_dataclass, replace
from types import MappingProxyType

from credit_protection.application import account_change
from credit_protection.application.edited_policies import mark_edited
from credit_protection.application.integration_context import locked_integration, visible_integration
from credit_protection.application.reason_maps import resume_refused, resume_unsendable
from credit_protection.application.tenant_ports import TenantPorts
from credit_protection.domain.actors import Actor, Permission
from credit_protection.domain.audit import AuditEntry
from credit_protection.domain.breaker import close
from credit_protection.domain.creditors import Creditor
from credit_protection.domain.errors import InvalidInput, NotFound
from credit_protection.domain.findings import Finding
from credit_protection.domain.integrations import (
    Integration,
    IntegrationSettings,
    require_deletable,
    require_valid_settings,
)
from credit_protection.domain.natures import InclusionNature
from credit_protection.domain.parameters import check_parameters, require_secrets_anew
from credit_protection.domain.products import Product, Synchronisation, synchronise
from credit_protection.domain.reasons import (
    NOTHING_LISTED,
    BureauReason,
    ReasonMap,
    RemovalReason,
    all_findings,
    edited,
    propose,
)
from credit_protection.ports.failpoints import failpoint
from credit_protection.ports.storage import UnitOfWork

_KEPT = "guardado"
"""Stands for a stored secret where parameters are checked."""
_READERS = frozenset(
    {Permission.CONFIGURE, Permission.QUERY, Permission.READ_HISTORY, Permission.NEGATIVATE, Permission.REMOVE}
)
"""Whoever has one of these chooses an integration, a product or a nature, or reads what was made through one."""


class Integrations:
    """The use cases about integrations.

    Each raises `PermissionDenied` where the actor lacks the permission: to read, one of those of a person; to change,
    "configurar".
    """

    def __init__(self, tenant: TenantPorts) -> None:
        self._tenant = tenant

    def creditors(self, actor: Actor) -> Sequence[Creditor]:
        """List the creditors that the actor sees: the host's, and those that were stored before."""
        actor.require_any(_READERS)
        with self._tenant.storage.read_only() as unit:
            stored = {creditor.id: creditor for creditor in unit.creditors.all()}
        known = {**stored, **{creditor.id: creditor for creditor in self._tenant.host.creditors()}}
        return [creditor for creditor in known.values() if actor.sees(creditor.id)]

    def stored_creditors(self, actor: Actor) -> Sequence[Creditor]:
        """List the creditors of the integrations that the actor sees, as they were last stored; the ERP isn't asked."""
        actor.require_any(_READERS)
        with self._tenant.storage.read_only() as unit:
            return [creditor for creditor in unit.creditors.all() if actor.sees(creditor.id)]

    def list(self, actor: Actor) -> Sequence[Integration]:
        """List the integrations that the actor sees, oldest first."""
        actor.require_any(_READERS)
        with self._tenant.storage.read_only() as unit:
            return [one for one in unit.integrations.all() if actor.sees(one.creditor_id)]

    def get(self, actor: Actor, integration_id: str) -> Integration:
        """Read one integration. Raises `NotFound`."""
        actor.require_any(_READERS)
        with self._tenant.storage.read_only() as unit:
            return visible_integration(unit, actor, integration_id)

    def products(self, actor: Actor, integration_id: str, *, all_of_them: bool = False) -> Sequence[Product]:
        """List the products that an operator may choose; on request those that are hidden or gone too."""
        actor.require_any(_READERS)
        with self._tenant.storage.read_only() as unit:
            visible_integration(unit, actor, integration_id)
            products = unit.integrations.products(integration_id)
        return [product for product in products if all_of_them or product.offered]

    def natures(self, actor: Actor, integration_id: str) -> Sequence[InclusionNature]:
        """List the natures, in the bureau's order."""
        actor.require_any(_READERS)
        with self._tenant.storage.read_only() as unit:
            visible_integration(unit, actor, integration_id)
            return unit.integrations.natures(integration_id)

    def reasons(self, actor: Actor, integration_id: str) -> Sequence[BureauReason]:
        """List the bureau's removal reasons."""
        actor.require_any(_READERS)
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
            InvalidInput: unknown gateway or creditor, blank description, or a wrong parameter or setting.
            PermissionDenied: the actor may not.
        """
        actor.require(Permission.CONFIGURE, creditor_id)
        provider = self._tenant.gateways.provider(gateway)
        description = _checked_description(description)
        require_valid_settings(settings)
        creditor = next((one for one in self.creditors(actor) if one.id == creditor_id), None)
        if creditor is None:
            raise InvalidInput(
                f"A empresa {creditor_id!r} não existe no ERP. Escolha uma da lista.",
                field="creditor_id",
                code="empresa_desconhecida",
            )
        checked = check_parameters(provider.parameters, parameters)
        self._tenant.gateways.check(gateway, checked, settings.environment)
        plain, encrypted = self._split(gateway, checked)
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
        same_account: str = "",
    ) -> Integration:
        """Change an integration; what is None, and a secret left blank, stays as it is. New parameters end a pause.

        Where its removal policy or its divergence policies change, the next sweep decides about its open negativations
        again.

        An address of another origin needs the secrets anew, in the same edit.

        Where it has open negativations and what identifies the account at the bureau changes, up to 20 records that
        stand are looked up with the new parameters. Where that proves nothing, `same_account` is a person's statement,
        in one sentence, that it is the same account: all its open negativations are unconfirmed then.

        Raises:
            NotFound, InvalidInput, PermissionDenied.
            Conflict: another process changed it at the same time; a call is running; it is another account, or not
                proved to be the same.
            BureauError: the bureau could not be asked with the new parameters.
        """

        def edited(before: Integration) -> Integration:
            after = before
            if description is not None:
                after = replace(after, description=_checked_description(description))
            if parameters is not None:
                specs = self._tenant.gateways.provider(before.gateway).parameters
                if before.encrypted_parameters:
                    require_secrets_anew(specs, before.parameters, parameters)
                given = {**before.parameters, **parameters}
                checked = check_parameters(specs, given, secrets_stored=before.encrypted_parameters.keys())
                kept = dict.fromkeys(before.encrypted_parameters, _KEPT)  # its key may be lost
                environment = (settings or before.settings).environment
                self._tenant.gateways.check(before.gateway, {**kept, **checked}, environment)
                plain, encrypted = self._split(before.gateway, checked)
                encrypted = {**before.encrypted_parameters, **encrypted}
                after = close(replace(after, parameters=plain, encrypted_parameters=encrypted))
            if settings is not None:
                require_valid_settings(settings)
                after = replace(after, settings=settings)
            return after

        known = self._configurable(actor, integration_id)
        moves, is_proved = self._moves_account(known, edited(known)), False
        if moves:
            is_proved = account_change.prove_same_account(self._tenant, known, edited(known))
            if not is_proved:
                account_change.require_statement(same_account)
        with self._changing(actor, integration_id) as (unit, before):
            after = edited(before)
            if moves:
                account_change.require_no_call(self._tenant, unit, before)
                after = replace(after, version=known.version)  # else it is not what was proved
            if moves and not is_proved:
                find = self._tenant.gateways.provider(before.gateway).capabilities.find
                unit.negativations.unconfirm(integration_id, look_up_first=find)
                self._audit(unit, actor, "integration.same_account", after, after={"statement": same_account.strip()})
            unit.integrations.save(after)
            self._audit(unit, actor, "integration.edit", after, before=audit_fields(before), after=audit_fields(after))
            mark_edited(unit, before, after, self._tenant.clock.now())
        self._tenant.queue.wake()
        return self.get(actor, integration_id)

    def _moves_account(self, before: Integration, after: Integration) -> bool:
        """Whether the edit may leave an account that has, or may have, records of open negativations."""
        if not account_change.changes_account(self._tenant, before, after):
            return False
        with self._tenant.storage.read_only() as unit:
            return unit.negativations.has_sent(before.id)

    def test(self, actor: Actor, integration_id: str) -> Sequence[Finding]:
        """Authenticate at the bureau ("Testar"); success ends a pause, and resumes what could not be sent.

        That is what a lost key, or wrong parameters, blocked: after they are restored one call resumes it all.

        Returns:
            What the map of removal reasons lacks, where the gateway synchronises them.

        Raises:
            CredentialsRejected, BureauUnavailable, ...: what failed and how to mend it.
        """
        integration = self._configurable(actor, integration_id)
        has_reasons = self._tenant.gateways.provider(integration.gateway).capabilities.nature_sync
        self._tenant.gateways.for_integration(integration).check()
        with self._changing(actor, integration_id) as (unit, current):
            closed = close(current)
            if closed is not current:
                unit.integrations.save(closed)
            self._audit(unit, actor, "integration.test", current, after={"result": "ok"})
        resume_unsendable(self._tenant, actor, integration_id)
        self._tenant.queue.wake()
        return all_findings(current.reason_map) if has_reasons else []

    def synchronise(self, actor: Actor, integration_id: str) -> Synchronisation:
        """Fetch products, natures and removal reasons ("Produtos > Sincronizar"). Never deletes history.

        The map of removal reasons is proposed anew; what a person set stays while the bureau lists it. An empty list
        of reasons changes nothing.

        Raises:
            BureauError: the bureau could not be read; nothing was changed.
        """
        integration = self._configurable(actor, integration_id)
        capabilities = self._tenant.gateways.provider(integration.gateway).capabilities
        has_natures = capabilities.nature_sync
        gateway = self._tenant.gateways.for_integration(integration)
        listed = gateway.products()
        natures = gateway.natures() if has_natures else ()
        reasons = gateway.reasons() if has_natures else ()
        is_changed = False
        with self._tenant.storage.unit() as unit:
            locked_integration(unit, actor, integration_id)
            result = synchronise(unit.integrations.products(integration_id), listed, self._tenant.clock.now())
            unit.integrations.save_products(integration_id, result.products)
            if has_natures:
                unit.integrations.save_natures(integration_id, natures)
                result = replace(result, findings=() if reasons else (NOTHING_LISTED,))
                current = unit.integrations.get(integration_id)
                proposed = propose(current.reason_map, reasons, capabilities.reason_hints)
                result = replace(result, findings=(*result.findings, *all_findings(proposed)))
                if reasons:
                    unit.integrations.save_reasons(integration_id, reasons)
                if is_changed := proposed != current.reason_map:
                    unit.integrations.save(replace(current, reason_map=proposed))
            codes = {"added": result.added, "updated": result.updated, "gone": result.gone}
            after = {change: ", ".join(changed) for change, changed in codes.items()}
            self._audit(unit, actor, "integration.synchronise", integration, after=after)
            unit.commit()
        if is_changed:
            resume_refused(self._tenant, actor, integration_id)
        return result

    def set_reasons(
        self,
        actor: Actor,
        integration_id: str,
        codes: Mapping[RemovalReason, str] = MappingProxyType({}),
        *,
        fallback: str | None = None,
    ) -> ReasonMap:
        """Set the bureau's codes for our removal reasons, and the one for reasons without a code of their own.

        A blank code takes back what a person set. Removals that wait because the bureau did not know their reason are
        tried again.

        Raises:
            InvalidInput: a code that the bureau does not list.
        """
        with self._changing(actor, integration_id) as (unit, before):
            reasons = edited(
                before.reason_map,
                unit.integrations.reasons(integration_id),
                self._tenant.gateways.provider(before.gateway).capabilities.reason_hints,
                codes=codes,
                fallback=fallback,
                actor_id=actor.id,
            )
            unit.integrations.save(replace(before, reason_map=reasons))
            states = {"before": _reasons_text(before.reason_map), "after": _reasons_text(reasons)}
            self._audit(unit, actor, "integration.set_reasons", before, **states)
        resume_refused(self._tenant, actor, integration_id)
        return reasons

    def remove_products(self, actor: Actor, integration_id: str, codes: Iterable[str]) -> int:
        """Hide products from operators (one, or "Remover massivo"); history stays. Returns how many were hidden.

        Raises:
            NotFound: a code is not on the list; then none is hidden.
        """
        return self._set_hidden(actor, integration_id, set(codes), hidden=True)

    def restore_products(self, actor: Actor, integration_id: str, codes: Iterable[str]) -> int:
        """Show hidden products again; one that the bureau left stays unavailable. Returns how many were named.

        Raises:
            NotFound: a code is not on the list; then none is shown.
        """
        return self._set_hidden(actor, integration_id, set(codes), hidden=False)

    def _set_hidden(self, actor: Actor, integration_id: str, wanted: set[str], *, hidden: bool) -> int:
        with self._changing(actor, integration_id) as (unit, integration):
            products = unit.integrations.products(integration_id)
            if unknown := sorted(wanted - {product.code for product in products}):
                raise NotFound(
                    f"O produto {unknown[0]} não está na lista. Nenhum foi alterado. Veja os códigos: "
                    "credit-protection products list --all",
                    code="produto_desconhecido",
                )
            changed = [replace(product, hidden=hidden) if product.code in wanted else product for product in products]
            unit.integrations.save_products(integration_id, changed)
            after = {"codes": ", ".join(sorted(wanted))}
            act = "integration.remove_products" if hidden else "integration.restore_products"
            self._audit(unit, actor, act, integration, after=after)
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
        with self._changing(actor, integration_id, for_deletion=True) as (unit, integration):
            failpoint("delete.locked")
            require_deletable(integration, unit.negativations.count_open(integration_id))
            unit.integrations.save(replace(integration, active=False, deleted_at=self._tenant.clock.now()))
            self._audit(unit, actor, "integration.delete", integration, before=audit_fields(integration))

    def _configurable(self, actor: Actor, integration_id: str) -> Integration:
        integration = self.get(actor, integration_id)
        actor.require(Permission.CONFIGURE, integration.creditor_id)
        return integration

    @contextmanager
    def _changing(
        self, actor: Actor, integration_id: str, *, for_deletion: bool = False
    ) -> Iterator[tuple[UnitOfWork, Integration]]:
        """Open a unit of work on an integration that the actor may configure; commits unless the body raises."""
        with self._tenant.storage.unit() as unit:
            integration = locked_integration(unit, actor, integration_id, for_deletion=for_deletion)
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


def _reasons_text(reasons: ReasonMap) -> dict[str, str]:
    fallback = {} if reasons.fallback is None else {"fallback": reasons.fallback.code}
    return {reason.value: each.code for reason, each in reasons.codes.items()} | fallback


def _setting_text(value: object) -> str:
    if isinstance(value, Mapping):
        return str(dict(value))
    if is_dataclass(value) and not isinstance(value, type):
        return ", ".join(f"{field.name}={_setting_text(getattr(value, field.name))}" for field in fields(value))
    return "" if value is None else str(value)
