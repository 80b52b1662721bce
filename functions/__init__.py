"""The endpoints. Each file has one, and the name of its one function."""
