"""Whether an edited integration still reaches the account at the bureau where its records stand."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

from credit_protection.domain.bureau_answers import LookupResult, RecordFound, RecordState
from credit_protection.domain.integrations import Environment
from credit_protection.domain.parameters import ParameterSpec

PROOF_SIZE = 20
"""How many standing records are looked up."""
_STANDS = frozenset({RecordState.PRESENT, RecordState.INCLUDING, RecordState.REMOVAL_REFUSED})


def account_of(
    specs: Iterable[ParameterSpec], parameters: Mapping[str, str], environment: Environment
) -> tuple[tuple[str, str], ...]:
    """What identifies the account: the parameters that are marked so, and the environment."""
    marked = [(spec.name, parameters.get(spec.name) or spec.default) for spec in specs if spec.identifies_account]
    return (*sorted(marked), ("environment", environment.value))


class Proof(StrEnum):
    """What look-ups of standing records with the new parameters prove."""

    SAME = "same"
    OTHER = "other"
    NOTHING = "nothing"


@dataclass(frozen=True, slots=True)
class AccountLookup:
    """One standing record, looked up with the new parameters and, where they miss it, with the old ones."""

    new: LookupResult
    old: LookupResult | None = None


def prove_account(lookups: Sequence[AccountLookup]) -> Proof:
    """Judge the look-ups.

    One hit is needed. A miss counts only where the old parameters still show the record: it may have left meanwhile.
    """
    if any(not _stands(each.new) and each.old is not None and _stands(each.old) for each in lookups):
        return Proof.OTHER
    return Proof.SAME if any(_stands(each.new) for each in lookups) else Proof.NOTHING


def _stands(result: LookupResult) -> bool:
    return isinstance(result, RecordFound) and result.state in _STANDS
