"""Two verbs over a dataset: fold (small, order-free results) and each (columns, a part a shard)."""
