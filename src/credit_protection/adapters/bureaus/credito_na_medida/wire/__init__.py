"""The declared contract: every path and field. Only `requests` and `answers` change once the real contract is known."""
