"""Explore: what columns look like, say of the label, leak, and how they drift."""
