"""In whose name an operator's request goes out."""

import getpass
import os


def this_user() -> str:
    """The user this process runs as: by name, or by number where the system has no name for it, as in a container."""
    try:
        return getpass.getuser()
    except (KeyError, OSError):  # OSError from Python 3.13 on
        return f"uid {os.getuid()}"
