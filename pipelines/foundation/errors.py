"""What can go wrong, in one line each: what happened, so what, what to do."""


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
