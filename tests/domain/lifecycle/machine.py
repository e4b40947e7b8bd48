"""The state machine: Hypothesis chooses what happens in the world, and in which order."""

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, precondition, rule

from credit_protection.domain.reasons import RemovalReason
from credit_protection.domain.settlements import SettlementKind
from tests.domain.lifecycle.bureau import Delay, Plan
from tests.domain.lifecycle.profiles import PROFILES, Profile
from tests.domain.lifecycle.walks import AMOUNTS, DAYS_TO_MONEY, KINDS, REASONS
from tests.domain.lifecycle.world import NATURES, World

POSITION = st.integers(0, 3)
TOLD = st.booleans()


class Lifecycle(RuleBasedStateMachine):
    """Every step is checked by the world itself; at the end it lets time pass and looks at the promise."""

    world: World

    @initialize(profile=st.sampled_from(PROFILES), is_company=st.booleans(), count=st.integers(1, 3))
    def begin(self, profile: Profile, is_company: bool, count: int) -> None:
        self.world = World(profile, customer_is_company=is_company)
        self.world.ask(count, "OUT")
        self.world.confirm()

    @precondition(lambda self: self.world.anything_due)
    @rule(position=POSITION, plan=st.sampled_from(Plan), delay=st.sampled_from(Delay), lost=st.booleans())
    def work(self, position: int, plan: Plan, delay: Delay, lost: bool) -> None:
        self.world.work(position, plan, delay, answer_lost=lost)

    @precondition(lambda self: self.world.anything_due)
    @rule(position=POSITION)
    def work_well(self, position: int) -> None:
        self.world.work(position, Plan.WORKS, Delay.NONE, answer_lost=False)
        self.world.deliver(len(self.world.calls) - 1)

    @precondition(lambda self: self.world.calls)
    @rule(position=POSITION)
    def deliver(self, position: int) -> None:
        self.world.deliver(position)

    @precondition(lambda self: self.world.calls)
    @rule(position=POSITION)
    def crash(self, position: int) -> None:
        self.world.crash(position)

    @rule(how=st.integers(0, 7))
    def pass_time(self, how: int) -> None:
        self.world.pass_time(how)

    @rule()
    def sweep(self) -> None:
        self.world.sweep()

    @precondition(lambda self: self.world.anything_owed)
    @rule(position=POSITION, again=st.booleans())
    def callback(self, position: int, again: bool) -> None:
        self.world.callback(position, again=again)

    @rule(
        invoice=st.integers(0, 2),
        kind=st.sampled_from(KINDS),
        cents=st.sampled_from(AMOUNTS),
        days=st.sampled_from(DAYS_TO_MONEY),
        told=TOLD,
    )
    def pay(self, invoice: int, kind: SettlementKind, cents: int | None, days: int | None, told: bool) -> None:
        self.world.pay(invoice, kind, cents, days, told=told)

    @precondition(lambda self: self.world.host.entries)
    @rule(position=POSITION, told=TOLD)
    def reverse(self, position: int, told: bool) -> None:
        self.world.reverse(position, told=told)

    @precondition(lambda self: self.world.host.entries)
    @rule(position=POSITION)
    def tell(self, position: int) -> None:
        self.world.tell(position)

    @rule(position=POSITION)
    def apply(self, position: int) -> None:
        self.world.apply(position)

    @rule(position=POSITION, reason=st.sampled_from(REASONS), attestation=st.sampled_from(("", "recibo")))
    def delete(self, position: int, reason: RemovalReason | None, attestation: str) -> None:
        self.world.delete(position, reason, attestation)

    @rule(position=POSITION)
    def withdraw(self, position: int) -> None:
        self.world.withdraw(position)

    @rule(position=POSITION, act=st.sampled_from(("stop", "resume", "needs_person", "attest")))
    def person(self, position: int, act: str) -> None:
        getattr(self.world, act)(position)

    @rule(position=POSITION, act=st.sampled_from(("bureau_removes", "bureau_forgets", "hint")))
    def bureau(self, position: int, act: str) -> None:
        getattr(self.world, act)(position)

    @rule(count=st.integers(1, 3), nature=st.sampled_from(sorted(NATURES)))
    def ask(self, count: int, nature: str) -> None:
        self.world.ask(count, nature)

    @precondition(lambda self: self.world.drafts)
    @rule()
    def confirm(self) -> None:
        self.world.confirm()

    @rule()
    def system_asks(self) -> None:
        self.world.system_asks()

    def teardown(self) -> None:
        if hasattr(self, "world"):
            self.world.finish()
