"""What the endpoints are made of: models, errors, settings, Keystone and the way in."""
