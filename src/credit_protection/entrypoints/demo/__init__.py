"""`credit-protection demo`: one scenario over real HTTP. `scenario` shows how a host uses the package."""
