"""Every fault at every call, every overlap, every death: the sign-up must end as if nothing had happened."""
