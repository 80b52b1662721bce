"""What requests may hold: a model for each request, made of the values in fields.py."""
