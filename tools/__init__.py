"""Programs for developers that are neither the service nor its tests: the demonstration, the image, the benchmark."""
