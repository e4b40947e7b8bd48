"""The state machine: Hypothesis chooses the steps of the model and their order."""

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, precondition, rule

from credit_protection.domain.reasons import RemovalReason
from credit_protection.domain.settlements import SettlementKind
from tests.domain.lifecycle.bureau import Delay, Plan
from tests.domain.lifecycle.lifecycle_model import NATURES, LifecycleModel
from tests.domain.lifecycle.profiles import PROFILES, Profile
from tests.domain.lifecycle.random_walks import AMOUNTS, DAYS_TO_MONEY, DELAYS, KINDS, PLANS, REASONS

POSITION = st.integers(0, 3)
REPORTED = st.sampled_from((True, True, False))
LOST = st.sampled_from((False, False, False, True))


class Lifecycle(RuleBasedStateMachine):
    """The model checks every step; the end of a run checks the final state."""

    profiles: tuple[Profile, ...] = PROFILES
    model: LifecycleModel
    one_record: bool

    @initialize(
        which=st.integers(0, len(PROFILES) - 1), is_company=st.booleans(), count=st.sampled_from((1, 1, 1, 2, 3))
    )
    def begin(self, which: int, is_company: bool, count: int) -> None:
        self.model = LifecycleModel(self.profiles[which % len(self.profiles)], customer_is_company=is_company)
        self.one_record = count == 1
        self.model.request(count, "OUT")
        self.model.confirm()

    @precondition(lambda self: self.model.has_due_work)
    @rule(position=POSITION, plan=st.sampled_from(PLANS), delay=st.sampled_from(DELAYS), lost=LOST)
    def work(self, position: int, plan: Plan, delay: Delay, lost: bool) -> None:
        self.model.work(position, plan, delay, answer_lost=lost)

    @precondition(lambda self: self.model.has_due_work)
    @rule(position=POSITION)
    def work_well(self, position: int) -> None:
        self.model.work(position, Plan.WORKS, Delay.NONE, answer_lost=False)
        self.model.deliver(len(self.model.calls) - 1)

    @precondition(lambda self: self.model.calls)
    @rule(position=POSITION)
    def deliver(self, position: int) -> None:
        self.model.deliver(position)

    @precondition(lambda self: self.model.calls)
    @rule(position=POSITION)
    def crash(self, position: int) -> None:
        self.model.crash(position)

    @rule(how=st.integers(0, 7))
    def pass_time(self, how: int) -> None:
        self.model.pass_time(how)

    @rule()
    def wait_for_next_event(self) -> None:
        self.model.pass_time(-1)

    @rule()
    def sweep(self) -> None:
        self.model.sweep()

    @precondition(lambda self: self.model.has_pending_callbacks)
    @rule(position=POSITION, again=st.booleans())
    def callback(self, position: int, again: bool) -> None:
        self.model.callback(position, again=again)

    @rule(
        invoice=st.integers(0, 2),
        kind=st.sampled_from(KINDS),
        cents=st.sampled_from(AMOUNTS),
        days=st.sampled_from(DAYS_TO_MONEY),
        reported=REPORTED,
    )
    def pay(self, invoice: int, kind: SettlementKind, cents: int | None, days: int | None, reported: bool) -> None:
        self.model.pay(invoice, kind, cents, days, reported=reported)

    @precondition(lambda self: self.model.host.entries)
    @rule(position=POSITION, reported=REPORTED)
    def reverse(self, position: int, reported: bool) -> None:
        self.model.reverse(position, reported=reported)

    @precondition(lambda self: self.model.host.entries)
    @rule(position=POSITION)
    def report(self, position: int) -> None:
        self.model.report(position)

    @rule(position=POSITION)
    def apply(self, position: int) -> None:
        self.model.apply(position)

    @rule(position=POSITION, reason=st.sampled_from(REASONS), attestation=st.sampled_from(("", "recibo")))
    def delete(self, position: int, reason: RemovalReason | None, attestation: str) -> None:
        self.model.delete(position, reason, attestation)

    @rule(position=POSITION)
    def withdraw(self, position: int) -> None:
        self.model.withdraw(position)

    @rule(position=POSITION, act=st.sampled_from(("stop", "resume", "needs_person", "attest")))
    def person(self, position: int, act: str) -> None:
        getattr(self.model, act)(position)

    @rule(position=POSITION, act=st.sampled_from(("bureau_removes", "bureau_forgets", "hint")))
    def bureau(self, position: int, act: str) -> None:
        getattr(self.model, act)(position)

    @precondition(lambda self: not self.one_record)
    @rule(count=st.integers(1, 3), nature=st.sampled_from(sorted(NATURES)))
    def request(self, count: int, nature: str) -> None:
        self.model.request(count, nature)

    @precondition(lambda self: self.model.drafts)
    @rule()
    def confirm(self) -> None:
        self.model.confirm()

    @rule()
    def system_requests(self) -> None:
        self.model.system_requests()

    def teardown(self) -> None:
        if hasattr(self, "model"):
            self.model.finish()


class WithLookUp(Lifecycle):
    """Gateways that can look records up."""

    profiles = tuple(profile for profile in PROFILES if profile.gateway.find)


class WithoutLookUp(Lifecycle):
    """Gateways without a look-up: only answers and callbacks say what the bureau holds."""

    profiles = tuple(profile for profile in PROFILES if not profile.gateway.find)
