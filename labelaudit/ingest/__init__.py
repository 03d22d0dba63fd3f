"""Folder to dataset: which file plays which part, read, joined and checked."""
