"""Checked networks and findings → text, JSON and what editors and CI read."""
