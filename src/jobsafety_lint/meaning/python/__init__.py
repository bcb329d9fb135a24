"""What Python code means."""
