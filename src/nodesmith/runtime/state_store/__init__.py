"""The state of a reducer, key by key, each with the positions of the events that made it."""
