"""``python chaos``: see ``chaos_suite/command.py``."""

import sys

from chaos_suite.command import main

if __name__ == "__main__":
    sys.exit(main())
