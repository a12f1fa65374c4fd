"""The demonstration district, made by the services."""
