"""What the software says about itself."""
