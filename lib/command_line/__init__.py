"""`python handler.py`: serves the functions, or calls one of them, or looks at the settings."""
