"""A sign-up is broken at every call, overlapped and killed: it must end as if nothing had happened."""
