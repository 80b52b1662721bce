"""Tests that every available host answers the same requests as a direct call answers them."""
