"""What can go wrong, in one line each: what happened, so what, what to do."""

# What a command ends with: `crm --help` and the manual have it from here.
EXIT_CODES = {
    0: "ok",
    1: "unexpected: a bug, please report it",
    2: "invalid command or setting",
    3: "data quality or verification failed",
    4: "another run is at work",
    5: "disk or memory ran out",
    6: "a source, table or publication is not there yet",
    7: "an estimator was refused, or is not the one on record",
}


class PipelineError(Exception):
    """Something a user can act on. The command line prints it without a traceback."""

    exit_code = 1


class UsageError(PipelineError):
    """The command can't mean what was typed."""

    exit_code = 2


class DataQualityError(PipelineError):
    """Data does not hold what it promised, or a verification failed."""

    exit_code = 3


class LockedError(PipelineError):
    """Another run is at work."""

    exit_code = 4


class ResourceError(PipelineError):
    """Disk or memory ran out."""

    exit_code = 5


class MissingSourceError(PipelineError):
    """A source is late, or not all of it has come."""

    exit_code = 6


class GateRefusedError(PipelineError):
    """A challenger was not good enough, or an artifact not trustworthy."""

    exit_code = 7


class RegistryLostError(GateRefusedError):
    """There was a champion, and MLflow's registry does not know of any."""
