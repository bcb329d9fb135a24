"""What changes the code, the environment or the queue of a host, and in which order."""
