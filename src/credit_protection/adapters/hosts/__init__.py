"""Host ERPs: where customers, subscriptions and invoices are read."""
