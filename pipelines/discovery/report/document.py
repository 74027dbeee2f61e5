"""A page for people: one HTML file that needs no other."""

import base64
from collections.abc import Iterable
from html import escape

import pandas as pd

from pipelines.discovery.report.plots import Drawing

STYLE = """
body {font: 15px/1.5 system-ui, sans-serif; color: #1f2937; max-width: 66rem;
  margin: 2rem auto; padding: 0 1rem}
h1 {font-size: 1.6rem; margin-bottom: 0} h2 {font-size: 1.15rem; margin-top: 2rem}
table {border-collapse: collapse; width: 100%; font-variant-numeric: tabular-nums}
td, th {padding: .25rem .4rem; border-bottom: 1px solid #e5e7eb; text-align: left;
  vertical-align: top; white-space: pre-line} td.number, th.number {text-align: right}
.plots {display: grid; grid-template-columns: 1fr 1fr; gap: 1rem}
img {width: 100%} .warning {background: #fef3c7; padding: .6rem .9rem}
.headline {font-size: 1.15rem} .quiet {color: #6b7280}
.no {color: #b45309} .yes {color: #15803d}
"""


def write_document(title: str, parts: Iterable[str]) -> str:
    """Write a page of parts, each HTML already."""
    return (
        "<!doctype html><html lang='en'><meta charset='utf-8'>"
        f"<title>{escape(title)}</title><style>{STYLE}</style>" + "\n".join(parts)
    )


def write_table(frame: pd.DataFrame, headings: dict[str, str]) -> str:
    """Write the columns that have a heading as a table."""
    numeric = {name for name in headings if pd.api.types.is_numeric_dtype(frame[name])}
    head = "".join(
        f"<th class='{'number' if name in numeric else ''}'>{escape(heading)}</th>"
        for name, heading in headings.items()
    )
    rows = [
        "".join(_write_cell(row[name], is_number=name in numeric) for name in headings)
        for row in frame.to_dict("records")
    ]
    body = "".join(f"<tr>{row}</tr>" for row in rows)
    return f"<table><tr>{head}</tr>{body}</table>"


def _write_cell(value: object, *, is_number: bool) -> str:
    if not is_number:
        return f"<td>{escape(str(value))}</td>"
    if pd.isna(value):
        return "<td class='number'>–</td>"
    text = f"{value:,}" if isinstance(value, int) else f"{value:.3f}"
    return f"<td class='number'>{text}</td>"


def embed(name: str, figure: Drawing) -> str:
    """Write a figure into the page itself."""
    data = base64.b64encode(figure.png).decode()
    return f"<img alt='{escape(name)}' src='data:image/png;base64,{data}'>"
