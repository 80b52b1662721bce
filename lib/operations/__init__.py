"""What operators ask: to see the mapping between Concertim and the cloud, to check the cloud, and to repair."""
