"""What is known of a record and of the requests without an answer: the counts behind rule 6."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

from credit_protection.domain.capabilities import Capabilities
from credit_protection.domain.negativations import Negativation, Unanswered, may_have_duplicates
from credit_protection.domain.observations.context import AnswerContext
from credit_protection.domain.removal_policy import RemovalCause, RemovalTrigger
from credit_protection.domain.state_table import Observed


def with_observed(negativation: Negativation, observed: Observed, context: AnswerContext) -> Negativation:
    """Change what is observed; `observed_since` moves only where it differs."""
    if observed is negativation.observed:
        return negativation
    return replace(negativation, observed=observed, observed_since=context.now)


def took_effect(negativation: Negativation, bureau_id: str | None, context: AnswerContext) -> Negativation:
    """The bureau shows the record. If it never did before, one of the unanswered inclusions took effect."""
    if negativation.known_at is None:
        negativation = one_inclusion_answered(negativation)
    return acknowledged(negativation, bureau_id, context)


def acknowledged(negativation: Negativation, bureau_id: str | None, context: AnswerContext) -> Negativation:
    """The bureau confirmed that it has the record."""
    known_at = negativation.known_at or context.now
    return replace(negativation, known_at=known_at, bureau_id=bureau_id or negativation.bureau_id)


def one_inclusion_answered(negativation: Negativation) -> Negativation:
    """One unanswered inclusion fewer."""
    return replace(negativation, unanswered_inclusions=one_less(negativation.unanswered_inclusions))


def one_less(unanswered: Unanswered | None) -> Unanswered | None:
    """One request fewer; None where none is left."""
    if unanswered is None or unanswered.count == 1:
        return None
    return replace(unanswered, count=unanswered.count - 1)


def marked_uncertain(unanswered: Unanswered | None, context: AnswerContext) -> Unanswered:
    """A request may take effect for one more quiet period."""
    quiet_until = context.now + context.capabilities.quiet_period
    if unanswered is None:
        return Unanswered(1, context.now, quiet_until)
    return replace(unanswered, quiet_until=max(unanswered.quiet_until, quiet_until))


def before_removal(negativation: Negativation) -> Observed:
    """What was known before the removal was claimed: its inclusion may have been in doubt."""
    return Observed.PRESENT if negativation.known_at is not None else Observed.IN_DOUBT_INCLUDE


def inclusions_quiet_until(negativation: Negativation) -> datetime | None:
    """When no unanswered inclusion can take effect any more; None where there is none."""
    unanswered = negativation.unanswered_inclusions
    return None if unanswered is None else unanswered.quiet_until


def other_inclusion_pending(negativation: Negativation, asked_at: datetime, capabilities: Capabilities) -> bool:
    """Whether an inclusion other than the one that the bureau shows could take effect after `asked_at`."""
    unanswered = negativation.unanswered_inclusions
    if unanswered is None or not may_have_duplicates(negativation, capabilities):
        return False
    return asked_at < unanswered.quiet_until


def removals_quiet_until(negativation: Negativation, context: AnswerContext) -> datetime:
    """When no unanswered removal can take effect any more."""
    unanswered = negativation.unanswered_removals
    if unanswered is not None:
        return unanswered.quiet_until
    return negativation.observed_since + context.capabilities.quiet_period


def with_bureau_trigger(negativation: Negativation, context: AnswerContext) -> Negativation:
    """Where the record leaves and no removal was ever sent, add the bureau's own trigger; it can't be withdrawn."""
    if negativation.removal_claims or negativation.has_trigger(RemovalCause.BUREAU):
        return negativation
    trigger = RemovalTrigger(RemovalCause.BUREAU, context.now, context.today, note="removida pelo birô")
    return replace(negativation, triggers=(*negativation.triggers, trigger))
