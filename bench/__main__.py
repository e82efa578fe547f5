"""``python bench``: see ``bench_suite/command.py``."""

from bench_suite.command import main

if __name__ == "__main__":
    main()
