"""How long the answer of a call that starts a job may wait for the job's end."""

from google.protobuf.duration_pb2 import Duration

from kartenwart.domain.jobs import Job
from kartenwart.edge.call import Call
from kartenwart.edge.convert.basics import seconds
from kartenwart.operations.jobs import Jobs


async def settled(jobs: Jobs, job: Job, call: Call, wait: Duration) -> Job:
    """Return the job, after its end or `wait` where the caller asked for that."""
    if job.state.ended or not seconds(wait):
        return job
    return await jobs.wait(call.principal.caller, job.name, seconds(wait))
