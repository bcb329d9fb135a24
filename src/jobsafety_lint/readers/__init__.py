"""From text to trees: Python, shell, and the files that hold shell."""
