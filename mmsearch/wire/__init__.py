"""The JSON shapes that the command line, HTTP and MCP share; plain dictionaries."""
