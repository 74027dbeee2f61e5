"""Which business date a night is of: of the calendar, or of a bank that has ended."""

import json
import os
from datetime import UTC, date, datetime, timedelta

from pipelines.foundation.modes import make_folder
from pipelines.foundation.settings import Settings

CALENDAR_FILE = "calendar.json"


def find_business_date(settings: Settings) -> date:
    """Find the last day of business that a night should have heard of.

    Returns
    -------
    date
        ``CRM_BUSINESS_DATE`` if it is set; the last day of a bank that was simulated or
        imported, for its calendar ends in the past; else yesterday, in UTC.
    """
    if settings.business_date:
        return settings.business_date
    path = settings.home / CALENDAR_FILE
    if path.exists():
        calendar = json.loads(path.read_text(encoding="utf-8"))
        return date.fromisoformat(calendar["last_business_date"])
    return datetime.now(UTC).date() - timedelta(days=1)


def write_calendar(settings: Settings, last_business_date: date) -> None:
    """Note when the calendar of a simulated or imported bank ends."""
    make_folder(settings.home)
    path = settings.home / CALENDAR_FILE
    partial = path.with_suffix(".partial")
    content = {"last_business_date": last_business_date.isoformat()}
    partial.write_text(json.dumps(content), encoding="utf-8")
    os.replace(partial, path)
