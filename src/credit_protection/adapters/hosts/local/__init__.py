"""A host in one local file of HubSoft's shape: a made-up provider to try the package with."""
