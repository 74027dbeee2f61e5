"""What a card is made of."""


def tabulate(header: list[str], rows: list[list]) -> str:
    """Write a table in Markdown."""
    lines = [header, ["---"] * len(header), *rows]
    # A person's words may hold what Markdown reads as the end of a cell.
    return "\n".join(
        "| "
        + " | ".join(" ".join(str(cell).split()).replace("|", "\\|") for cell in line)
        + " |"
        for line in lines
    )
