"""What a person reads of a job: where its time went, once it has ended."""

from datetime import timedelta

from google.protobuf.duration_pb2 import Duration

from kartenwart.api.job.v1 import job_pb2
from kartenwart.cli.following import job_lines


def lasting(seconds: float) -> Duration:
    span = Duration()
    span.FromTimedelta(timedelta(seconds=seconds))
    return span


def spent(*, person: float | None, ended: bool = True) -> str | None:
    job = job_pb2.Job(name="jobs/j-1", state=job_pb2.JOB_STATE_SUCCEEDED)
    job.times.queue.CopyFrom(lasting(1.25))
    job.times.konnektor.CopyFrom(lasting(20))
    job.times.checks.CopyFrom(lasting(0.04))
    if person is not None:
        job.times.person.CopyFrom(lasting(person))
    if ended:
        job.end_time.GetCurrentTime()
    return dict(job_lines(job)).get("Dauer")


def test_an_ended_job_says_where_its_time_went() -> None:
    assert spent(person=8.5) == (
        "Warteschlange 1,2 s · Konnektor und Karte 20,0 s · Mensch am Terminal 8,5 s · Prüfungen der Box 0,0 s"
    )


def test_where_nobody_told_of_the_person_it_says_so() -> None:
    told = spent(person=None)
    assert told is not None
    assert "Mensch" not in told
    assert told.endswith("(mit der PIN-Eingabe, falls es eine gab)")


def test_a_job_under_way_says_nothing_of_it() -> None:
    assert spent(person=1, ended=False) is None
