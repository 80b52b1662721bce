"""How the functions are served: routes, bodies, callers, waitress, and the wrappers for other hosts."""
