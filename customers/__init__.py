"""Who calls: records, numbers, matching, the view of one customer."""
