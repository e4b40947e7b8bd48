"""`credit-protection demo`: the whole story over real HTTP. Read `story` to see how a host uses the package."""
