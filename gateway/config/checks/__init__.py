"""What must hold between the keys of a configuration, once each is right by itself."""
