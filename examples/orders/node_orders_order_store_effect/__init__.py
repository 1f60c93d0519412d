"""Keeps orders in a SQLite database."""
