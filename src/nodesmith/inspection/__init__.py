"""Look into topics: records as they are, dead letters and their replay. For the command line and the registry alike."""
