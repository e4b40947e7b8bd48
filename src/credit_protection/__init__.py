"""Credit protection for ERPs: credit queries, negativation, and removal by itself when the debt is paid."""
