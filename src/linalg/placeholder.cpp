namespace tallfit::linalg {}
