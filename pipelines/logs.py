"""One line per step, to stderr and to a file. Counts, never rows."""

import logging
import sys

from pipelines.settings import Settings

FORMAT = "%(asctime)s %(levelname)-7s %(message)s"


def configure_logging(settings: Settings) -> None:
    """Send our lines to stderr and ``logs/crm.log``, others' from WARNING."""
    settings.logs.mkdir(parents=True, exist_ok=True, mode=0o750)
    file = logging.FileHandler(settings.logs / "crm.log", encoding="utf-8")
    screen = logging.StreamHandler(sys.stderr)
    for handler in (file, screen):
        handler.setFormatter(logging.Formatter(FORMAT, datefmt="%H:%M:%S"))
    file.setFormatter(logging.Formatter(FORMAT))
    logging.basicConfig(level=logging.WARNING, handlers=[file, screen], force=True)
    for name in ("pipelines", "models", "expectations"):
        logging.getLogger(name).setLevel(logging.INFO)
