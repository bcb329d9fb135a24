"""What pueue is told, what becomes of it, and how scripts go about it."""
