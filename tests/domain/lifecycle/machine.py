"""The state machine: Hypothesis chooses what happens in the world, and in which order."""

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, precondition, rule

from credit_protection.domain.reasons import RemovalReason
from credit_protection.domain.settlements import SettlementKind
from tests.domain.lifecycle.bureau import Delay, Plan
from tests.domain.lifecycle.profiles import PROFILES, Profile
from tests.domain.lifecycle.walks import AMOUNTS, DAYS_TO_MONEY, DELAYS, KINDS, PLANS, REASONS
from tests.domain.lifecycle.world import NATURES, World

POSITION = st.integers(0, 3)
TOLD = st.sampled_from((True, True, False))
LOST = st.sampled_from((False, False, False, True))


class Lifecycle(RuleBasedStateMachine):
    """Every step is checked by the world itself; at the end it lets time pass and looks at the promise."""

    profiles: tuple[Profile, ...] = PROFILES
    world: World
    one_record: bool

    @initialize(
        which=st.integers(0, len(PROFILES) - 1), is_company=st.booleans(), count=st.sampled_from((1, 1, 1, 2, 3))
    )
    def begin(self, which: int, is_company: bool, count: int) -> None:
        self.world = World(self.profiles[which % len(self.profiles)], customer_is_company=is_company)
        self.one_record = count == 1
        self.world.ask(count, "OUT")
        self.world.confirm()

    @precondition(lambda self: self.world.anything_due)
    @rule(position=POSITION, plan=st.sampled_from(PLANS), delay=st.sampled_from(DELAYS), lost=LOST)
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
    def wait_for_what_comes_next(self) -> None:
        self.world.pass_time(-1)

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

    @precondition(lambda self: not self.one_record)
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


class LookedUp(Lifecycle):
    """Gateways that can be asked what the bureau holds."""

    profiles = tuple(profile for profile in PROFILES if profile.gateway.find)


class NotLookedUp(Lifecycle):
    """Gateways that can't be asked: what they answer, or tell by themselves, is all there is."""

    profiles = tuple(profile for profile in PROFILES if not profile.gateway.find)
