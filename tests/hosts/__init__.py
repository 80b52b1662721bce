"""The same requests on every host: each is answered as a direct call answers."""
