"""Take the pictures of README and docs/ out of a finished night: `make pictures`.

Reads the home of `make run`, which stays as it is: what writes, such as erasing a
person, is done to a copy. Pages are photographed by Chromium.
"""

import csv
import json
import logging
import shutil
import subprocess
import sys
from collections.abc import Iterable
from html import escape
from pathlib import Path
from tempfile import TemporaryDirectory

import duckdb
from matplotlib.figure import Figure
from matplotlib.ticker import PercentFormatter
from PIL import Image, ImageChops

from pipelines.decision import work_list
from pipelines.decision.publish.run import DATABASE, find_current
from pipelines.forget import run as forget
from pipelines.foundation.errors import MissingSourceError, PipelineError
from pipelines.foundation.logs import log_to_screen
from pipelines.foundation.settings import PROJECT_ROOT, Settings, check_environment

logger = logging.getLogger("pipelines.pictures")

IMAGES = PROJECT_ROOT / "docs" / "images"
BROWSERS = ("chromium", "chromium-browser", "google-chrome")
QUIET = (
    *("--headless", "--no-sandbox", "--disable-gpu", "--disable-quic"),
    *("--no-first-run", "--disable-background-networking", "--hide-scrollbars"),
    *("--disable-component-update", "--disable-sync"),
)
PAGE = """<!doctype html><meta charset="utf-8"><style>
body {font: 15px/1.5 system-ui, "DejaVu Sans", sans-serif; color: #1f2937; margin: 0;
  padding: 16px 20px}
pre {font: 13.5px/1.45 "DejaVu Sans Mono", monospace; margin: 0}
b {color: #1f6f8b}
table {border-collapse: collapse} td, th {padding: .3rem .7rem; text-align: left;
  border-bottom: 1px solid #e5e7eb} th {background: #f3f4f6}
</style>"""
CONCENTRATION = """
    select cumulative_customer_share, cumulative_contribution_share
    from profit_concentration
    where as_of_date = (select max(as_of_date) from profit_concentration)
    order by twentieth
"""
SHOWN = {
    "customer_number": "customer",
    "contact_action": "call to",
    "value_at_stake_cny": "at stake (CNY)",
    "churn_probability": "churn",
    "churn_reason": "why to call",
    "product_family": "offer",
    "open_probability": "would open",
}
DESK, ERASED = "B0002", "C0000035"


def main() -> int:
    """Take every picture anew, and return the exit code."""
    log_to_screen()
    try:
        settings = check_environment()
        browser = find_browser()
        published, report = find_published(settings), find_report(settings)
    except PipelineError as error:
        logger.error("%s", error)  # noqa: TRY400 - it says what to do; no trace needed
        return error.exit_code
    with TemporaryDirectory(dir=settings.home) as folder:
        room = Path(folder)
        photograph(browser, report, "report", room, size=(1100, 1085))
        draw_concentration(published / DATABASE, IMAGES / "concentration.png")
        ask = ["crm", "status"]
        page = write_terminal(room, "crm status", call(ask, settings))
        photograph(browser, page, "status", room, size=(1060, 800))
        copy = copy_home(settings, room / "copy")
        page = write_work_list(room, copy)
        photograph(browser, page, "work_list", room, size=(910, 400))
        certificate = json.dumps(forget.run_by_number(copy, ERASED), indent=2)
        asked = f"echo {ERASED} | crm forget --number -"
        page = write_terminal(room, asked, certificate)
        photograph(browser, page, "certificate", room, size=(640, 740))
    return 0


def find_browser() -> str:
    """Find Chromium; MissingSourceError says how to get it."""
    for name in BROWSERS:
        if path := shutil.which(name):
            return path
    msg = (
        "There is no Chromium, so no picture was taken. Install it, for example with "
        "apt-get install chromium."
    )
    raise MissingSourceError(msg)


def find_published(settings: Settings) -> Path:
    """Find the current version; MissingSourceError if there is none."""
    if published := find_current(settings):
        return published
    msg = (
        f"Nothing has been published in {settings.home}, so there is nothing to take "
        "pictures of. Run `make run` first, or point CRM_HOME elsewhere."
    )
    raise MissingSourceError(msg)


def find_report(settings: Settings) -> Path:
    """Find the newest page of the use case churn."""
    pages = (settings.reports / "churn").glob("*.html")
    if newest := max(pages, key=lambda path: path.stat().st_mtime, default=None):
        return newest
    msg = "Churn was not mined yet, so there is no report. Run `make run` first."
    raise MissingSourceError(msg)


def call(command: list[str], settings: Settings) -> str:
    """Run one of our commands on this home, and return what it prints."""
    program = Path(sys.executable).with_name(command[0])
    ran = subprocess.run(  # noqa: S603 - arguments are ours
        [program, *command[1:]],
        env={"CRM_HOME": str(settings.home)},
        capture_output=True,
        text=True,
        check=True,
    )
    return ran.stdout.replace(str(settings.home), "var")


def copy_home(settings: Settings, to: Path) -> Settings:
    """Copy what erasing and listing need, so that the home stays as it is."""
    left_out = shutil.ignore_patterns(to.parent.name, "airflow", "truth", "dbt")
    shutil.copytree(settings.home, to, symlinks=True, ignore=left_out)
    return settings.model_copy(update={"home": to})


def write_terminal(room: Path, typed: str, printed: str) -> Path:
    """Write a page that looks as a command and what it prints."""
    page = room / "terminal.html"
    # How to ask is a line too long for a picture.
    lines = [line for line in printed.splitlines() if not line.startswith("Ask")]
    text = f"<b>$ {escape(typed)}</b>\n{escape(chr(10).join(lines))}"
    page.write_text(f"{PAGE}<pre>{text}</pre>", encoding="utf-8")
    return page


def write_work_list(room: Path, settings: Settings) -> Path:
    """Write a page with a work list as a spreadsheet shows it."""
    listed = room / "july.csv"
    work_list.export(settings, listed, branch=DESK, rows=8, reason="a picture")
    with listed.open(encoding="utf-8-sig") as file:
        rows = [[row[name] for name in SHOWN] for row in csv.DictReader(file)]
    page = room / "list.html"
    body = "".join(_write_row("td", row) for row in rows)
    head = _write_row("th", SHOWN.values())
    page.write_text(f"{PAGE}<table>{head}{body}</table>", encoding="utf-8")
    return page


def _write_row(cell: str, values: Iterable[str]) -> str:
    return (
        f"<tr>{''.join(f'<{cell}>{escape(value)}</{cell}>' for value in values)}</tr>"
    )


def photograph(
    browser: str, page: Path, name: str, room: Path, *, size: tuple[int, int]
) -> None:
    """Take a picture of a page, in 128 colours, without the empty edge below."""
    path = room / f"{name}.png"
    subprocess.run(  # noqa: S603 - the browser was looked for, arguments are ours
        [
            browser,
            *QUIET,
            f"--user-data-dir={room / 'browser'}",
            f"--window-size={size[0]},{size[1]}",
            f"--screenshot={path}",
            page.resolve().as_uri(),
        ],
        capture_output=True,
        check=True,
        timeout=120,
    )
    store(Image.open(path), IMAGES / f"{name}.png")


def store(picture: Image.Image, path: Path) -> None:
    """Write a picture as small as it can be without looking so."""
    picture = picture.convert("RGB")
    background = Image.new("RGB", picture.size, picture.getpixel((0, 0)))
    *_, bottom = ImageChops.difference(picture, background).getbbox()
    edge = (0, 0, picture.width, min(bottom + 16, picture.height))
    picture.crop(edge).quantize(128).save(path, optimize=True)
    logger.info("%s: %d kB", path.name, path.stat().st_size // 1000)


def draw_concentration(database: Path, path: Path) -> None:
    """Draw which share of all profit the most profitable customers bring."""
    with duckdb.connect(database, read_only=True) as connection:
        shares = connection.execute(CONCENTRATION).fetchnumpy()
    figure = Figure(figsize=(8, 3.6), layout="constrained")
    axes = figure.subplots()
    axes.plot(
        [0, *shares["cumulative_customer_share"]],
        [0, *shares["cumulative_contribution_share"]],
        color="#1f6f8b",
        linewidth=2,
    )
    axes.axhline(0.2, color="#d1603d", linestyle="--", linewidth=1)
    axes.text(0.99, 0.22, "the first 20 % of profit", color="#d1603d", ha="right")
    axes.set_xlabel("Share of customers, the most profitable first")
    axes.set_ylabel("Share of all profit")
    for axis in (axes.xaxis, axes.yaxis):
        axis.set_major_formatter(PercentFormatter(1))
    axes.grid(alpha=0.3)
    axes.spines[["top", "right"]].set_visible(False)
    figure.savefig(path, dpi=110)
    store(Image.open(path), path)


if __name__ == "__main__":
    sys.exit(main())
