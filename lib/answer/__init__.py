"""What answers hold: a model for the body of each answer."""
