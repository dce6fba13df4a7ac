"""The shadow process: copies of live requests are sent to candidates, and their replies compared with the live ones."""
