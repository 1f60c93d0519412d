"""Counts orders and adds up what each customer spent."""
