"""The service: an open index behind HTTP, with its page. Alone in importing fastapi, starlette and uvicorn.

`app.py` puts it together, `run.py` runs it; `service.py` is what all routes share. docs/serve.md tells how to use it.
"""
