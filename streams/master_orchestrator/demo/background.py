"""A thread whose errors are not lost."""

import threading
from collections.abc import Callable


class Background:
    """Runs ``work`` in a thread until it returns; ``ask_to_stop`` makes it return early."""

    def __init__(self, name: str, work: Callable[[], object], ask_to_stop: Callable[[], None]) -> None:
        self._work = work
        self._ask_to_stop = ask_to_stop
        self._error: Exception | None = None
        self._thread = threading.Thread(target=self._run, name=name, daemon=True)
        self._thread.start()

    def _run(self) -> None:
        try:
            self._work()
        except Exception as error:  # noqa: BLE001 - raised again by `done`, in the thread that asks
            self._error = error

    def done(self) -> bool:
        """Whether the work has ended. Raises what it raised."""
        if self._error is not None:
            raise self._error
        return not self._thread.is_alive()

    def close(self) -> None:
        """Ask it to stop, and wait until it has."""
        self._ask_to_stop()
        self._thread.join()
