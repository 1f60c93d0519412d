"""What the registry knows, over HTTP: an API with its own description, a stream of changes, and the page."""
