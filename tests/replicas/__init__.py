"""Sign-ups at several processes of the service behind a real haproxy, while some of them fail."""
