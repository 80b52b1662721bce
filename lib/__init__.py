"""What the endpoints are made of. Each folder may import from those below it: see docs/architecture.md."""

VERSION = "0.1.0"
