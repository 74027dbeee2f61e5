"""The documents that people read, and what they name."""

import re

from pipelines.foundation.settings import PROJECT_ROOT

# A changelog tells of what was; the glossary has its own test.
NAMES = ["README.md", "CONTRIBUTING.md", "dags/README.md"]
NAMES += sorted(f"docs/{path.name}" for path in (PROJECT_ROOT / "docs").glob("*.md"))
# Made by running, or told as a form.
MADE = re.compile(
    r"(published|parquet|var|landing|site|berka|cdnow|uci_bank_marketing)/|.*\.(duckdb|key)|july\.csv|manifest\.json"
)
BLOCK = re.compile(r"^```.*?^```", flags=re.DOTALL | re.MULTILINE)
CODE = re.compile(r"`([^`]+)`")
PATH = re.compile(r"[\w./<>-]+(?:/|\.(?:csv|duckdb|html|json|key|md|py|sql|toml|yml))")
LINK = re.compile(r"""(?:\]\(|href=")([^)"\s]+)""")


def read(name: str) -> str:
    """Read a document by its path in the project."""
    return (PROJECT_ROOT / name).read_text(encoding="utf-8")


def find_paths(text: str) -> list[str]:
    """List what is written as a path in code, but not in a block of commands."""
    found = CODE.findall(BLOCK.sub("", text))
    return sorted({code for code in found if PATH.fullmatch(code)})


def find_links(text: str) -> list[str]:
    """List what links of a document lead to, without addresses of other machines."""
    found = LINK.findall(BLOCK.sub("", text))
    return sorted({link for link in found if "://" not in link})


def is_there(path: str) -> bool:
    """Whether a path, or part of one, is that of a file or folder of the project."""
    pattern = re.sub(r"<\w+>", "*", path)
    return bool(
        MADE.match(path)
        or list(PROJECT_ROOT.glob(pattern))
        or list(PROJECT_ROOT.glob(f"[!.]*/**/{pattern}"))
    )


def leads_somewhere(name: str, link: str) -> bool:
    """Whether a link of a document leads to a file, a folder, or a heading of it."""
    target, _, anchor = link.partition("#")
    path = (PROJECT_ROOT / name).parent / target if target else PROJECT_ROOT / name
    if not anchor or path.suffix != ".md":
        return path.exists()
    headings = re.findall(r"^#+ (.+)$", path.read_text(encoding="utf-8"), re.MULTILINE)
    return anchor in {
        re.sub(r"[^\w -]", "", heading.lower()).replace(" ", "-")
        for heading in headings
    }
