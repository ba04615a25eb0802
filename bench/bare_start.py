"""The floor for a start: the large libraries that ours loads too, and an app with one route."""
# ruff: noqa: F401  (loading them is the point)

import sys

import aiosmtplib
import httpx
import jinja2
import jwt
import sqlalchemy.ext.asyncio
import sqlmodel
import structlog
import uvicorn
import xmltodict
from fastapi import FastAPI

app = FastAPI()


@app.get("/readyz")
async def ready() -> dict[str, str]:
    return {}


if __name__ == "__main__":
    uvicorn.run(app, port=int(sys.argv[1]), access_log=False, log_level="warning")
