"""How much of the budget is left?"""

import time

TO_LEARN = 0.85  # the rest is for judging and drawing
MOST_WALL_CLOCK = 4.0  # times the budget, where others keep the machine busy


class Clock:
    """Counts the work of this process, and lets other programs decide little.

    What is learnt should not depend on what else the machine does. So a budget is so
    many seconds of work on each core, which takes longer on a busy machine. Only past
    ``MOST_WALL_CLOCK`` times the budget does the clock on the wall stop it.

    Parameters
    ----------
    budget : float
        In seconds.
    cores : int
        How many work at once.
    """

    def __init__(self, budget: float, cores: int) -> None:
        self._work_ends = time.process_time() + TO_LEARN * budget * cores
        self._wall_ends = time.monotonic() + TO_LEARN * budget * MOST_WALL_CLOCK

    def is_over(self) -> bool:
        """Whether nothing more should be begun."""
        return (
            time.process_time() > self._work_ends or time.monotonic() > self._wall_ends
        )
