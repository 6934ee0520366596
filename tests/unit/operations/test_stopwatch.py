"""Where a job's time goes."""

from kartenwart.domain.jobs import JobStep, JobTimes
from kartenwart.operations.stopwatch import Part, Stopwatch
from tests.unit.operations.memory import SetClock


def test_parts_add_up_over_rounds_and_the_person_is_taken_out_of_the_wire() -> None:
    clock = SetClock()
    watch = Stopwatch(clock.monotonic)
    assert watch.times == JobTimes()
    for _ in range(2):
        with watch.measuring(Part.QUEUE):
            clock.move(seconds=1.0)
        with watch.measuring(Part.CHECKS):
            clock.move(seconds=0.25)
        with watch.measuring(Part.WIRE):
            watch.saw(JobStep.PIN_ENTRY, expected=True)
            clock.move(seconds=0.5)
            watch.saw(JobStep.PIN_ENTRY, expected=False)
            clock.move(seconds=10.0)
            watch.saw(JobStep.PIN_ENTRY_FINISHED, expected=False)
            clock.move(seconds=2.0)
    assert watch.times == JobTimes(queue=2000, konnektor=5000, person=20000, checks=500)


def test_an_entry_whose_end_no_event_told_ends_with_the_answer() -> None:
    clock = SetClock()
    watch = Stopwatch(clock.monotonic)
    with watch.measuring(Part.WIRE):
        clock.move(seconds=1.0)
        watch.saw(JobStep.PIN_ENTRY, expected=False)
        clock.move(seconds=3.0)
    clock.move(seconds=60.0)
    assert watch.times == JobTimes(konnektor=1000, person=3000)


def test_without_events_nobody_knows_the_persons_part() -> None:
    clock = SetClock()
    watch = Stopwatch(clock.monotonic)
    with watch.measuring(Part.WIRE):
        watch.saw(JobStep.PIN_ENTRY, expected=True)
        clock.move(seconds=3.0)
    assert watch.times == JobTimes(konnektor=3000, person=None)
