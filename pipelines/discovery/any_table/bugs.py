"""What fails unforeseen on foreign rows is named by its place, not by its message."""

import traceback
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from pipelines.foundation.errors import PipelineError

OURS = [Path(__file__).parents[3] / folder for folder in ("pipelines", "models")]


@contextmanager
def hold_back_values(action: str = "Mining") -> Iterator[None]:
    """Say in one line where it failed unforeseen: the message may quote a row."""
    try:
        yield
    except (PipelineError, OSError):
        raise
    except Exception as error:  # noqa: BLE001 - it is raised again, without its message
        *_, place = [
            frame
            for frame in traceback.extract_tb(error.__traceback__)
            if any(map(Path(frame.filename).is_relative_to, OURS))
        ]
        msg = (
            f"{action} failed with {type(error).__name__} at "
            f"{Path(place.filename).name}:{place.lineno}, so it has no result. This is "
            "a bug: please report this line. No more is shown, since it may quote a "
            "row."
        )
        raise PipelineError(msg) from None
