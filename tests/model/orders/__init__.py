"""Two other orders of a sign-up as models: project first, or user first. Both have a lease and no seventh call."""
