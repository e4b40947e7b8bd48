"""Mutants of the comparison's rules: each breaks one, and the model must catch it."""

# ruff: noqa: ANN401 - a patch passes on whatever it is given
from __future__ import annotations

import sys
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from credit_protection.domain import divergences, relinking, removal_policy, removals, settlements
from credit_protection.domain.comparison import brake, entries, erp_side, held, policies, readings, rechecks
from credit_protection.domain.customers import InvoiceStatus
from credit_protection.domain.divergences import Side
from credit_protection.domain.holds import HoldKind
from credit_protection.domain.money import ZERO
from credit_protection.domain.negativations import Change
from credit_protection.domain.removal_policy import RemovalCause
from credit_protection.domain.settlements import SettlementKind
from credit_protection.domain.state_table import Desired

if TYPE_CHECKING:
    from collections.abc import Callable

    import pytest

    from credit_protection.domain.negativations import Negativation


@dataclass(frozen=True)
class RuleMutant:
    """A change that breaks one rule: `name` says what goes wrong, `apply` installs it."""

    name: str
    apply: Callable[[pytest.MonkeyPatch], None]


MUTANTS: list[RuleMutant] = []


def _mutant(apply: Callable[[pytest.MonkeyPatch], None]) -> None:
    MUTANTS.append(RuleMutant(apply.__name__, apply))


def _replace(patch: pytest.MonkeyPatch, original: object, mutated: object) -> None:
    modules = [module for name, module in sys.modules.items() if name.startswith("credit_protection.domain.")]
    bindings = [(module, name) for module in modules for name, value in vars(module).items() if value is original]
    assert bindings
    for module, name in bindings:
        patch.setattr(module, name, mutated)


# ------------------------------------------------------------------------------------------------ readings


@_mutant
def open_once_reverses(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(readings.StoredReading, "is_status_confirmed", property(lambda _: True))


@_mutant
def open_twice_within_the_hour_reverses(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(readings, "CONFIRMED_AFTER", timedelta(minutes=10))


@_mutant
def paid_in_between_still_counts_as_open(patch: pytest.MonkeyPatch) -> None:
    merge = readings.merge

    def forgetful(stored: Any, reading: Any) -> Any:
        merged = merge(stored, reading)
        return merged if merged is None or stored is None else replace(merged, status_since=stored.status_since)

    _replace(patch, merge, forgetful)


@_mutant
def open_reading_of_before_the_payment_counts_as_the_first(patch: pytest.MonkeyPatch) -> None:
    _replace(patch, readings.beside_ledger, lambda stored, _: stored)


@_mutant
def older_reading_is_stored(patch: pytest.MonkeyPatch) -> None:
    merge = readings.merge

    def lenient(stored: Any, reading: Any) -> Any:
        return merge(stored, reading) or readings.first_reading(reading)

    _replace(patch, merge, lenient)


@_mutant
def reading_older_than_the_decision_acts(patch: pytest.MonkeyPatch) -> None:
    decide = entries.ledger_change
    _replace(
        patch,
        decide,
        lambda stored, facts, *rest, **more: decide(stored, replace(facts, newest_applied_at=None), *rest, **more),
    )


@_mutant
def entry_carries_no_instant(patch: pytest.MonkeyPatch) -> None:
    own = entries._own
    _replace(patch, own, lambda *given: replace(own(*given), as_of=None))


@_mutant
def silent_settlement_is_missed(patch: pytest.MonkeyPatch) -> None:
    patch.delitem(entries._KINDS, InvoiceStatus.CREDITED)


@_mutant
def bad_debt_settles(patch: pytest.MonkeyPatch) -> None:
    patch.setitem(entries._KINDS, InvoiceStatus.WRITTEN_OFF, SettlementKind.CANCELLATION)


@_mutant
def tolerance_settles_without_a_fall(patch: pytest.MonkeyPatch) -> None:
    def lenient(reading: Any, effective: Any, debts: Any) -> bool:
        if reading.balance == ZERO and not effective:
            return False
        return all(reading.balance <= max(debt.tolerance, debt.principal) for debt in debts)

    _replace(patch, entries.counts_as_settled, lenient)


@_mutant
def zero_balance_settles(patch: pytest.MonkeyPatch) -> None:
    def lenient(reading: Any, _: Any, debts: Any) -> bool:
        return all(reading.balance < debt.balance and reading.balance <= debt.tolerance for debt in debts)

    _replace(patch, entries.counts_as_settled, lenient)


@_mutant
def open_invoice_undoes_what_the_host_reports(patch: pytest.MonkeyPatch) -> None:
    decide = entries.ledger_change

    def distrusting(*given: Any, **_: Any) -> Any:
        return decide(*given, reports_reversals=False)

    _replace(patch, decide, distrusting)


@_mutant
def own_settlement_stays_when_the_debt_is_back(patch: pytest.MonkeyPatch) -> None:
    _replace(patch, entries.contradicts, lambda *_: False)


# ------------------------------------------------------------------------------------------------ rechecks


@_mutant
def any_reading_answers_a_recheck(patch: pytest.MonkeyPatch) -> None:
    _replace(patch, rechecks.after_reading, lambda recheck, _, now: replace(recheck, done_at=now))


@_mutant
def recheck_is_tried_at_once_for_ever(patch: pytest.MonkeyPatch) -> None:
    after = rechecks.after_reading
    _replace(patch, after, lambda recheck, as_of, now: replace(after(recheck, as_of, now), due_at=now))


# ------------------------------------------------------------------------------------------------ divergences


@_mutant
def silence_closes_divergences(patch: pytest.MonkeyPatch) -> None:
    every = frozenset({(code, Side.ERP) for code in (*erp_side._SEEN, divergences.DivergenceCode.NOT_READ)})
    _replace(patch, erp_side.fresh_codes, lambda _: every)


@_mutant
def divergence_opens_at_each_reading(patch: pytest.MonkeyPatch) -> None:
    update = divergences.update_divergences

    def forgetful(_: Any, *given: Any) -> Any:
        return update((), *given)

    _replace(patch, update, forgetful)


@_mutant
def decision_outlives_its_values(patch: pytest.MonkeyPatch) -> None:
    def keeping(current: Any, difference: Any, _: Any) -> Any:
        return replace(current, ours=difference.ours, theirs=difference.theirs)

    _replace(patch, divergences._with_values, keeping)


@_mutant
def missing_invoice_is_no_divergence(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(erp_side, "MISSING_AFTER", timedelta(days=4000))


@_mutant
def bad_debt_is_not_shown(patch: pytest.MonkeyPatch) -> None:
    find = erp_side._states

    def blind(*given: Any) -> Any:
        return (each for each in find(*given) if each.code is not divergences.DivergenceCode.WRITTEN_OFF)

    _replace(patch, find, blind)


@_mutant
def moved_debt_is_not_shown(patch: pytest.MonkeyPatch) -> None:
    _replace(patch, erp_side._parties, lambda *_: iter(()))


# ------------------------------------------------------------------------------------------------ policies, the brake


@_mutant
def policy_removes_what_a_person_keeps(patch: pytest.MonkeyPatch) -> None:
    decide = policies.removing

    def deaf(found: Any, context: Any) -> Any:
        return decide([replace(each, decision=None) for each in found], context)

    _replace(patch, decide, deaf)


@_mutant
def policy_does_not_wait(patch: pytest.MonkeyPatch) -> None:
    _replace(patch, policies._is_term_over, lambda *_: True)


@_mutant
def every_code_removes(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(divergences.DivergencePolicies, "of", lambda *_: divergences.DivergencePolicy.REMOVE)


@_mutant
def divergence_trigger_is_lifted_after_a_claim(patch: pytest.MonkeyPatch) -> None:
    lift = removals.lift_divergence

    def lenient(each: Negativation, *given: Any) -> Change:
        change = lift(replace(each, removal_claims=0), *given)
        return Change(replace(change.negativation, removal_claims=each.removal_claims), change.events)

    _replace(patch, lift, lenient)


@_mutant
def settlements_touch_divergence_triggers(patch: pytest.MonkeyPatch) -> None:
    apply = removals.apply_settlement_statuses

    def greedy(each: Negativation, *given: Any) -> Change:
        kept = tuple(one for one in each.triggers if one.cause is not RemovalCause.DIVERGENCE)
        return apply(replace(each, triggers=kept), *given)

    _replace(patch, apply, greedy)


@_mutant
def kept_record_is_removed_all_the_same(patch: pytest.MonkeyPatch) -> None:
    _replace(patch, removals.lift_divergence, lambda each, *_: Change(each))


@_mutant
def divergence_that_is_over_removes(patch: pytest.MonkeyPatch) -> None:
    decide = policies.removing

    def stubborn(found: Any, context: Any) -> Any:
        return decide([replace(each, closed_at=None) for each in found], context)

    _replace(patch, decide, stubborn)


@_mutant
def part_payment_removes(patch: pytest.MonkeyPatch) -> None:
    decide = settlements.settlement_status

    def generous(balance: Any, entries_: Any, tolerance: Any, clock: Any = None) -> Any:
        return decide(balance, entries_, balance if entries_ else tolerance, clock)

    _replace(patch, decide, generous)


@_mutant
def payment_that_was_undone_removes(patch: pytest.MonkeyPatch) -> None:
    apply = removals.apply_settlement_statuses

    def stubborn(each: Negativation, *given: Any) -> Change:
        change = apply(each, *given)
        return Change(each) if each.desired is Desired.REMOVED is not change.negativation.desired else change

    _replace(patch, apply, stubborn)


@_mutant
def brake_allows_every_host_as_much(patch: pytest.MonkeyPatch) -> None:
    allowed = brake.allowed_turns
    _replace(patch, allowed, lambda open_records, **_: allowed(open_records, host_reports=False))


@_mutant
def brake_is_off(patch: pytest.MonkeyPatch) -> None:
    _replace(patch, brake.allowed_turns, lambda open_records, **_: open_records)


# ------------------------------------------------------------------------------------------------ holds


def _mutate_removing(patch: pytest.MonkeyPatch, change: Callable[[Any], Any]) -> None:
    decide = held.DebtorHolds.removing
    patch.setattr(held.DebtorHolds, "removing", lambda each, customer_id: decide(change(each), customer_id))


@_mutant
def court_order_on_any_record_removes(patch: pytest.MonkeyPatch) -> None:
    def on_all(each: Any) -> Any:
        orders = [hold for hold in each.holds.values() if hold.kind is HoldKind.COURT_ORDER]
        return replace(each, holds=dict.fromkeys(each.records, orders[0])) if orders else each

    _mutate_removing(patch, on_all)


@_mutant
def death_on_another_record_is_missed(patch: pytest.MonkeyPatch) -> None:
    def own_only(each: Any) -> Any:
        return replace(each, holds={key: hold for key, hold in each.holds.items() if key == "c-1"})

    _mutate_removing(patch, own_only)


@_mutant
def hold_of_another_person_removes(patch: pytest.MonkeyPatch) -> None:
    _mutate_removing(patch, lambda each: replace(each, records=frozenset(each.holds)))


@_mutant
def hold_that_has_ended_counts(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(held.DebtorHolds, "effective", lambda each, _: each)


@_mutant
def list_lifts_what_a_hold_added(patch: pytest.MonkeyPatch) -> None:
    remove = held.remove_by_hold

    def lenient(each: Any, shown: Any, found: Any, context: Any) -> Change:
        if not found.effective(context.today).holds:
            return Change(replace(each, triggers=()))
        return remove(each, shown, found, context)

    _replace(patch, remove, lenient)


@_mutant
def hold_removes_what_a_person_keeps(patch: pytest.MonkeyPatch) -> None:
    remove = held.remove_by_hold

    def deaf(each: Any, shown: Any, *given: Any) -> Change:
        return remove(each, [replace(one, decision=None) for one in shown], *given)

    _replace(patch, remove, deaf)


@_mutant
def end_of_a_hold_leaves_nobody_to_ask(patch: pytest.MonkeyPatch) -> None:
    _replace(patch, held._trigger, lambda _: None)


@_mutant
def court_order_waits(patch: pytest.MonkeyPatch) -> None:
    deadline = removal_policy.removal_deadline
    patch.setattr(held, "removal_deadline", lambda _, *given: deadline(RemovalCause.DIVERGENCE, *given))


# ------------------------------------------------------------------------------------------------ groups, relinking


@_mutant
def one_of_the_group_removes_all(patch: pytest.MonkeyPatch) -> None:
    _replace(patch, policies._is_each_over, lambda *_: True)


@_mutant
def silence_lifts_the_group(patch: pytest.MonkeyPatch) -> None:
    carry = erp_side.carried_by
    _replace(patch, carry, lambda *given: replace(carry(*given), is_whole=True))


@_mutant
def invoice_that_differs_is_matched(patch: pytest.MonkeyPatch) -> None:
    _replace(patch, relinking.mismatches, lambda *_: [])


@_mutant
def reading_undoes_the_old_ledger(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(settlements.Settlement, "is_former", property(lambda _: False))


@_mutant
def old_ledger_is_mistaken_for_the_new_one(patch: pytest.MonkeyPatch) -> None:
    copy = relinking.former_entries

    def nameless(relinked: Any, entries_: Any) -> Any:
        names = {each.settlement_key: each for each in entries_}
        return [replace(each, id=key) for each, key in zip(copy(relinked, entries_), names, strict=True)]

    _replace(patch, copy, nameless)
