"""A reducer's state made again from its topics: compared with the running one, or put in its place."""
