"""`make image`: builds the container image, and proves what the documents promise of it."""
