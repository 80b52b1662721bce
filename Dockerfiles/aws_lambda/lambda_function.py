"""The service as a function of AWS Lambda."""

from handler import application
from lib.serving.adapters import aws_lambda

lambda_handler = aws_lambda(application)
