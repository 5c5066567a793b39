"""Freed memory stays with the process, so that the graph of the next step finds it again."""

import numpy as np

LARGEST_KEPT = 2**25 - 2**16
"""Bytes of the largest block that is kept: a little below the 32 MiB beyond which the C library keeps none."""


def keep_freed_memory() -> None:
    """Teach the C library's allocator to keep what a training step frees.

    A step frees its whole graph at its end, and the next one needs as much again. In a new process the GNU C
    library gives such memory back to the system every time and takes it again, page by page: a step may spend
    half its time so. But it learns: from the first large block that is freed, it keeps blocks up to that size,
    and twice as much in all. This frees one. It was never touched, so it never took any memory; other C libraries
    do not mind.

    Source: `M_MMAP_THRESHOLD` in mallopt(3), https://man7.org/linux/man-pages/man3/mallopt.3.html.
    """
    try:
        np.empty(LARGEST_KEPT, np.uint8)
    except MemoryError:  # where even the address is not to be had, there is nothing to keep
        pass
