"""Whether an edited integration reaches the same account, from look-ups of standing records."""

from hypothesis import given
from hypothesis import strategies as st

from credit_protection.domain.account import AccountLookup, Proof, account_of, prove_account
from credit_protection.domain.bureau_answers import LookupResult, RecordFound, RecordNotFound, RecordState
from credit_protection.domain.integrations import Environment
from credit_protection.domain.parameters import ParameterSpec

results: st.SearchStrategy[LookupResult] = st.just(RecordNotFound()) | st.sampled_from(RecordState).map(RecordFound)
lookups = st.builds(AccountLookup, results, st.none() | results)
STANDS = {RecordState.PRESENT, RecordState.INCLUDING, RecordState.REMOVAL_REFUSED}


def stands(result: LookupResult | None) -> bool:
    return isinstance(result, RecordFound) and result.state in STANDS


@given(st.lists(lookups, max_size=5))
def test_account_is_the_same_only_with_a_hit_and_without_a_miss_that_the_old_one_shows(
    made: list[AccountLookup],
) -> None:
    proof = prove_account(made)
    counted_miss = any(not stands(each.new) and stands(each.old) for each in made)
    hit = any(stands(each.new) for each in made)
    assert (proof is Proof.OTHER) is counted_miss
    assert (proof is Proof.SAME) is (hit and not counted_miss)


def test_account_is_what_is_marked_and_the_environment() -> None:
    specs = [
        ParameterSpec("user", "Usuário", identifies_account=True),
        ParameterSpec("url", "Endereço", default="https://x.invalid", identifies_account=True),
        ParameterSpec("password", "Senha", secret=True),
    ]
    given_ = {"user": "a", "password": "x"}
    one = account_of(specs, given_, Environment.PRODUCTION)
    assert one == account_of(specs, given_ | {"password": "y", "url": "https://x.invalid"}, Environment.PRODUCTION)
    assert one != account_of(specs, given_ | {"user": "b"}, Environment.PRODUCTION)
    assert one != account_of(specs, given_, Environment.TEST)
