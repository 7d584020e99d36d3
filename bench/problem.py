"""The one exception that a user is meant to read."""


class Problem(Exception):
    """Bad input, told in one sentence that names the thing and the mend.

    The command line prints the sentence and exits with code 2; nothing already computed is lost.
    """
