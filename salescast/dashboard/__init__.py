"""The web dashboard: sales from Athena's named queries, pipeline health from `salescast.integrity.health`."""
