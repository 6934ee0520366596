"""What the journal of signatures keeps in the audit can be read back, also from records of before it."""

from hypothesis import given
from hypothesis import strategies as st

from kartenwart.domain.comfort import PersonAct
from kartenwart.domain.signature_journal import SignatureFacts, TriggerMode, facts_of, job_of

WORDS = st.text("abcdefghijklmnopqrstuvwxyz0123456789/+.-", max_size=30)
FACTS = st.builds(
    SignatureFacts,
    mode=st.sampled_from([None, *TriggerMode]),
    user=WORDS,
    act=st.sampled_from([None, *PersonAct]),
    kind=WORDS,
    format=st.sampled_from(["", "PADES", "CADES_DETACHED"]),
    documents=st.integers(1, 250),
    signed=st.integers(0, 250),
    sha256=st.sampled_from(["", "ab" * 32]),
)


@given(FACTS)
def test_there_and_back(facts: SignatureFacts) -> None:
    assert facts_of(f"SIGN_DOCUMENTS jobs/j-1 {facts.words}") == facts


@given(st.text(max_size=200))
def test_any_detail_is_read(detail: str) -> None:
    assert isinstance(facts_of(detail), SignatureFacts)


def test_records_of_before_tell_the_hash() -> None:
    assert facts_of("SIGN_DOCUMENTS jobs/j-1 sha256:aa") == SignatureFacts(sha256="aa")
    assert facts_of("SIGN_DOCUMENTS jobs/j-1 documents:3 sha256:aa") == SignatureFacts(sha256="aa", documents=3)
    assert job_of("SIGN_DOCUMENTS jobs/j-1 restart") == "jobs/j-1"
    assert job_of("VERIFY_PIN jobs/j-1 PIN.CH") == ""
