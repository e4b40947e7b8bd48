"""What the rules need from outside, as small Protocols. No third-party type in a signature."""
