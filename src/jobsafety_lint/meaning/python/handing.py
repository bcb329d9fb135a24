"""How Python code hands a function to workers, or to something that calls it later: names only, cheap to import."""

from __future__ import annotations

MAPPING = frozenset({"map", "imap", "imap_unordered", "map_async", "starmap", "starmap_async"})
"""Methods of a pool that call a function once for every element."""
POOL_METHODS = MAPPING | {
    "submit",
    "apply",
    "apply_async",
    "run_in_executor",
    "to_thread",
    "spawn",
    "delay",
    "enqueue",
}
STARTERS = frozenset({"Process", "Thread"})
"""What takes the function as `target`."""
WRAPPERS = frozenset({"partial", "delayed", "remote"})
"""What makes a function that is called later, `delayed(f)(x)`."""
