"""``python fuzz``: see ``fuzz_suite/command.py``."""

import sys

from fuzz_suite.command import main

if __name__ == "__main__":
    sys.exit(main())
