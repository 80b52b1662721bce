"""The same requests on every host that can be had, each answered as a direct call answers."""
