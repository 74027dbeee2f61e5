"""How help is written: by layer, with an example, and plain where it is piped."""

import sys
from typing import TYPE_CHECKING

from typer.core import TyperGroup

if TYPE_CHECKING:
    from click import Context, HelpFormatter

# Boxes and colours are for a terminal.
MARKUP = "rich" if sys.stdout.isatty() and sys.stderr.isatty() else None


def example(*calls: str) -> str:
    r"""Write calls of `crm` as the end of a command's help.

    Examples
    --------
    >>> example("status", "status --json")
    'Example: crm status\n\nExample: crm status --json'
    """
    return "\n\n".join(f"Example: crm {call}" for call in calls)


class ByLayer(TyperGroup):
    """Lists commands below the heading of their layer in plain text, too."""

    def format_commands(self, ctx: "Context", formatter: "HelpFormatter") -> None:
        """Write one section for each layer, in the order of the flow."""
        layers: dict[str, list[tuple[str, str]]] = {}
        for name in self.list_commands(ctx):
            command = self.get_command(ctx, name)
            if not command.hidden:
                layer = command.rich_help_panel or "Commands"
                text = command.get_short_help_str(formatter.width)
                layers.setdefault(layer, []).append((name, text))
        for layer, rows in layers.items():
            with formatter.section(layer):
                formatter.write_dl(rows)
