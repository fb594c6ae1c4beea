"""The one exception that users see."""


class SalescastError(Exception):
    """What went wrong and what to do about it, in one line. The command prints it and ends with status 1."""
