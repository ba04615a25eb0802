"""Routes, a module for each concern."""

from fastapi import APIRouter

router = APIRouter()
