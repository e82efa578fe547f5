"""What is learnt from repairs and owners: how precise rules and causes are, how satisfied owners are."""
