"""From Python text to an outline of the file (`ast`) and close readings of single functions (libcst)."""
