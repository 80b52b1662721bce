"""The service as a function of Google's functions-framework."""

from handler import application
from lib.serving.adapters import google_function

function = google_function(application)
