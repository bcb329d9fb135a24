"""Calls of libraries that rules know, SQL, and what is done to data."""
