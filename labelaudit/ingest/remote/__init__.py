"""Data that lie at a URL: fetched to this machine, then read as any other."""
