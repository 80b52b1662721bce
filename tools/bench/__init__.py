"""`make bench`: what a sign-up takes, measured against the least that Keystone allows and against the plain way."""
