"""Limits of jobs, and what hosts and groups can take."""
