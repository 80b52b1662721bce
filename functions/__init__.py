"""The endpoints: one file each, named as its one function."""
