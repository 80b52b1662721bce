"""Every kind of Keystone that a site may have, and all that the Concertim UI does there."""
