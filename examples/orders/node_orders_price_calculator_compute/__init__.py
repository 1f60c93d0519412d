"""Adds up the lines of an order and takes the discount off."""
