"""A quarter of a plan settled from the feed, partition by partition."""
