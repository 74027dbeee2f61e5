"""What sqlfluff takes for the macros that come with dbt."""


def type_string():
    """Name the type of texts."""
    return "varchar"
