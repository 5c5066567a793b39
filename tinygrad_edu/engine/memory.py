"""Memory, tuned for graphs: what a step frees stays for the next one, and cycles are looked for where there are any."""

import gc
from typing import Any

import numpy as np

LARGEST_KEPT = 2**25 - 2**16
"""Bytes of the largest block that is kept: a little below the 32 MiB beyond which the C library keeps none."""

LARGEST_GENERATION = 2**14
"""Objects made between two looks at the youngest of them, at most."""

PYTHONS_OWN = {(700, 10, 10), (2000, 10, 10), (2000, 10, 0)}
"""The thresholds that no user has set: those of Python 3.11 and 3.12, 3.13, 3.14."""

_usual = _chosen = gc.get_threshold()


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


def look_for_cycles_where_there_are_any() -> None:
    """Let Python's garbage collector look less often while it finds nothing, and as often as ever once it does.

    It looks for objects that hold each other, whenever some hundred more have been made than freed. A graph has none
    of these, and is freed without it; but one of ten thousand numbers is looked through twice while it is made, in
    vain, which takes a fifth of the time of a training step. So each look in vain doubles the number of objects to
    the next, up to `LARGEST_GENERATION`; the first objects that hold each other wait so much longer to be freed.
    `gc.set_threshold`, with any numbers but the present ones, and `gc.disable` are obeyed.
    """
    if _usual in PYTHONS_OWN and _adapt not in gc.callbacks:
        gc.callbacks.append(_adapt)


def _adapt(phase: str, info: dict[str, Any]) -> None:
    global _chosen
    if phase != "stop" or gc.get_threshold() != _chosen:  # or somebody else knows better
        return
    found = info["collected"] or info["uncollectable"]
    _chosen = (_usual[0] if found else min(2 * _chosen[0], LARGEST_GENERATION), *_usual[1:])
    gc.set_threshold(*_chosen)
